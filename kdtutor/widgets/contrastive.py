"""What is touched in the lesson on contrast: one image among others, the two parts of a divergence, and logits that
have another scale."""

import math
from collections.abc import Callable

import numpy as np
import torch
from ipywidgets import Dropdown, FloatLogSlider, FloatSlider, IntSlider
from jaxtyping import Float, Int
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, bare
from ..papers.contrastive import TEMPERATURE, nce_loss
from ..papers.decoupled import nckd_loss, tckd_loss
from ..papers.hinton import kd_loss, soften
from ..papers.standardized import standardized_loss
from ..papers.stronger import dist_loss
from .explorer import Explorer
from .live import LiveFigure

IMAGES, OWN = 16, 3  # on the circle, evenly; the one that is looked at
LOWEST_TOP = 12.0  # of the axis on which the parts of a divergence stand; it doubles where β·NCKD lies above
LOUDEST = 3.0  # the student's logits are from 2⁻³ to 2³ times the teacher's
ORDERS = ("the teacher's", "two classes exchanged", "with noise")


class ContrastExplorer(Explorer):
    """Sixteen images on a circle as the teacher sees them, and the student's view of one, which may turn.

    At the right, for each image the probability h that it is the one that the student sees: P / (P + K/N). Z is that of
    a student who points anywhere, times a factor.
    """

    def __init__(self, angle: int = 150, temperature: float = 0.3) -> None:
        live = LiveFigure(
            alt="A circle with sixteen points, the teacher's views of images, one of them a star, and an arrow, "
            "the student's view of that one. Bars: the probability of each to be the image that the student sees.",
            size=(7.4, 3.4), width_ratios=(1, 1.5),
        )  # fmt: skip
        circle, bars = live.axes
        self._turns = 2 * math.pi * torch.arange(IMAGES, dtype=torch.float64) / IMAGES
        x, y = self._turns.cos().numpy(), self._turns.sin().numpy()
        around = np.linspace(0, 2 * math.pi, 101)
        circle.plot(np.cos(around), np.sin(around), color="0.85", linewidth=1)
        others = [k for k in range(IMAGES) if k != OWN]
        circle.plot(x[others], y[others], "o", color=ORANGE, markersize=7)
        circle.plot(x[OWN], y[OWN], "*", color=BLUE, markersize=15)
        bare(circle).set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal", title="the teacher's memory")
        (self._arrow,) = circle.plot([0, 1], [0, 0], color=VERMILION, linewidth=3)
        (self._tip,) = circle.plot([1], [0], "o", color=VERMILION, markersize=8)
        self._bars = bars.bar(
            range(IMAGES), [0.5] * IMAGES, color=[BLUE if k == OWN else ORANGE for k in range(IMAGES)]
        )
        bars.axhline(0.5, color="0.4", linestyle=":", linewidth=1.2)
        bars.set(ylim=(0, 1.02), xlabel="image", ylabel="h: is it this one?")
        bars.set_xticks([OWN], ["its own"])
        bars.grid(False, axis="x")
        live.live(self._arrow, self._tip, self._bars)
        super().__init__(
            {
                "angle": IntSlider(angle, min=0, max=360, step=5, description="student's view, °"),
                "temperature": FloatLogSlider(
                    temperature, base=10, min=-1.2, max=0.4, step=0.1, description="temperature τ", readout_format=".2f"
                ),
                "factor": FloatLogSlider(
                    1.0, base=10, min=-2, max=2, step=0.25, description="Z, times", readout_format=".2f"
                ),
            },
            figure=live,
        )

    def draw(self, angle: int, temperature: float, factor: float) -> str:
        turn = math.radians(angle)
        scores = torch.cos(self._turns - turn) / temperature
        usual = torch.cos(torch.linspace(0, 2 * math.pi, 361)[:-1].double()) / temperature
        log_P = scores - (usual.logsumexp(0) - math.log(360) + math.log(IMAGES) + math.log(factor))
        K = IMAGES - 1
        h = torch.sigmoid(log_P - math.log(K / IMAGES))
        order = [OWN, *(k for k in range(IMAGES) if k != OWN)]
        loss = nce_loss(log_P[order][None], rows=IMAGES).item()
        self._arrow.set_data([0, math.cos(turn)], [0, math.sin(turn)])
        self._tip.set_data([math.cos(turn)], [math.sin(turn)])
        for bar, value in zip(self._bars, h.tolist(), strict=True):
            bar.set_height(value)
        return (
            f"The loss is <b>{loss:.2f}</b>. The bound on what the two views know of each other: ln {K} − loss = "
            f"<b>{math.log(K) - loss:+.2f}</b> nats, of {math.log(K):.2f} at most (the paper's τ is {TEMPERATURE})."
        )


class TargetExplorer(Explorer):
    """A sample whose teacher becomes surer of the label, and what is left of the two parts of the divergence.

    z_s, z_t: logits of a student and of a teacher, (N, K); labels: (N,).
    """

    def __init__(
        self, z_s: Float[Tensor, "N K"], z_t: Float[Tensor, "N K"], labels: Int[Tensor, " N"], T: float = 4.0
    ) -> None:
        require(
            z_s.shape == z_t.shape and len(labels) == len(z_s) > 0,
            f"logits {tuple(z_s.shape)} and {tuple(z_t.shape)}, {len(labels)} labels; expected (N, K) twice and (N,)",
            ShapeError,
        )
        self.z_s, self.z_t, self.labels, self.T = (*(x.detach().cpu() for x in (z_s, z_t, labels)), T)
        live = LiveFigure(
            alt="Left: bars, the teacher's probabilities. Right, over what is added to the label's logit: the "
            "divergence, its part for the label, that for the other classes, and the latter with a weight of its own.",
            size=(7.6, 3.4), width_ratios=(1, 1.4),
        )  # fmt: skip
        left, right = live.axes
        K = z_s.shape[1]
        self._bars = left.bar(range(K), [0.1] * K, color="0.45")
        left.set(ylim=(0, 1.02), xlabel="class", ylabel=f"teacher's probability, T = {T:g}")
        left.set_xticks(range(K))
        left.grid(False, axis="x")
        self._grid = torch.linspace(-8, 24, 33)
        self._lines = [
            right.plot([], [], color=colour, linestyle=dash, label=label)[0]
            for label, colour, dash in (
                ("KD, the sum", BLACK, "-"), ("label: TCKD", GREEN, "--"), ("others: (1 − p)·NCKD", VERMILION, "-."),
                ("β·NCKD", PURPLE, ":"),
            )
        ]  # fmt: skip
        self._mark = right.axvline(0, color="0.3", linewidth=1)
        self._right = right
        right.legend(fontsize=8.5, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        right.set(xlim=(-8, 24), xlabel="added to the teacher's logit of the label", ylabel="nats")
        live.live(self._bars, self._lines, self._mark)
        super().__init__(
            {
                "sample": IntSlider(0, min=0, max=len(z_s) - 1, description="sample"),
                "added": FloatSlider(0.0, min=-8, max=24, step=0.5, description="surer by", readout_format=".1f"),
                "beta": FloatSlider(2.0, min=0, max=8, step=0.5, description="β", readout_format=".1f"),
            },
            figure=live,
        )

    def draw(self, sample: int, added: float, beta: float) -> str:
        label, K = int(self.labels[sample]), self.z_s.shape[1]

        def parts(more: Float[Tensor, " n"]) -> tuple[np.ndarray, ...]:
            """p of the label, TCKD and NCKD for each number that is added."""
            z_t = self.z_t[sample].repeat(len(more), 1)
            z_t[:, label] += more
            rows = [(self.z_s[sample][None], z[None], torch.tensor([label]), self.T) for z in z_t]
            found = [[tckd_loss(*row).item() for row in rows], [nckd_loss(*rows[0]).item()] * len(rows)]
            return soften(z_t, self.T)[:, label].numpy(), *map(np.array, found)

        p, target, others = parts(self._grid)
        curves = (target + (1 - p) * others, target, (1 - p) * others, beta * others)
        for line, curve in zip(self._lines, curves, strict=True):
            line.set_data(self._grid, curve)
        doublings = math.ceil(math.log2(max(1.05 * beta * others[0] / LOWEST_TOP, 1.0)))
        self._right.set_ylim(0, LOWEST_TOP * 2**doublings)
        self._mark.set_xdata([added, added])
        (p,), (target,), (others,) = parts(torch.tensor([added]))
        z = self.z_t[sample].clone()
        z[label] += added
        for k, (bar, value) in enumerate(zip(self._bars, soften(z, self.T).tolist(), strict=True)):
            bar.set_height(value)
            bar.set_color(GREEN if k == label else VERMILION)
        return (
            f"p = {p:.3f}: KD = TCKD + (1 − p)·NCKD = {target:.2f} + {1 - p:.3f} · {others:.2f} = "
            f"<b>{target + (1 - p) * others:.2f}</b>. DKD gives the {K - 1} others <b>{beta * others:.2f}</b>, "
            f"whatever p is."
        )


class ScaleExplorer(Explorer):
    """A student whose logits are the teacher's in another scale, and what it pays for that under three losses.

    z_t: the teacher's logits, (N, K). Costs are beside those of a student that finds all classes equal.
    """

    def __init__(self, z_t: Float[Tensor, "N K"]) -> None:
        self.z_t = z_t.detach().cpu().float()
        require(self.z_t.ndim == 2 and len(z_t) > 1, f"logits {tuple(z_t.shape)}; expected (N, K), N > 1", ShapeError)
        noise = torch.randn(self.z_t.shape, generator=torch.Generator().manual_seed(0))
        first, second = self.z_t.topk(2, dim=1).indices.T
        rows = torch.arange(len(self.z_t))
        exchanged = self.z_t.clone()
        exchanged[rows, first], exchanged[rows, second] = self.z_t[rows, second], self.z_t[rows, first]
        self._as = dict(zip(ORDERS, (self.z_t, exchanged, self.z_t + self.z_t.std() / 2 * noise), strict=True))
        nothing = torch.zeros_like(self.z_t)
        self._losses: dict[str, Callable[..., Tensor]] = {
            "KL, T = 4": kd_loss,
            "DIST": dist_loss,
            "z-scores": standardized_loss,
        }
        self._unit = {name: loss(nothing, self.z_t).item() for name, loss in self._losses.items()}
        live = LiveFigure(
            alt="Left: a sample's logits of the student over those of the teacher, and the diagonal. Right, over the "
            "scale: the cost under KL, which is low at one scale only, under DIST, and under z-scores, a level line.",
            size=(7.6, 3.4), width_ratios=(1, 1.4),
        )  # fmt: skip
        left, right = live.axes
        reach = 1.1 * self.z_t[0].abs().max().item()
        left.axline((0, 0), slope=1, color="0.6", linewidth=1)
        (self._dots,) = left.plot([], [], "o", color=VERMILION, markersize=5)
        left.set(xlim=(-reach, reach), ylim=(-2 * reach, 2 * reach), xlabel="logit, teacher", ylabel="logit, student")
        self._grid = np.linspace(-LOUDEST, LOUDEST, 25)
        looks = ((BLACK, "-"), (GREEN, "--"), (PURPLE, "-."))
        self._lines = [
            right.plot([], [], color=colour, linestyle=dash, label=name)[0]
            for name, (colour, dash) in zip(self._losses, looks, strict=True)
        ]
        self._mark = right.axvline(0, color="0.3", linewidth=1)
        right.axhline(1, color="0.5", linestyle=":", linewidth=1.2)
        right.annotate("all classes equal", (-LOUDEST, 1), xytext=(2, 2), textcoords="offset points", fontsize=8.5)
        right.legend(fontsize=8.5, framealpha=0.8, edgecolor="none", loc="upper left")
        right.set(xlim=(-LOUDEST, LOUDEST), ylim=(-0.05, 2), xlabel="scale of the student's logits", ylabel="cost")
        ticks = range(-int(LOUDEST), int(LOUDEST) + 1)
        right.set_xticks(ticks, [f"{2.0**k:g}" if k >= 0 else f"1/{2**-k}" for k in ticks])
        live.live(self._dots, self._lines, self._mark)
        super().__init__(
            {
                "order": Dropdown(options=list(ORDERS), value=ORDERS[0], description="order of classes"),
                "scale": FloatLogSlider(
                    1.0, base=2, min=-LOUDEST, max=LOUDEST, step=0.25, description="scale", readout_format=".2f"
                ),
                "shift": FloatSlider(0.0, min=-5, max=5, step=0.5, description="shift", readout_format=".1f"),
            },
            figure=live,
        )

    def draw(self, order: str, scale: float, shift: float) -> str:
        z = self._as[order]
        self._dots.set_data(self.z_t[0], scale * z[0] + shift)
        for line, name in zip(self._lines, self._losses, strict=True):
            line.set_data(self._grid, [self._cost(name, 2.0**k * z + shift) for k in self._grid])
        self._mark.set_xdata([math.log2(scale)] * 2)
        costs = [f"{name} <b>{self._cost(name, scale * z + shift):.2f}</b>" for name in self._losses]
        return f"{scale:.2g} · z {shift:+.1f}: the cost under {', '.join(costs)} (1: a student that knows nothing)."

    def _cost(self, name: str, z_s: Float[Tensor, "N K"]) -> float:
        return max(0.0, self._losses[name](z_s, self.z_t).item() / self._unit[name])  # rounding may bring it below
