"""What is touched in the lesson on Hinton's distillation: the temperature, and the bias of a digit never seen."""

from collections.abc import Mapping, Sequence

import numpy as np
from ipywidgets import Dropdown, FloatLogSlider, FloatSlider
from jaxtyping import Float, Int
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.style import BLUE, ORANGE, VERMILION, all_of, bare, class_ticks, one_of
from ..papers.hinton import entropy, soften
from .explorer import Explorer
from .live import LiveFigure

MOST = 15.0  # logits; the range of the bias slider


def _percent(value: float) -> str:
    """A probability in percent, with a digit after the point where that is needed."""
    return f"{value:.0%}" if value >= 0.095 else f"{value:.1%}" if value >= 0.0005 else "0%"


class TemperatureExplorer(Explorer):
    """An image, the teacher's probabilities of its classes at a temperature, and their entropy.

    images: (N, 1, H, W), bytes; logits: the teacher's, (N, K); labels: (N,). The menu lists the images by their label
    and the teacher's first choice.
    """

    def __init__(
        self,
        images: Tensor,
        logits: Float[Tensor, "N K"],
        labels: Int[Tensor, " N"],
        classes: Sequence[str],
        T: float = 1.0,
    ) -> None:
        require(
            len(images) == len(logits) == len(labels) > 0,
            f"{len(images)} images, {len(logits)} rows of logits, {len(labels)} labels: give one of each per image",
            ShapeError,
        )
        self.logits, self.labels, self.classes = logits.detach().cpu(), labels.tolist(), tuple(classes)
        K = len(self.classes)
        live = LiveFigure(
            alt=f"An image, and {K} bars: the probability of each class at this temperature.",
            size=(7.2, 3.2),
            width_ratios=(1, 2.1),
        )
        left, right = live.axes
        self._pixels = array(images)[:, 0]
        self._image = bare(left).imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255)
        self._bars = right.bar(range(K), [0.0] * K, width=0.75)
        self._shares = [right.text(k, 0, "", ha="center", va="bottom", fontsize=8.5) for k in range(K)]
        right.axhline(1 / K, color="0.4", linestyle=":", linewidth=1.2)
        right.annotate(f"1/{K}", (K - 0.4, 1 / K), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8.5)
        right.set(ylim=(0, 1.08), xlim=(-0.6, K - 0.4), xlabel="class", ylabel="probability")
        class_ticks(right, self.classes)
        right.grid(False, axis="x")
        live.live(self._image, self._bars, self._shares)
        menu = [(self._name(i), i) for i in range(len(images))]
        super().__init__(
            {
                "digit": Dropdown(options=menu, value=0, description="image"),
                "T": FloatLogSlider(
                    T, base=2, min=-1, max=5, step=0.25, description="temperature T", readout_format=".2f"
                ),
            },
            figure=live,
        )

    def draw(self, digit: int, T: float) -> str:
        """p_k = exp(z_k / T) / Σ_j exp(z_j / T)."""
        p, label = soften(self.logits[digit], T), self.labels[digit]
        first, second = p.topk(2).indices.tolist()
        self._image.set_data(self._pixels[digit])
        for k, (bar, share, value) in enumerate(zip(self._bars, self._shares, p.tolist(), strict=True)):
            bar.set_height(value)
            bar.set_color(BLUE if k == label else ORANGE if k == first else "0.45")
            share.set_position((k, value + 0.01))
            share.set_text(_percent(value))
        return (
            f"T = {T:.3g}: first choice <b>{self.classes[first]}</b> with {_percent(p[first].item())}, then "
            f"<b>{self.classes[second]}</b> with {_percent(p[second].item())}. Entropy <b>{entropy(p).item():.2f}</b> "
            f"nats, between 0 (certain) and {np.log(len(p)):.2f} (all equal). The label is "
            f"{self.classes[label]} (blue bar)."
        )

    def _name(self, i: int) -> str:
        first, second = (self.classes[k] for k in self.logits[i].topk(2).indices.tolist())
        return f"{i + 1}: {one_of(self.classes, self.labels[i])} (teacher: {first}, then {second})"


class BiasExplorer(Explorer):
    """What happens to a student that never saw class `k` when the bias of `k` is raised.

    logits: {name of the student: its logits (N, K) on held-out samples}; labels: (N,).
    """

    def __init__(
        self, logits: Mapping[str, Float[Tensor, "N K"]], labels: Int[Tensor, " N"], k: int, classes: Sequence[str]
    ) -> None:
        self.k, self.classes = k, tuple(classes)
        self._labels = array(labels)
        self._answers = {name: _Answers(array(z).astype(np.float64), self._labels, k) for name, z in logits.items()}
        live = LiveFigure(
            alt=f"Left: accuracy on {all_of(classes, k)}, on the other classes and on all while the bias is raised; "
            "a line marks the slider. Right: accuracy on each class at that bias.",
            size=(7.6, 3.3),
            columns=2,
            sharey=True,
            width_ratios=(1.25, 1),
        )
        left, right = live.axes
        self._grid = np.linspace(0, MOST, 151)
        self._lines = [
            left.plot([], [], color=colour, linestyle=dash, label=label)[0]
            for label, colour, dash in (
                (all_of(classes, k), VERMILION, "-"),
                ("the others", BLUE, "--"),
                ("all", "0.25", ":"),
            )
        ]
        self._mark = left.axvline(0, color="0.3", linewidth=1)
        left.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="center left")
        left.set(xlim=(0, MOST), ylim=(0, 1.04), xlabel=f"added to the logit of {classes[k]}", ylabel="accuracy")
        self._bars = right.bar(range(len(classes)), [0.0] * len(classes), width=0.75, color=BLUE, alpha=0.75)
        self._bars[k].set_color(VERMILION)
        right.set(xlabel="class")
        class_ticks(right, self.classes)
        right.grid(False, axis="x")
        live.live(self._lines, self._mark, self._bars)
        names = list(self._answers)
        super().__init__(
            {
                "student": Dropdown(options=names, value=names[0], description="student"),
                "bias": FloatSlider(0.0, min=0, max=MOST, step=0.1, description="bias", readout_format=".1f"),
            },
            figure=live,
        )

    def draw(self, student: str, bias: float) -> str:
        """A sample is called `k` where z_k + bias exceeds every other logit."""
        answers = self._answers[student]
        for line, curve in zip(self._lines, answers.curves(self._grid), strict=True):
            line.set_data(self._grid, curve)
        self._mark.set_xdata([bias, bias])
        right = answers.right(bias)
        mine = self._labels == self.k
        for c, bar in enumerate(self._bars):
            bar.set_height(right[self._labels == c].mean())
        return (
            f"Bias + {bias:.1f}: of {mine.sum()} images of {self.classes[self.k]} <b>{right[mine].sum()}</b> are "
            f"recognised, of {(~mine).sum()} others <b>{right[~mine].sum()}</b> are right. "
            f"Accuracy on all: <b>{right.mean():.1%}</b>."
        )


class _Answers:
    """A student's answers for any bias of class `k`, from its logits and without another forward pass."""

    def __init__(self, logits: np.ndarray, labels: np.ndarray, k: int) -> None:
        others = logits.copy()
        others[:, k] = -np.inf
        self.needed = others.max(1) - logits[:, k]  # the bias from which on a sample is called k
        self.otherwise = others.argmax(1) == labels  # right as long as it is not called k
        self.is_k = labels == k

    def right(self, bias: float) -> np.ndarray:
        """(N,) whether each sample is right."""
        return np.where(bias > self.needed, self.is_k, self.otherwise)

    def curves(self, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Accuracy on class `k`, on the others and on all, for each bias of `grid`."""
        right = np.where(grid[:, None] > self.needed, self.is_k, self.otherwise)
        return right[:, self.is_k].mean(1), right[:, ~self.is_k].mean(1), right.mean(1)
