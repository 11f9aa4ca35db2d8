"""What is touched in the lesson on data-free adversarial distillation: three distances, and three films."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider
from jaxtyping import Float
from matplotlib.collections import LineCollection
from torch import Tensor

from ..data import Split
from ..errors import ShapeError, require
from ..figures.adversarial import EXTENT, GAPS, LOOKS, SIDE, Frame, Still, apart, square
from ..figures.charts import Array, array
from ..figures.style import BLUE, VERMILION, bare
from ..papers.adversarial import DISTANCES
from .explorer import Explorer
from .film import Film
from .live import LiveFigure

Z_T = (5.0, 1.0, -2.0)  # the teacher's logits, of three classes
LOUDER, SHIFTED, WRONG = "is less sure", "shifts all logits", "mixes two classes up"
WAYS = {LOUDER: (-1.0, 0.1, 0.9), SHIFTED: (1.0, 1.0, 1.0), WRONG: (-1.0, 1.0, 0.0)}
"""How a student may be off: the change of its logits for a distance of 1."""
TALLEST = 8.0  # of the bars for logits


def student_logits(way: str, distance: float) -> Float[Tensor, "1 3"]:
    """The teacher's logits, and `distance` off in the direction `way`."""
    return torch.tensor([Z_T]) + distance * torch.tensor([WAYS[way]])


class GapExplorer(Explorer):
    """Three logits of teacher and student, and three distances with the gradients that a generator would get."""

    def __init__(self, way: str = WRONG, distance: float = 2.0) -> None:
        live = LiveFigure(
            alt="Left the logits of three classes, of the teacher and of the student. Right the length of the gradient "
            "of three distances, L1, log and KL, as bars.",
            size=(8.2, 3.2),
            columns=2,
        )
        left, right = live.axes
        x = np.arange(3)
        teacher = left.bar(x - 0.2, Z_T, 0.36, color="0.45", label="teacher")
        self._student = left.bar(x + 0.2, Z_T, 0.36, color=BLUE, label="student")
        left.axhline(0, color="0.4", linewidth=1)
        left.set(ylim=(-TALLEST, TALLEST), ylabel="logit")
        left.set_xticks(x, ["class 0", "class 1", "class 2"])
        left.legend(fontsize=9, edgecolor="none", loc="lower left")
        colours = [LOOKS[name]["color"] for name in DISTANCES]
        self._bars = right.bar(list(DISTANCES), [0, 0, 0], color=colours, width=0.6)
        right.set(ylim=(0, 1.55), title="length of the gradient")
        right.title.set_fontsize(11)
        right.grid(False, axis="x")
        self._numbers = [right.text(i, 0, "", ha="center", va="bottom", fontsize=12) for i in range(3)]
        live.live(teacher, self._student, self._bars, self._numbers)
        super().__init__(
            {
                "way": Dropdown(options=list(WAYS), value=way, description="the student"),
                "distance": FloatSlider(distance, min=0, max=4, step=0.1, description="by"),
            },
            figure=live,
        )

    def draw(self, way: str, distance: float) -> str:
        """The distances of both logits, and the lengths of their gradients with respect to the student's."""
        said = []
        for bar, number, (name, measure) in zip(self._bars, self._numbers, DISTANCES.items(), strict=True):
            z_s = student_logits(way, distance).requires_grad_()
            value = measure(z_s, torch.tensor([Z_T]))
            (gradient,) = torch.autograd.grad(value, z_s)
            length = gradient.norm().item()
            bar.set_height(length)
            number.set_y(length)
            number.set_text(f"{length:.3f}")
            said.append(f"{name} <b>{max(0.0, value.item()):.3f}</b>")  # rounding may bring it below
        for bar, height in zip(self._student, student_logits(way, distance)[0].tolist(), strict=True):
            bar.set_height(height)
        return f"The student {way} by {distance:.1f}. The distances: {', '.join(said)}."


class ChaseFilm(Film):
    """A generator in the plane, frame by frame: where student and teacher disagree, and where it puts its points.

    lines: the teacher's border, from `figures.adversarial.border`. data: points that nobody learns from.
    """

    def __init__(self, frames: Sequence[Frame], lines: Sequence[Array], data: Split, moment: int = 0) -> None:
        self.frames = list(frames)
        live = LiveFigure(
            alt="The plane, twice, with the teacher's border as a black line. Left it is dark where the logits of "
            "student and teacher are far apart, and dots are what the generator makes. Right the student's answers in "
            "two colours, with real points that it never saw.",
            size=(8.6, 4.2),
            columns=2,
        )
        left, right = live.axes
        square(left, "apart (orange), and the generator's points")
        square(right, "the student's answers, and the moons")
        blank = np.zeros((SIDE, SIDE))
        self._gap = left.imshow(blank, zorder=0, interpolation="nearest", **GAPS)
        look: dict[str, Any] = {"cmap": "PuOr", "vmin": -0.3, "vmax": 1.3, "extent": EXTENT, "origin": "lower"}
        self._answers = right.imshow(blank, zorder=0, interpolation="nearest", **look)
        borders = [ax.plot(*line.T, color="k", linewidth=1.6, zorder=2)[0] for ax in live.axes for line in lines]
        real = [
            right.plot(
                *array(data.images[data.labels == k]).T, marker, color=colour, mec="0.25", markersize=4, zorder=3
            )[0]
            for k, (marker, colour) in enumerate((("o", "w"), ("^", "0.25")))
        ]
        (self._points,) = left.plot([], [], "o", color=BLUE, markersize=4, zorder=3)
        live.live(self._gap, self._answers, borders, real, self._points)
        super().__init__([one.step for one in self.frames], {}, live, moment)

    def draw(self, moment: int) -> str:
        """One frame."""
        one = self.frames[moment]
        self._gap.set_data(array(one.gap))
        self._answers.set_data(array(one.answers))
        self._points.set_data(*array(one.points).T)
        return (
            f"After {one.step} steps of the student the logits are <b>{one.gap.mean().item():.2f}</b> apart on "
            f"average over the square, <b>{one.gap.max().item():.2f}</b> at the worst place."
        )


class TurnFilm(Film):
    """Two players in turn, turn by turn: the plane before a turn and after it.

    frames: the start, then one for each turn, whose number is its step; the student has the odd ones. In its turn the
    points stay and the orange under them fades; in the generator's the orange stays and the points move. lines: the
    teacher's border.
    """

    PLAYERS = ("generator", "student")  # of the even and of the odd turns

    def __init__(self, frames: Sequence[Frame], lines: Sequence[Array], moment: int = 0) -> None:
        self.frames = list(frames)
        live = LiveFigure(
            alt="The plane before a turn and after it, dark where the logits of student and teacher are far apart, "
            "with the generator's points as dots and the teacher's border as a black line. Strokes lead to where a "
            "point was.",
            size=(8.6, 4.2),
            columns=2,
        )
        self._panels: list[Any] = []
        for ax, title in zip(live.axes, ("before the turn", "after it"), strict=True):
            square(ax, title)
            gap = ax.imshow(np.zeros((SIDE, SIDE)), zorder=0, interpolation="nearest", **GAPS)
            borders = [ax.plot(*line.T, color="k", linewidth=1.6, zorder=2)[0] for line in lines]
            ways = ax.add_collection(LineCollection([], colors="0.35", linewidths=0.9, zorder=3))
            (points,) = ax.plot([], [], "o", color=BLUE, markersize=4, zorder=4)
            live.live(gap, borders, ways, points)
            self._panels.append((gap, points, ways))
        super().__init__([one.step for one in self.frames], {}, live, moment, interval=900)
        self.controls["moment"].description = "turn"

    def draw(self, moment: int) -> str:
        """One turn, and what it changes where the points are."""
        before, after = self.frames[max(moment - 1, 0)], self.frames[moment]
        for (gap, points, _), one in zip(self._panels, (before, after), strict=True):
            gap.set_data(array(one.gap))
            points.set_data(*array(one.points).T)
        self._panels[1][2].set_segments(array(torch.stack([before.points, after.points], dim=1)))
        was, now = (apart(one.gap, one.points) for one in (before, after))
        if moment == 0:
            return f"Before the first turn. Where the points are, the logits are <b>{now:.2f}</b> apart."
        return (
            f"Turn {after.step} is the {self.PLAYERS[after.step % 2]}'s. Where the points are, the logits were "
            f"<b>{was:.2f}</b> apart, and now are <b>{now:.2f}</b>."
        )


class ImageFilm(Film):
    """Images of the same latents while the generator learns, and what teacher and student make of one of them."""

    COLUMNS = 4

    def __init__(self, stills: Sequence[Still], moment: int = 0, image: int = 1) -> None:
        self.stills = list(stills)
        require(len(self.stills) > 0, "a film needs at least one frame", ShapeError)
        count, _, height, width = self.stills[0].images.shape
        classes = self.stills[0].p_t.shape[1]
        self._rows = -(-count // self.COLUMNS)
        live = LiveFigure(
            alt="Left a mosaic of generated images, one of them framed. Right, for that one, the probabilities that "
            "teacher and student give to each class, as bars.",
            size=(8.6, 3.6),
            width_ratios=(1.15, 1),
        )
        mosaic, bars = live.axes
        bare(mosaic)
        self._shape = height + 2, width + 2
        blank = np.zeros((self._rows * self._shape[0], self.COLUMNS * self._shape[1]))
        self._mosaic = mosaic.imshow(blank, cmap="gray", vmin=-2.5, vmax=2.5)
        (self._mark,) = mosaic.plot([], [], color=VERMILION, linewidth=3)
        x = np.arange(classes)
        self._teacher = bars.bar(x - 0.2, np.zeros(classes), 0.38, color="0.35", label="teacher")
        self._student = bars.bar(x + 0.2, np.zeros(classes), 0.38, color=BLUE, label="student")
        bars.set(ylim=(0, 1.05), ylabel="probability", xlabel="class")
        bars.set_xticks(x)
        bars.legend(fontsize=9, edgecolor="none", loc="upper right", framealpha=0.7)
        live.live(self._mosaic, self._mark, self._teacher, self._student)
        chosen = IntSlider(min(image, count), min=1, max=count, description="image")
        super().__init__([one.step for one in self.stills], {"image": chosen}, live, moment)

    def draw(self, moment: int, image: int) -> str:
        """One frame; `image` counts from 1, row by row."""
        one = self.stills[moment]
        high, wide = self._shape
        canvas = np.full((self._rows * high, self.COLUMNS * wide), 2.5)
        for i, pixels in enumerate(array(one.images)[:, 0]):
            top, left = i // self.COLUMNS * high, i % self.COLUMNS * wide
            canvas[top + 1 : top + high - 1, left + 1 : left + wide - 1] = pixels
        self._mosaic.set_data(canvas)
        y, x = (image - 1) // self.COLUMNS * high - 0.5, (image - 1) % self.COLUMNS * wide - 0.5
        self._mark.set_data([x, x + wide, x + wide, x, x], [y, y, y + high, y + high, y])
        for bars, p in ((self._teacher, one.p_t[image - 1]), (self._student, one.p_s[image - 1])):
            for bar, height in zip(bars, p.tolist(), strict=True):
                bar.set_height(height)
        agree = int((one.p_t.argmax(1) == one.p_s.argmax(1)).sum())
        sure = one.p_t.amax(1).mean().item()
        return (
            f"After {one.step} steps. Image {image}: the teacher says <b>{int(one.p_t[image - 1].argmax())}</b>, the "
            f"student <b>{int(one.p_s[image - 1].argmax())}</b>. They agree on {agree} of {len(one.p_t)} images; the "
            f"teacher gives its first choice {sure:.0%} on average."
        )
