"""What is touched in the lesson on the overhaul: the margin of a channel, the plane of the distance, real maps."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import matplotlib
import numpy as np
import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider, SelectionSlider
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.style import BLUE, DIVERGING, ORANGE, VERMILION, bare
from ..papers.overhaul import margin, margin_relu
from .explorer import Explorer
from .live import LiveFigure

JUMP = 3.0902  # Φ(-z) = 0.001: beyond it the authors' code takes -3 |γ|
TRANSFORMS = ("margin ReLU", "ReLU", "as it is")
DISTANCES = ("partial L2", "full L2")


def authors_margin(weight: Float[Tensor, " C"], bias: Float[Tensor, " C"]) -> Float[Tensor, " C"]:
    """The margin as the authors' code has it: -3 |weight| where at most 0.001 of a channel is negative."""
    far = torch.special.ndtr(-(bias / weight.abs())) <= 0.001
    return torch.where(far, -3 * weight.abs(), margin(weight, bias))


def target(t: Tensor, m: float, transform: str) -> Tensor:
    """The teacher's values after one of `TRANSFORMS`, with the margin m."""
    if transform == "margin ReLU":
        return t.clamp(min=m)
    return t.relu() if transform == "ReLU" else t


def counted(s: Tensor, t: Tensor, distance: str) -> Tensor:
    """Where a student s is compared with a target t: everywhere, or where s > t or t > 0."""
    return torch.ones_like(s > t) if distance == "full L2" else (s > t) | (t > 0)


class MarginExplorer(Explorer):
    """A channel after its batch norm, N(β, γ²): the negative part shaded, its mean marked; and the margin over z."""

    def __init__(self, gamma: float = 0.8, beta: float = 0.2) -> None:
        live = LiveFigure(
            alt="Left: a normal density, its negative part shaded, the mean of that part marked by a line. Right: the "
            "margin in units of gamma over z, our formula rising to zero, the authors' code jumping to minus three.",
            size=(8.6, 3.3),
            width_ratios=(1.25, 1),
        )
        left, right = live.axes
        self._x = np.linspace(-5, 6, 441)
        (self._density,) = left.plot(self._x, 0 * self._x, color="0.2")
        (self._part,) = left.fill([0, 0, 0], [0, 0, 0], color=BLUE, alpha=0.35, label="what is negative")
        (self._mark,) = left.plot([0, 0], [0, 0.95], color=VERMILION, linewidth=2, label="its mean, the margin m")
        left.axvline(0, color="0.4", linewidth=1)
        left.set(xlim=(-5, 6), ylim=(0, 1.05), xlabel="pre-activation x", yticks=[], title="density of a channel")
        left.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="upper right")
        z = torch.linspace(-3, 6, 361, dtype=torch.float64)
        ours, theirs = (function(torch.ones_like(z), z) for function in (margin, authors_margin))
        right.plot(array(z), array(ours), color=BLUE, linewidth=2, label="the formula")
        right.plot(array(z), array(torch.where(z > JUMP, theirs, math.nan)), color=ORANGE, linestyle="--", linewidth=2,
                   label="the authors' code")  # fmt: skip
        right.plot([JUMP, JUMP], [-3, float(margin(z.new_ones(1), z.new_tensor([JUMP])))], color=ORANGE, linestyle=":")
        (self._point,) = right.plot([0], [0], "o", color=VERMILION, markersize=8)
        right.set(xlim=(-3, 6), ylim=(-3.6, 0.2), xlabel="z = β / |γ|", title="m / |γ|")
        right.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="lower left")
        for ax in (left, right):
            ax.title.set_fontsize(11)
        live.live(self._part, self._density, self._mark, self._point)
        super().__init__(
            {
                "gamma": FloatSlider(gamma, min=-1.5, max=1.5, step=0.1, description="γ, the weight"),
                "beta": FloatSlider(beta, min=-3, max=4, step=0.1, description="β, the bias"),
            },
            figure=live,
        )

    def draw(self, gamma: float, beta: float) -> str:
        """The numbers are those of `papers.overhaul.margin`."""
        weight, bias = (torch.tensor([value], dtype=torch.float64) for value in (gamma, beta))
        s, m = abs(gamma), float(margin(weight, bias))
        self._mark.set_xdata([m, m])
        if s < 1e-9:  # a slider's 0 may be a rounding error
            self._density.set_ydata(0 * self._x)
            self._part.set_xy(np.zeros((3, 2)))
            self._point.set_data([], [])
            return f"γ = 0: the channel is constant, x = {beta:.1f}. The margin is min(β, 0) = <b>{m:.3f}</b>."
        density = np.exp(-(((self._x - beta) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))
        self._density.set_ydata(density)
        negative = self._x <= 0
        outline = np.column_stack([self._x[negative], density[negative]])
        self._part.set_xy(np.vstack([[-5, 0], outline, [0, 0]]))
        z = beta / s
        self._point.set_data([min(max(z, -3), 6)], [min(max(m / s, -3.6), 0.2)])
        share = 100 * float(torch.special.ndtr(torch.tensor(-z, dtype=torch.float64)))
        theirs = float(authors_margin(weight, bias))
        jump = f" The authors' code would take −3 |γ| = {theirs:.3f}." if z >= JUMP else ""
        return f"z = {z:.2f}: {share:.3g} % of the values are negative, and their mean is <b>m = {m:.3f}</b>.{jump}"


class DistanceExplorer(Explorer):
    """The plane of teacher and student: the loss of one position as colour, and where the student is pulled."""

    def __init__(self, t: float = -1.2, s: float = 1.0, m: float = -0.6) -> None:
        live = LiveFigure(
            alt="Left: a plane, teacher's value to the right, student's upwards; darker where the loss is larger, "
            "grey where nothing is asked; a dot and the line to its target. Right: the loss over the student's value.",
            size=(8.2, 3.7),
            width_ratios=(1.1, 1),
        )
        left, right = live.axes
        self._axis = torch.linspace(-2, 3, 101)
        colours = matplotlib.colormaps["Blues"].with_extremes(bad="0.8")
        self._image = left.imshow(
            np.zeros((101, 101)), origin="lower", extent=(-2, 3, -2, 3), cmap=colours, vmin=0, vmax=6, aspect="equal"
        )
        (self._target,) = left.plot([0], [0], color="0.2", linewidth=1.6)
        (self._pull,) = left.plot([0], [0], color=VERMILION, linewidth=2.4)
        (self._dot,) = left.plot([0], [0], "o", color=VERMILION, markersize=8)
        left.set(xlim=(-2, 3), ylim=(-2, 3), xlabel="teacher's t, before the ReLU", ylabel="student's s")
        left.set_title("loss; grey: nothing is asked; black: t′", fontsize=11)
        left.grid(False)
        (self._curve,) = right.plot(array(self._axis), 0 * array(self._axis), color=BLUE, linewidth=2)
        (self._here,) = right.plot([0], [0], "o", color=VERMILION, markersize=8)
        right.set(xlim=(-2, 3), ylim=(-0.3, 9), xlabel="student's s", ylabel="loss of this position")
        live.live(self._image, self._target, self._pull, self._dot, self._curve, self._here)
        super().__init__(
            {
                "t": FloatSlider(t, min=-2, max=3, step=0.1, description="teacher's t"),
                "s": FloatSlider(s, min=-2, max=3, step=0.1, description="student's s"),
                "m": FloatSlider(m, min=-1.5, max=-0.1, step=0.1, description="margin m"),
                "transform": Dropdown(options=TRANSFORMS, description="teacher through"),
                "distance": Dropdown(options=DISTANCES, description="distance"),
            },
            figure=live,
        )

    def draw(self, t: float, s: float, m: float, transform: str, distance: str) -> str:
        """Loss (s − t′)² where it counts, 0 elsewhere; gradient 2 (s − t′) or 0."""
        wanted = target(self._axis, m, transform)
        students = self._axis[:, None].expand(101, 101)  # a row of the picture is one s
        counts = counted(students, wanted.expand(101, 101), distance)
        self._image.set_data(array(torch.where(counts, (students - wanted).square(), math.nan)))
        self._target.set_data(array(self._axis), array(wanted))
        goal = target(torch.tensor(t), m, transform)
        curve = torch.where(counted(self._axis, goal, distance), self._axis - goal, 0.0).square()
        self._curve.set_ydata(array(curve))
        asked = bool(counted(torch.tensor(s), goal, distance))
        difference = s - float(goal) if asked else 0.0
        self._pull.set_data([t, t], [s, s - difference])
        self._dot.set_data([t], [s])
        self._here.set_data([s], [min(difference**2, 9)])
        if not asked:
            return f"t′ = {float(goal):.1f} and s is below it, both not positive: loss 0, <b>no gradient</b>."
        return f"t′ = {float(goal):.1f}: loss {difference**2:.2f}, gradient <b>{2 * difference:+.2f}</b>."


class PullExplorer(Explorer):
    """Real maps: a channel of the teacher, its target, the student's answer, and where the loss pulls.

    images: (N, 1, H, W), bytes. teacher: pre-activations (N, C_i, H_i, W_i), one for each stage. students: {name: the
    connected maps, likewise}. margins: one (C_i,) for each stage.
    """

    def __init__(
        self,
        images: Tensor,
        teacher: Sequence[Float[Tensor, "N _C _H _W"]],
        students: Mapping[str, Sequence[Float[Tensor, "N _C _H _W"]]],
        margins: Sequence[Float[Tensor, " _C"]],
        captions: Sequence[str],
    ) -> None:
        for name, maps in students.items():
            shapes = [tuple(x.shape) for x in maps]
            expected = [tuple(x.shape) for x in teacher]
            require(shapes == expected, f"{name}: maps {shapes}, the teacher's are {expected}", ShapeError)
        self._teacher = [x.detach().cpu() for x in teacher]
        self._students = {name: [x.detach().cpu() for x in maps] for name, maps in students.items()}
        self._margins = [m.detach().cpu() for m in margins]
        self._pixels = array(images)[:, 0]
        live = LiveFigure(
            alt="Five pictures: an image, a channel of the teacher before its ReLU, after the margin ReLU, the "
            "student's map, and the pull on the student, grey where there is none.",
            size=(10.2, 2.7),
            columns=5,
        )
        picture, *maps_ = live.axes
        self._image = bare(picture).imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255)
        colours = matplotlib.colormaps[DIVERGING].with_extremes(bad="0.75")
        titles = ("teacher's t", "target t′", "student's s", "pull t′ − s")
        self._maps = []
        for ax, title in zip(maps_, titles, strict=True):
            bare(ax).set_title(title, fontsize=11)
            self._maps.append(
                ax.imshow(np.zeros((2, 2)), cmap=colours, vmin=-1, vmax=1, extent=(0, 1, 1, 0), interpolation="nearest")
            )
        live.figure.colorbar(self._maps[-1], ax=maps_, ticks=[-1, 0, 1], pad=0.01).set_ticklabels(["−", "0", "+"])
        live.live(self._image, self._maps)
        fewest = min(x.shape[1] for x in self._teacher)
        super().__init__(
            {
                "image": SelectionSlider(
                    options=[(c, i) for i, c in enumerate(captions)], value=0, description="image"
                ),
                "stage": Dropdown(
                    options=[(f"stage {i + 1}", i) for i in range(len(self._teacher))], description="stage"
                ),
                "channel": IntSlider(0, min=0, max=fewest - 1, description="channel"),
                "student": Dropdown(options=list(self._students), description="student"),
                "distance": Dropdown(options=DISTANCES, description="distance"),
            },
            figure=live,
        )

    def draw(
        self, image: int, stage: int, channel: int, student: str, distance: Literal["partial L2", "full L2"]
    ) -> str:
        """One colour scale for all maps: the largest absolute value among them."""
        m = self._margins[stage]
        t = self._teacher[stage][[image]]
        wanted = margin_relu(t, m)[0, channel]
        s = self._students[student][stage][image, channel]
        counts = counted(s, wanted, distance)
        pull = torch.where(counts, wanted - s, math.nan)
        shown = (t[0, channel], wanted, s, pull)
        largest = max(x.abs().nan_to_num().max().item() for x in shown) or 1.0
        self._image.set_data(self._pixels[image])
        for artist, values in zip(self._maps, shown, strict=True):
            artist.set_data(array(values / largest))
        left = 100 * (1 - counts.float().mean().item())
        loss = torch.where(counts, wanted - s, 0.0).square().sum().item()
        return (
            f"Channel {channel}, m = {m[channel].item():.2f}; the darkest colour is {largest:.1f}. Loss {loss:.1f}; "
            f"<b>{left:.0f} %</b> of the positions are left alone."
        )
