"""What is touched in the lesson on amalgamation (KA): two rows of logits, two clouds of points, three opinions."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from ipywidgets import Checkbox, FloatLogSlider, FloatSlider, IntSlider
from jaxtyping import Float, Int
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.amalgamation import HALVES
from ..figures.charts import array
from ..figures.style import GREEN, bare, class_ticks, long
from ..papers.common_features import gaussian_kernels
from .explorer import Explorer
from .live import LiveFigure

LOW, HIGH = (4.0, 1.0, 0.5, -1.0, -2.0), (2.5, 2.0, 1.5, 0.0, -1.0)
"""What two teachers say of one image that the first knows."""


class ScaleExplorer(Explorer):
    """Two teachers' logits for one image, and what each makes of them: scores side by side, and each one's own softmax.

    The second teacher's logits can be multiplied, and moved, by sliders: whose largest number wins?
    """

    def __init__(self, low: Sequence[float] = LOW, high: Sequence[float] = HIGH) -> None:
        self._low, self._high = (torch.tensor([list(z)], dtype=torch.float64) for z in (low, high))
        count = self._low.shape[1] + self._high.shape[1]
        live = LiveFigure(
            alt="Ten bars of logits, five of each teacher, and below them ten bars of probabilities, where each "
            "teacher's five sum to one; the largest bar of each row is marked.",
            size=(6.4, 4.0), rows=2,
        )  # fmt: skip
        scores, probabilities = live.axes
        colours = [HALVES[0]] * self._low.shape[1] + [HALVES[1]] * self._high.shape[1]
        self._bars = [ax.bar(range(count), [0.0] * count, color=colours, alpha=0.8) for ax in live.axes]
        self._marks = [ax.plot([0], [0], "v", color=GREEN, markersize=9)[0] for ax in live.axes]
        for ax in live.axes:
            ax.set_xticks(range(count))
            ax.axvline(self._low.shape[1] - 0.5, color="0.6", linewidth=1)
            ax.grid(False, axis="x")
        scores.set(ylabel="logits", ylim=(-14, 16))
        probabilities.set(ylabel="each softmax", ylim=(0, 1.15), xlabel="class: teacher 1 knows the first half")
        live.live(*self._bars, *self._marks)
        super().__init__(
            {
                "scale": FloatSlider(1.0, min=0.1, max=4, step=0.1, description="scale of teacher 2"),
                "shift": FloatSlider(0.0, min=-4, max=4, step=0.5, description="shift of teacher 2"),
            },
            figure=live,
        )

    def draw(self, scale: float, shift: float) -> str:
        high = scale * self._high + shift
        rows = (torch.cat([self._low, high], 1)[0], torch.cat([self._low.softmax(1), high.softmax(1)], 1)[0])
        winners = [int(row.argmax()) for row in rows]
        for bars, mark, row, k, gap in zip(self._bars, self._marks, rows, winners, (1.5, 0.08), strict=True):
            for bar, value in zip(bars, row.tolist(), strict=True):
                bar.set_height(value)
            mark.set_data([k], [max(row[k].item(), 0.0) + gap])
        who = [1 if k < self._low.shape[1] else 2 for k in winners]
        told = f"By scores class <b>{winners[0]}</b> wins (teacher {who[0]})"
        return f"{told}, by the larger softmax class <b>{winners[1]}</b> (teacher {who[1]})."


class KernelExplorer(Explorer):
    """Two clouds of points in the plane, how far they are apart for one kernel width, and the landscape that the kernel
    makes of them: the mean kernel to the first cloud minus that to the second."""

    EDGE, CELLS, POINTS = 4.0, 41, 24

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self._first, self._second = torch.randn(2, self.POINTS, 2, generator=generator, dtype=torch.float64)
        line = torch.linspace(-self.EDGE, self.EDGE, self.CELLS, dtype=torch.float64)
        self._grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), 2).reshape(-1, 2)
        live = LiveFigure(
            alt="Two clouds of points over a landscape that is high where the first is dense and low where the second "
            "is; beside it the distance of the clouds over the kernel width, with a point at this width.",
            size=(7.4, 3.6), width_ratios=(1, 1),
        )  # fmt: skip
        plane, curve = live.axes
        field = np.zeros((self.CELLS, self.CELLS))
        edge = (-self.EDGE, self.EDGE)
        self._field = plane.imshow(field, cmap="PuOr", vmin=-0.6, vmax=0.6, extent=(*edge, *edge), origin="lower")
        (dots,) = plane.plot(*array(self._first).T, "s", color=HALVES[0], markersize=4)
        (self._moved,) = plane.plot([], [], "^", color=HALVES[1], markersize=4)
        bare(plane)
        self._sigmas = np.logspace(-2, 1, 40)
        (self._line,) = curve.plot(self._sigmas, self._sigmas, color=GREEN)
        (self._point,) = curve.plot([1], [0], "o", color=GREEN, markersize=8)
        curve.set(xscale="log", ylim=(-0.05, 1.3), xlabel="kernel width σ", ylabel="MMD²")
        live.live(self._field, dots, self._moved, self._line, self._point)
        super().__init__(
            {
                "sigma": FloatLogSlider(1.0, base=10, min=-2, max=1, step=0.1, description="kernel width σ"),
                "gap": FloatSlider(1.5, min=0, max=4, step=0.25, description="distance of the clouds"),
                "pairs": Checkbox(True, description="each with itself"),
            },
            figure=live,
        )

    def draw(self, sigma: float, gap: float, pairs: bool) -> str:
        second = self._second + torch.tensor([gap, 0.0], dtype=torch.float64)
        height = [gaussian_kernels(self._grid, x, [sigma]).mean(1) for x in (self._first, second)]
        self._field.set_data(array((height[0] - height[1]).reshape(self.CELLS, self.CELLS)))
        self._moved.set_data(*array(second).T)
        self._line.set_ydata([distance(self._first, second, s, pairs) for s in self._sigmas])
        here = distance(self._first, second, sigma, pairs)
        self._point.set_data([sigma], [here])
        floor = distance(self._first, self._second, sigma, pairs)
        return f"MMD² is <b>{here:.3f}</b>; with the clouds upon each other it would be {floor:.3f}."


def distance(x: Float[Tensor, "N D"], y: Float[Tensor, "M D"], sigma: float, pairs: bool) -> float:
    """MMD² of two sets of points as they are, for one kernel; `pairs`: whether a point counts with itself."""
    k_x, k_y, between = (gaussian_kernels(a, b, [sigma]) for a, b in ((x, x), (y, y), (x, y)))
    if pairs:
        return (k_x.mean() + k_y.mean() - 2 * between.mean()).item()
    within = sum((k.sum() - k.trace()) / (len(k) * (len(k) - 1)) for k in (k_x, k_y))
    return float(within - 2 * between.mean())


class SpecialistExplorer(Explorer):
    """One image, and what both teachers and any students say of it, class by class.

    images: (N, 1, H, W), bytes. probabilities: {who: (N, K)}, each teacher's own softmax over its classes and 0
    elsewhere, a student's over all.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Int[Tensor, " N"],
        probabilities: Mapping[str, Float[Tensor, "N K"]],
        classes: Sequence[str],
        border: int = 5,
    ) -> None:
        for name, p in probabilities.items():
            told = f"{name} answers for {len(p)} images; there are {len(images)} and {len(labels)} labels"
            require(len(p) == len(images) == len(labels), told, ShapeError)
        self._pixels, self._labels, self._p = array(images)[:, 0], labels.tolist(), probabilities
        self._classes = list(classes)
        rows = len(probabilities)
        live = LiveFigure(
            alt="An image, and beside it a row of bars for each net: the probability of each class, the two teachers' "
            "over their own half alone.",
            size=(7.2, 0.95 * rows + (1.3 if long(classes) else 0.7)), rows=rows, columns=2, width_ratios=(1, 3),
        )  # fmt: skip
        for ax in live.axes[::2]:
            bare(ax)
        self._image = live.axes[0].imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255)
        self._bars = []
        for ax, name in zip(live.axes[1::2], probabilities, strict=True):
            colours = [HALVES[k >= border] for k in range(len(classes))]
            self._bars.append(ax.bar(range(len(classes)), [0.0] * len(classes), color=colours, alpha=0.85))
            ax.set(ylim=(0, 1.05), yticks=[0, 1], ylabel=name)
            ax.set_xticks(range(len(classes)), [])
            ax.yaxis.label.set_fontsize(9)
            ax.grid(False)
        class_ticks(live.axes[-1], classes)
        live.live(self._image, *self._bars)
        super().__init__({"image": IntSlider(0, min=0, max=len(images) - 1, description="image")}, figure=live)

    def draw(self, image: int) -> str:
        self._image.set_data(self._pixels[image])
        words = []
        for bars, (name, p) in zip(self._bars, self._p.items(), strict=True):
            for bar, value in zip(bars, p[image].tolist(), strict=True):
                bar.set_height(value)
            words.append(f"{name}: {self._classes[int(p[image].argmax())]} ({p[image].max():.0%})")
        return f"True class {self._classes[self._labels[image]]}. " + ", ".join(words) + "."
