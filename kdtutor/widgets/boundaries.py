"""What is touched in the lesson on activation boundaries: one neuron's line, the hinge, and all neurons on film."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider, SelectionSlider
from jaxtyping import Float
from matplotlib.collections import LineCollection
from torch import Tensor

from ..data import Split
from ..errors import ShapeError, require
from ..figures.boundaries import (
    COLUMNS,
    EXTENT,
    MARGIN_OF_SHADE,
    ROWS,
    bundles,
    grid,
    other_side,
    pale,
    plane,
)
from ..figures.charts import Array, array
from ..figures.style import BLACK, BLUE, GREEN, VERMILION
from ..papers.boundaries import boundary_loss
from .explorer import Explorer
from .film import Film
from .live import LiveFigure

TOP = 4.0  # the largest loss that a bar can show
ACTIVE, SILENT = "active", "silent"


def neuron(degrees: float, offset: float, steepness: float, points: Float[Tensor, "N 2"]) -> Float[Tensor, " N"]:
    """The pre-activation of a neuron whose line stands `offset` from the origin, perpendicular to a direction."""
    angle = torch.tensor(degrees).deg2rad()
    return steepness * (points @ torch.stack([angle.cos(), angle.sin()]) - offset)


class LineExplorer(Explorer):
    """One neuron of the teacher and one of the student: two lines in the plane, and what three measures say of them."""

    TEACHER = (90.0, 0.0, 1.0)  # degrees, offset, steepness

    def __init__(self, points: Split, degrees: int = 40, offset: float = 0.4) -> None:
        self.points = points.images.float()
        live = LiveFigure(
            alt="Points in the plane, the line of the teacher's neuron and that of the student's; the region between "
            "them is shaded. Beside it three bars: the share of points on the other side, the boundary loss and the "
            "magnitude loss.",
            size=(8.6, 3.5),
            width_ratios=(1.25, 1),
        )
        left, right = live.axes
        x, y = (torch.tensor(axis, dtype=torch.float32) for axis in grid())
        self._grid = torch.cartesian_prod(y, x).flip(1)
        self._teacher = neuron(*self.TEACHER, self.points)
        plane(left)
        look: dict[str, Any] = {"extent": EXTENT, "origin": "lower", "zorder": 0, "interpolation": "nearest"}
        self._shade = left.imshow(np.zeros((ROWS, COLUMNS)), cmap="Oranges", vmin=0, vmax=2.5, **look)
        dots = array(self.points)
        (right_side,) = left.plot(dots[:, 0], dots[:, 1], "o", color="0.6", markersize=3, zorder=1)
        (self._wrong,) = left.plot([], [], "x", color=VERMILION, markersize=6, zorder=2)
        (road,) = left.plot(*_line(*self.TEACHER[:2]), color=BLACK, linestyle="-.", linewidth=2, zorder=3)
        (self._student,) = left.plot([], [], color=BLUE, linewidth=2.5, zorder=4)
        (self._tick,) = left.plot([], [], color=BLUE, linewidth=2, marker="^", markevery=[1], zorder=4)
        paper: dict[str, Any] = {"facecolor": "w", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
        mark = left.text(-1.93, -1.42, "teacher: active above", fontsize=10, zorder=5, bbox=paper)
        names = ("points on the\nother side", "boundary\nloss", "magnitude\nloss")
        self._bars = right.bar(names, [0, 0, 0], color=[VERMILION, BLUE, GREEN], width=0.6)
        right.set(ylim=(0, TOP * 1.15))
        right.set_yticks([])
        right.grid(False)
        self._numbers = [right.text(i, 0, "", ha="center", va="bottom", fontsize=12) for i in range(3)]
        live.live(
            self._shade, right_side, self._wrong, road, self._student, self._tick, mark, self._bars, self._numbers
        )
        super().__init__(
            {
                "degrees": IntSlider(degrees, min=-90, max=270, step=5, description="direction, °"),
                "offset": FloatSlider(offset, min=-1, max=1, step=0.05, description="offset"),
                "steepness": SelectionSlider(
                    options=[0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0], value=1.0, description="steepness"
                ),
            },
            figure=live,
        )

    def draw(self, degrees: int, offset: float, steepness: float) -> str:
        """Means over the points, for a margin of 1."""
        z_s = neuron(degrees, offset, steepness, self.points)
        wrong = (z_s > 0) ^ (self._teacher > 0)
        share, boundary = wrong.float().mean().item(), boundary_loss(_map(z_s), _map(self._teacher)).item()
        magnitude = (z_s.relu() - self._teacher.relu()).square().mean().item()
        between = (neuron(degrees, offset, 1.0, self._grid) > 0) ^ (neuron(*self.TEACHER, self._grid) > 0)
        self._shade.set_data(array(between.float().view(ROWS, COLUMNS)))
        self._wrong.set_data(*array(self.points[wrong]).T)
        x, y = _line(degrees, offset)
        self._student.set_data(x, y)
        angle = np.deg2rad(degrees)
        foot = offset * np.cos(angle), offset * np.sin(angle)
        self._tick.set_data([foot[0], foot[0] + 0.3 * np.cos(angle)], [foot[1], foot[1] + 0.3 * np.sin(angle)])
        shown = (TOP * share, boundary, magnitude)
        for bar, number, height, text in zip(
            self._bars, self._numbers, shown, (f"{share:.0%}", f"{boundary:.2f}", f"{magnitude:.2f}"), strict=True
        ):
            bar.set_height(min(height, TOP))
            number.set_y(min(height, TOP))
            number.set_text(text)
        return (
            f"{int(wrong.sum())} of {len(wrong)} points are on the other side. Boundary loss <b>{boundary:.2f}</b>, "
            f"magnitude loss <b>{magnitude:.2f}</b>, means over all points."
        )


class HingeExplorer(Explorer):
    """The step loss, the hinge that stands in for it, and the gradient of both, for one neuron at one position."""

    def __init__(self, margin: float = 1.0, z: float = -0.5) -> None:
        live = LiveFigure(
            alt="Left the step loss and the squared hinge over the student's pre-activation, right their gradients; "
            "a dot marks the student.",
            size=(8.6, 3.2),
            columns=2,
        )
        self._z = np.linspace(-3, 3, 241)
        loss, slope = live.axes
        artists: list[Any] = []
        for ax, limits, title in (
            (loss, (-0.3, 6), "loss: step broken, hinge solid"),
            (slope, (-6, 6), "gradient of both"),
        ):
            ax.set(xlim=(-3, 3), ylim=limits, xlabel="student's pre-activation", title=title)
            ax.title.set_fontsize(11)
            ax.axvline(0, color="0.5", linewidth=1)
            (step,) = ax.plot([], [], color="0.35", linestyle="--", linewidth=2)
            (hinge,) = ax.plot([], [], color=BLUE, linewidth=2.5)
            (dot,) = ax.plot([], [], "o", color=VERMILION, markersize=10)
            band = ax.axvspan(0, 1, color=GREEN, alpha=0.15, zorder=0.5)
            artists.append((step, hinge, dot, band))
        self._loss, self._slope = artists
        live.live(*artists)
        super().__init__(
            {
                "margin": FloatSlider(margin, min=0.1, max=2.5, step=0.1, description="margin μ"),
                "z": FloatSlider(z, min=-3, max=3, step=0.1, description="student's z"),
                "side": Dropdown(options=[ACTIVE, SILENT], value=ACTIVE, description="the teacher is"),
            },
            figure=live,
        )

    def draw(self, margin: float, z: float, side: str) -> str:
        """max(0, μ - z)² where the teacher is active, max(0, μ + z)² where it is silent."""
        sign = 1.0 if side == ACTIVE else -1.0

        def hinge(at: Any) -> Any:
            return np.maximum(0, margin - sign * at) ** 2

        def gradient(at: Any) -> Any:
            return -2 * sign * np.maximum(0, margin - sign * at)

        wrong = np.where((self._z > 0) != (sign > 0), 1.0, 0.0)
        zero = np.zeros_like(self._z)
        near = (0.0, margin) if sign > 0 else (-margin, 0.0)
        for (step, curve, dot, band), steps, values, at in (
            (self._loss, wrong, hinge(self._z), hinge(z)),
            (self._slope, zero, gradient(self._z), gradient(z)),
        ):
            step.set_data(self._z, steps)
            curve.set_data(self._z, values)
            dot.set_data([z], [np.clip(at, *dot.axes.get_ylim())])  # at the rim where the curve has left the picture
            band.set_x(near[0])
            band.set_width(margin)
        on_right, push = (z > 0) == (sign > 0), -gradient(z)
        if push == 0:
            says = "On the right side, beyond the margin: the hinge is silent."
        elif on_right:
            says = f"On the right side, but within the margin: it is still pushed by {push:+.1f}."
        else:
            says = f"On the wrong side: pushed by {push:+.1f}."
        return f"{says} Step loss {0 if on_right else 1}, with gradient 0; hinge <b>{hinge(z):.2f}</b>."


class BoundaryFilm(Film):
    """Every neuron of a layer as a line, while students learn: on the teacher's lines, which are broad and pale.

    teacher: (layers, width, rows, columns), from `figures.boundaries.over_the_plane`. films: {title: the same of a
    student, one for each frame}. steps: the step of each frame. A button plays the film.
    """

    def __init__(
        self,
        teacher: Float[Tensor, "layers width rows columns"],
        films: Mapping[str, Sequence[Float[Tensor, "layers width rows columns"]]],
        steps: Sequence[int],
        points: Split,
        layer: int = 1,
    ) -> None:
        lengths = {len(film) for film in films.values()}
        require(lengths == {len(steps)}, f"films of {lengths} frames for {len(steps)} steps", ShapeError)
        self.teacher, self.films, self.steps = teacher, {title: list(film) for title, film in films.items()}, steps
        live = LiveFigure(
            alt=f"The plane, {len(films)} times: {' and '.join(films)}. The teacher's neurons are broad pale lines, "
            "the student's thin ones of the same colours; places where neurons are on the other side are grey.",
            size=(4.3 * len(films), 3.5),
            columns=len(films),
        )
        self._panels: list[Any] = []
        self._drawn = (0, 0)  # layer and neuron of the teacher's lines, which stay while the film runs
        dots = array(points.images.float())
        for ax, title in zip(live.axes, films, strict=True):
            plane(ax, title)
            look: dict[str, Any] = {"vmin": 0, "vmax": MARGIN_OF_SHADE, "extent": EXTENT, "origin": "lower"}
            shade = ax.imshow(np.zeros((ROWS, COLUMNS)), cmap="Greys", zorder=0, interpolation="nearest", **look)
            roads = LineCollection([], linewidths=7, zorder=1)
            (dot,) = ax.plot(dots[:, 0], dots[:, 1], "o", color="0.55", markersize=1.5, zorder=2)
            lines = LineCollection([], linewidths=1.8, zorder=3)
            ax.add_collection(roads)
            ax.add_collection(lines)
            share = ax.text(-1.93, -1.42, "", fontsize=11, zorder=4, bbox={"facecolor": "w", "edgecolor": "none"})
            self._panels.append((shade, roads, lines, share))
            live.live(shade, roads, dot, lines, share)
        width = teacher.shape[1]
        names = [("all", -1), *((f"{k + 1}", k) for k in range(width))]
        controls = {
            "layer": IntSlider(layer, min=1, max=len(teacher), description="layer"),
            "neuron": SelectionSlider(options=names, value=-1, description="neurons"),
        }
        super().__init__(steps, controls, live, interval=200)

    def draw(self, moment: int, layer: int, neuron: int) -> str:
        """One frame: zero lines, and the share of places where the neurons shown are on the other side."""
        right = self.teacher[layer - 1]
        chosen = list(range(len(right))) if neuron < 0 else [neuron]
        said = []
        for (title, film), (shade, roads, lines, share) in zip(self.films.items(), self._panels, strict=True):
            now = film[moment][layer - 1]
            if self._drawn != (layer, neuron):
                segments, colours = bundles(right, chosen)
                _put(roads, segments, pale(colours))
            _put(lines, *bundles(now, chosen))
            wrong = other_side(now[chosen], right[chosen])
            shade.set_data(array(wrong))
            text = f"{wrong.mean().item():.1%}"
            share.set_text(f"{text} on the other side")
            said.append(f"{title} <b>{text}</b>")
        self._drawn = layer, neuron
        which = f"layer {layer}" if neuron < 0 else f"neuron {neuron + 1} of layer {layer}"
        return f"After {self.steps[moment]} steps, {which}; on the other side: {', '.join(said)} of the plane."


def _put(collection: LineCollection, segments: list[Array], colours: Any) -> None:
    collection.set_segments(segments)
    collection.set_color(colours)


def _line(degrees: float, offset: float) -> tuple[list[float], list[float]]:
    """The ends of the line, far beyond the window."""
    angle = np.deg2rad(degrees)
    along = np.array([-np.sin(angle), np.cos(angle)]) * 5
    foot = offset * np.array([np.cos(angle), np.sin(angle)])
    a, b = foot - along, foot + along
    return [float(a[0]), float(b[0])], [float(a[1]), float(b[1])]


def _map(z: Float[Tensor, " N"]) -> Float[Tensor, "N 1 1 1"]:
    return z.view(-1, 1, 1, 1)
