"""What is touched in the lesson on self-distillation: rounds of refitting, dark knowledge permuted, and exits."""

from collections.abc import Callable, Sequence

import torch
from ipywidgets import Dropdown, FloatSlider, IntSlider
from jaxtyping import Float, Int
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.style import BLUE, ORANGE, VERMILION, bare
from ..nets import first_sure
from ..papers.born_again import cwtm_weights, draw_orders, permuted
from ..papers.ridge import bending_kernel, curve, in_closed_form, shrinkage
from .explorer import Explorer
from .live import LiveFigure

GRID = torch.linspace(0, 1, 201, dtype=torch.float64)
MOST_ROUNDS, SHOWN = 40, 8  # rounds of the slider; eigenvectors whose coefficients are drawn


class RoundsExplorer(Explorer):
    """A curve that is fitted to noisy labels, then to what it said itself, and so on; and what is left of each
    coefficient.

    x, y: points in 0…1 and their labels, (N,) in float64. truth: the function without noise.
    """

    def __init__(
        self,
        x: Float[Tensor, " N"],
        y: Float[Tensor, " N"],
        truth: Callable[[Tensor], Tensor],
        rounds: int = 1,
        log_c: float = -3.0,
    ) -> None:
        self.x, self.y, self._truth = x, y, truth(GRID)
        self._K = bending_kernel(x, x)
        self._d = torch.linalg.eigvalsh(self._K).flip(0)[:SHOWN]
        live = LiveFigure(
            alt="Left noisy points, the true curve, and the curve of this round. Right a bar for each coefficient: "
            "what is left of it after this round; short strokes mark the first round.",
            size=(7.6, 3.2),
            width_ratios=(1.5, 1),
        )
        left, right = live.axes
        left.plot(GRID, self._truth, color="0.5", linestyle="--", label="truth")
        left.plot(x, y, "o", color=VERMILION, markersize=5, label="labels")
        (self._line,) = left.plot(GRID, GRID, color=BLUE, linewidth=2)
        reach = 1.15 * float(y.abs().max())
        left.set(xlim=(0, 1), ylim=(-reach, reach), xlabel="x", ylabel="y")
        left.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="lower left")
        places = range(1, SHOWN + 1)
        self._bars = right.bar(places, [0.0] * SHOWN, color=BLUE, alpha=0.75)
        self._first = right.plot(places, [0.0] * SHOWN, "_", color="0.2", markersize=16, markeredgewidth=2)[0]
        right.set(ylim=(0, 1.05), xlabel="eigenvector, largest first", ylabel="left of its coefficient")
        right.set_xticks(places)
        right.grid(False, axis="x")
        live.live(self._line, self._bars, self._first)
        super().__init__(
            {
                "rounds": IntSlider(rounds, min=1, max=MOST_ROUNDS, description="round"),
                "log_c": FloatSlider(log_c, min=-6, max=-1, step=0.25, description="log₁₀ c"),
            },
            figure=live,
        )

    def draw(self, rounds: int, log_c: float) -> str:
        c = 10**log_c
        said = in_closed_form(self._K, self.y, c, rounds - 1)[-1]
        drawn = curve(GRID, self.x, said, c)
        left = shrinkage(self._d, c, rounds)
        self._line.set_ydata(array(drawn))
        for bar, height in zip(self._bars, left.tolist(), strict=True):
            bar.set_height(height)
        self._first.set_ydata(array(shrinkage(self._d, c, 1)))
        error = (drawn - self._truth).square().mean().sqrt().item()
        return (
            f"Round {rounds}, c = {c:.2g}: the curve is off the truth by <b>{error:.3f}</b> (root of the mean square). "
            f"Of the coefficients <b>{int((left > 0.5).sum())}</b> still have more than half of their size."
        )


class DarkExplorer(Explorer):
    """What is taken over from a teacher of one image: its softmax, the same permuted, and the image's weight.

    images: (N, 1, H, W), bytes; logits: the teacher's, (N, K); labels: (N,). The N images are the batch over which the
    weights sum to 1.
    """

    def __init__(
        self, images: Tensor, logits: Float[Tensor, "N K"], labels: Int[Tensor, " N"], classes: Sequence[str]
    ) -> None:
        fits = len(images) == len(logits) == len(labels) > 0
        told = f"{len(images)} images, {len(logits)} rows of logits, {len(labels)} labels: give one of each per image"
        require(fits, told, ShapeError)
        self.logits, self._labels, self.classes = logits.detach(), labels.tolist(), tuple(classes)
        self._p = self.logits.softmax(1)
        self._weights = cwtm_weights(logits, labels)
        N, K = logits.shape
        live = LiveFigure(
            alt="An image; the teacher's probabilities of its classes as bars, as they are and permuted; and the "
            "weight of each image of the batch, this one's in orange.",
            size=(8.6, 2.6),
            width_ratios=(0.8, 1.3, 1.3, 1),
        )
        shown, ban, dkpp, cwtm = live.axes
        self._pixels = array(images)[:, 0]
        self._image = bare(shown).imshow(self._pixels[0], cmap="gray", vmin=0, vmax=255)
        self._ban, self._dkpp = (ax.bar(range(K), [0.0] * K, width=0.75) for ax in (ban, dkpp))
        for ax, title in ((ban, "BAN"), (dkpp, "DKPP")):
            ax.set(ylim=(0, 1.05), xlabel="class", title=title)
            ax.set_xticks(range(K), self.classes, fontsize=8, rotation=0 if max(map(len, self.classes)) < 3 else 90)
            ax.grid(False, axis="x")
        self._shares = cwtm.bar(range(N), array(self._weights), color="0.6")
        cwtm.axhline(1 / N, color="0.3", linestyle=":", linewidth=1.2)
        cwtm.set(title="CWTM", xlabel="image of the batch", ylim=(0, 1.25 * float(self._weights.max())))
        cwtm.set_xticks([])
        live.live(self._image, self._ban, self._dkpp, self._shares)
        menu = [(f"{i + 1}: label {self.classes[label]}", i) for i, label in enumerate(self._labels)]
        super().__init__(
            {
                "image": Dropdown(options=menu, value=0, description="image"),
                "draw_number": IntSlider(0, min=0, max=20, description="permutation"),
            },
            figure=live,
        )

    def draw(self, image: int, draw_number: int) -> str:
        p, label = self._p[image : image + 1], self._labels[image]
        order = draw_orders(1, p.shape[1], torch.Generator().manual_seed(draw_number))
        self._image.set_data(self._pixels[image])
        moved = permuted(p, order)[0]
        for bars, target in ((self._ban, p[0]), (self._dkpp, moved)):
            for k, (bar, value) in enumerate(zip(bars, target.tolist(), strict=True)):
                bar.set_height(value)
                bar.set_color(BLUE if k == label else "0.55")
        for i, bar in enumerate(self._shares):
            bar.set_color(ORANGE if i == image else "0.6")
        top, second = p[0].topk(2).indices.tolist()
        third = moved.topk(2).indices.tolist()[1]
        return (
            f"The teacher says <b>{self.classes[top]}</b> ({p[0, top]:.0%}), then {self.classes[second]}; permuted "
            f"<b>{self.classes[third]}</b>. Its label says {self.classes[label]} (blue). Weight "
            f"<b>{self._weights[image]:.3f}</b>, where all alike would have {1 / len(self._weights):.3f}."
        )


class ThresholdExplorer(Explorer):
    """A net with exits: how sure an exit has to be to be believed, what that costs, and how often it is right.

    logits: (E, N, K), of every exit on the same images; labels: (N,); costs: of leaving at each exit, in multiply-adds.
    """

    def __init__(
        self,
        logits: Float[Tensor, "E N K"],
        labels: Int[Tensor, " N"],
        costs: Sequence[int],
        threshold: float = 0.9,
    ) -> None:
        fits = logits.ndim == 3 and len(logits) == len(costs) and logits.shape[1] == len(labels)
        told = f"logits {tuple(logits.shape)}, {len(labels)} labels and {len(costs)} costs: expected (E, N, K), N and E"
        require(fits, told, ShapeError)
        self._logits, self._labels = logits.detach().cpu(), labels.cpu()
        self._right = self._logits.argmax(2) == self._labels
        self._costs = torch.tensor(costs).double()
        E = len(costs)
        live = LiveFigure(
            alt="Left accuracy over mean cost: a line for all thresholds, a square for each exit alone, and a point "
            "that follows the slider. Right a bar for each exit: the share of images that leave there.",
            size=(7.6, 3.2),
            width_ratios=(1.5, 1),
        )
        left, right = live.axes
        line = [self._at(number / 100) for number in range(101)]
        alone = [
            (cost, 100 * float(ok.double().mean())) for cost, ok in zip(self._costs / 1e3, self._right, strict=True)
        ]
        left.plot(
            *zip(*[(cost / 1e3, 100 * rate) for cost, rate, _ in line], strict=True), color=BLUE, label="threshold"
        )
        left.plot(*zip(*alone, strict=True), "s", color=VERMILION, label="one exit for all")
        (self._point,) = left.plot([alone[0][0]], [alone[0][1]], "o", color=BLUE, markersize=10)
        left.set(xlabel="thousand multiply-adds an image", ylabel="accuracy, %")
        left.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="lower right")
        self._bars = right.bar(range(1, E + 1), [0.0] * E, color=BLUE, alpha=0.75)
        right.set(ylim=(0, 1.05), xlabel="exit", ylabel="share of images")
        right.set_xticks(range(1, E + 1))
        right.grid(False, axis="x")
        live.live(self._point, self._bars)
        slider = FloatSlider(threshold, min=0, max=1, step=0.01, description="threshold")
        super().__init__({"threshold": slider}, figure=live)

    def draw(self, threshold: float) -> str:
        cost, rate, shares = self._at(threshold)
        self._point.set_data([cost / 1e3], [100 * rate])
        for bar, share in zip(self._bars, shares, strict=True):
            bar.set_height(share)
        whole = self._costs[-1].item()
        told = ", ".join(f"exit {number} <b>{share:.0%}</b>" for number, share in enumerate(shares, start=1))
        return f"Leaving at {told}. Mean cost <b>{cost / whole:.0%}</b> of all the way; accuracy <b>{rate:.1%}</b>."

    def _at(self, threshold: float) -> tuple[float, float, list[float]]:
        """Mean cost, accuracy, and the share that leaves at each exit."""
        left = first_sure(self._logits, threshold)
        right = self._right[left, torch.arange(len(left))].double().mean()
        shares = torch.bincount(left, minlength=len(self._costs)).double() / len(left)
        return float(self._costs[left].mean()), float(right), shares.tolist()
