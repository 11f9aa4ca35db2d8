"""What is touched in the lesson on spot-adaptive distillation: a hard coin, a sample's way, and the heat map."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from ipywidgets import Dropdown, FloatSlider, IntSlider, SelectionSlider
from jaxtyping import Float, UInt8
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.spot_adaptive import network
from ..figures.style import BLUE, GREEN, VERMILION, bare
from ..papers.spot_adaptive import TAU, gumbel
from .explorer import Explorer
from .live import LiveFigure

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 4000  # of the Gumbel noise
BINS = 20
TAUS = (0.1, 0.2, 0.5, 1.0, 2.0, TAU, 10.0, 25.0)


class GumbelExplorer(Explorer):
    """One coin with a policy's logits: how often it says "distil", and what the temperature does to its gradient."""

    def __init__(self, logit: float = 1.0, tau: float = 1.0, seed: int = 0) -> None:
        noise = gumbel(DRAWS, 2, generator=torch.Generator().manual_seed(seed))
        self.noise = noise[:, 0] - noise[:, 1]
        live = LiveFigure(
            alt="Left two bars: the share of draws that say distil, and the softmax probability. Right a histogram of "
            "the soft decisions between 0 and 1.",
            size=(8.0, 3.0),
            width_ratios=(1, 1.7),
        )
        left, right = live.axes
        self._bars = left.bar(("hard draws", "softmax"), [0, 0], color=[BLUE, GREEN], width=0.55)
        left.set(ylim=(0, 1.12), ylabel='probability of "distil"')
        left.grid(False, axis="x")
        self._numbers = [left.text(i, 0, "", ha="center", va="bottom", fontsize=11) for i in range(2)]
        edges = np.linspace(0, 1, BINS + 1)
        self._histogram = right.bar(edges[:-1], np.zeros(BINS), 1 / BINS, align="edge", color=BLUE, alpha=0.75)
        right.axvline(0.5, color="0.4", linestyle=":", linewidth=1.2)
        right.set(xlim=(0, 1), ylim=(0, 1), xlabel="soft decision", ylabel="share of the draws")
        live.live(self._bars, self._numbers, self._histogram)
        super().__init__(
            {
                "logit": FloatSlider(logit, min=-10, max=10, step=0.5, description="logit of distil"),
                "tau": SelectionSlider(options=TAUS, value=tau, description="τ"),
            },
            figure=live,
            name="gumbel",
        )

    def draw(self, logit: float, tau: float) -> str:
        """Hard and soft decisions of all draws, and the mean gradient of the soft ones."""
        noisy = logit + self.noise
        soft = torch.sigmoid(noisy / tau)
        rate, probability = (noisy >= 0).float().mean().item(), torch.sigmoid(torch.tensor(logit)).item()
        gradient = (soft * (1 - soft) / tau).mean().item()
        for bar, number, value in zip(self._bars, self._numbers, (rate, probability), strict=True):
            bar.set_height(value)
            number.set(text=f"{value:.3f}", y=value + 0.02)
        counts, _ = np.histogram(array(soft), BINS, (0, 1))
        for bar, count in zip(self._histogram, counts, strict=True):
            bar.set_height(count / DRAWS)
        return (
            f"{DRAWS:,} draws: <b>{rate:.3f}</b> say distil, softmax says <b>{probability:.3f}</b>. "
            f"Mean gradient of the soft decision: <b>{gradient:.4f}</b>."
        )


class WayExplorer(Explorer):
    """One image's way through the routing network after each epoch: which segments were the teacher's.

    images: (N, 1, H, W). logits: (epochs, N, spots, 2), the policy's after each epoch. noise: (N, spots, 2), one draw,
    so that a way changes only where the policy does. captions: a name for each image. facts: what the teacher says of
    each. Raises `ShapeError` where the numbers of images, spots or names differ.
    """

    def __init__(
        self,
        images: Float[Tensor, "N 1 H W"] | UInt8[Tensor, "N 1 H W"],
        logits: Float[Tensor, "epochs N spots 2"],
        noise: Float[Tensor, "N spots 2"],
        places: Sequence[str],
        captions: Sequence[str],
        facts: Sequence[str],
    ) -> None:
        require(
            logits.shape[1:] == noise.shape == (len(images), len(places), 2)
            and len(captions) == len(facts) == len(images),
            f"{len(images)} images, logits {tuple(logits.shape)}, noise {tuple(noise.shape)}, {len(places)} spots, "
            f"{len(captions)} captions and {len(facts)} facts do not belong together",
            ShapeError,
        )
        self.images, self.places, self.facts = images, tuple(places), tuple(facts)
        self.logits, self.noise = logits, noise
        self.probability = F.softmax(logits, 3)[..., 0]
        noisy = logits + noise
        self.decisions = noisy[..., 0] >= noisy[..., 1]
        live = LiveFigure(
            alt="Left an image. Right the routing network: a row of the teacher's boxes, a row of the student's, the "
            "way of the image as coloured arrows, and below each pair of boxes the probability of distil.",
            size=(8.6, 2.6),
            width_ratios=(1, 4.2),
        )
        left, right = live.axes
        bare(left)
        self._image = left.imshow(array(images[0, 0]), cmap="gray", vmin=0, vmax=_top(images))
        self._when = left.text(0.5, -0.1, "", ha="center", va="top", fontsize=10.5, transform=left.transAxes)
        self._network = network(right, self.places)
        live.live(self._image, self._when, self._network.artists())
        super().__init__(
            {
                "sample": Dropdown(options=[(c, i) for i, c in enumerate(captions)], value=0, description="image"),
                "epoch": IntSlider(1, min=1, max=len(logits), description="epoch"),
            },
            figure=live,
            name="way",
        )

    def draw(self, sample: int, epoch: int) -> str:
        """The way of one image after one epoch."""
        decisions, p = self.decisions[epoch - 1, sample].tolist(), self.probability[epoch - 1, sample].tolist()
        self._image.set_data(array(self.images[sample, 0]))
        self._when.set_text(f"after epoch {epoch}")
        self._network.take(decisions)
        for mark, value in zip(self._network.marks, p, strict=True):
            mark.set_text(f"p = {value:.2f}")
        theirs = [place for place, taken in zip(self.places, decisions, strict=True) if taken]
        segments = ", ".join(theirs) if theirs else "none"
        return f"After epoch {epoch}, the teacher's segments: <b>{segments}</b>. {self.facts[sample]}"


def _top(images: Tensor) -> float:
    return 255.0 if images.dtype == torch.uint8 else 1.0


class WeightExplorer(Explorer):
    """The stored heat map from below: host weight and τ chosen, accuracies of "always" and "adaptive", and the rates.

    frame: the rows of the study spot_temperature, after the last epoch.
    """

    def __init__(self, frame: "pd.DataFrame") -> None:
        self.rates = [column for column in frame if str(column).startswith("probability_")]
        adaptive = frame[frame["strategy"] == "adaptive"].groupby(["beta", "tau"])[["test", *self.rates]].mean()
        self.adaptive: Mapping[Any, Any] = adaptive.to_dict("index")
        self.always = frame[frame["strategy"] == "always"].groupby("beta")["test"].mean().to_dict()
        live = LiveFigure(
            alt="Left two bars: test accuracy where every sample is distilled and where the policy chooses. Right a "
            "bar for each spot: the mean probability of distil in the last epoch.",
            size=(8.0, 3.0),
            width_ratios=(1, 1.5),
        )
        left, right = live.axes
        self._left = left.bar(("always", "adaptive"), [0, 0], color=[VERMILION, BLUE], width=0.55)
        left.set(ylim=(0, 112), ylabel="test accuracy, %")
        names = [rate.removeprefix("probability_") for rate in self.rates]
        self._right = right.bar(names, [0] * len(names), color=BLUE, alpha=0.75, width=0.55)
        right.set(ylim=(0, 1.12), ylabel='probability of "distil"')
        for ax in live.axes:
            ax.grid(False, axis="x")
        self._numbers = [
            *(left.text(i, 0, "", ha="center", va="bottom", fontsize=10.5) for i in range(2)),
            *(right.text(i, 0, "", ha="center", va="bottom", fontsize=10.5) for i in range(len(names))),
        ]
        live.live(self._left, self._right, self._numbers)
        betas, taus = (sorted(frame[name].dropna().unique()) for name in ("beta", "tau"))
        super().__init__(
            {
                "beta": SelectionSlider(options=[(f"{b:g}", b) for b in betas], description="host weight β"),
                "tau": SelectionSlider(options=[(f"{t:g}", t) for t in taus], value=TAU, description="τ"),
            },
            figure=live,
            name="weight-tau",
        )

    def draw(self, beta: float, tau: float) -> str:
        """Bars of one setting."""
        here = self.adaptive[beta, tau]
        heights = [100 * self.always[beta], 100 * here["test"], *(here[rate] for rate in self.rates)]
        words = [f"{height:.1f}" for height in heights[:2]] + [f"{height:.2f}" for height in heights[2:]]
        for i, bar in enumerate((*self._left, *self._right)):
            bar.set_height(heights[i])
            self._numbers[i].set(text=words[i], y=heights[i] * 1.01)
        gap = heights[1] - heights[0]
        return f"β = {beta:g}, τ = {tau:g}: adaptive <b>{gap:+.1f}</b> points from always."
