"""What is touched in the lesson on GAN compression: z with all networks side by side, blur, and a distance of hills."""

from collections.abc import Mapping

import numpy as np
import torch
from ipywidgets import FloatSlider, IntSlider, SelectionSlider
from jaxtyping import Float, Int
from matplotlib.patches import Polygon
from torch import Tensor

from ..errors import ShapeError, require
from ..figures.charts import Array, array
from ..figures.gan import grey, make
from ..figures.style import BLUE, VERMILION, bare
from ..nets import Generator
from ..papers.gan import laplacian, laplacian_variance
from ..train import Judge
from .explorer import Explorer
from .live import LiveFigure

REACH = 4.0  # how far the sliders go along a direction; z has length √Z, 5.7 for Z = 32


class WalkExplorer(Explorer):
    """One z, all networks side by side: two directions of latent space, and the way from one z to another."""

    def __init__(
        self,
        networks: Mapping[str, Generator],
        directions: Float[Tensor, "two Z"],
        ends: Float[Tensor, "two Z"],
        judge: Judge | None = None,
    ) -> None:
        for what, given in (("directions", directions), ("ends", ends)):
            require(len(given) == 2, f"{what}: {len(given)} vectors; expected 2", ShapeError)
        self.networks, self.judge = dict(networks), judge
        self.directions, self.ends = directions, ends
        live = LiveFigure(
            alt=f"The images that {', '.join(networks)} make of one z, side by side.",
            size=(1.75 * len(networks), 2.05),
            columns=len(networks),
        )
        blank = np.zeros(next(iter(networks.values())).shape[1:])
        self._images = []
        for ax, name in zip(live.axes, networks, strict=True):
            self._images.append(bare(ax).imshow(blank, cmap="gray", vmin=0, vmax=1, interpolation="nearest"))
            ax.set_title(name, fontsize=11)
        live.live(self._images)
        super().__init__(
            {
                "first": FloatSlider(0, min=-REACH, max=REACH, step=0.25, description="along direction 1"),
                "second": FloatSlider(0, min=-REACH, max=REACH, step=0.25, description="along direction 2"),
                "way": FloatSlider(0, min=0, max=1, step=0.05, description="from A to B"),
            },
            figure=live,
        )

    def latent(self, first: float, second: float, way: float) -> Float[Tensor, "1 Z"]:
        """The point between the two ends, as long as their mean, moved along both directions."""
        return between(self.ends[0], self.ends[1], way) + first * self.directions[:1] + second * self.directions[1:]

    def draw(self, first: float, second: float, way: float) -> str:
        z = self.latent(first, second, way)
        seen = []
        for (name, net), shown in zip(self.networks.items(), self._images, strict=True):
            image = make(net, z)
            shown.set_data(grey(image)[0])
            if self.judge is not None:
                sure, k = self.judge.look(image)[1].softmax(1)[0].max(0)
                seen.append(f"{name}: class {int(k)} ({100 * float(sure):.0f} %)")
        words = "; ".join(seen)
        return f"|z| = {float(z.norm()):.1f}. " + (f"The judge sees {words}." if seen else "")


def between(a: Float[Tensor, " Z"], b: Float[Tensor, " Z"], way: float) -> Float[Tensor, "1 Z"]:
    """From a (way = 0) to b (way = 1) along the great circle: latents of a usual length all the way, since a straight
    line would lead through the thinly populated middle."""
    angle = torch.arccos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))
    if float(angle.sin()) < 1e-6:
        return torch.lerp(a, b, way)[None]
    return (((1 - way) * angle).sin() / angle.sin() * a + (way * angle).sin() / angle.sin() * b)[None]


class BlurExplorer(Explorer):
    """The best answer, in squared error, of somebody who cannot tell several images apart: their mean."""

    def __init__(self, images: Float[Tensor, "N 1 H W"], labels: Int[Tensor, " N"], digit: int = 4) -> None:
        self.images, self.labels = images, labels
        live = LiveFigure(
            alt="Left the mean of several images, in the middle its Laplacian, right a bar: the sharpness.",
            size=(7.2, 2.5),
            width_ratios=(1, 1, 1.2),
        )
        size = images.shape[2]
        self._mean = bare(live.axes[0]).imshow(
            np.zeros((size, size)), cmap="gray", vmin=0, vmax=1, interpolation="nearest"
        )
        self._edges = bare(live.axes[1]).imshow(
            np.zeros((size - 2, size - 2)), cmap="PuOr", vmin=-500, vmax=500, interpolation="nearest"
        )
        live.axes[0].set_title("mean", fontsize=11)
        live.axes[1].set_title("Laplacian", fontsize=11)
        bar = live.axes[2]
        self._bars = bar.bar(["one image", "the mean"], [0, 0], color=["0.6", BLUE], width=0.6)
        bar.set(ylim=(0, 35_000), ylabel="sharpness")
        bar.grid(False, axis="x")
        live.live(self._mean, self._edges, self._bars)
        super().__init__(
            {
                "count": SelectionSlider(options=[1, 2, 4, 8, 16, 32], value=8, description="images"),
                "digit": IntSlider(digit, min=0, max=9, description="class"),
            },
            figure=live,
        )

    def draw(self, count: int, digit: int) -> str:
        chosen = self.images[self.labels == digit][:count]
        mean = chosen.mean(0, keepdim=True)
        self._mean.set_data(grey(mean)[0])
        self._edges.set_data(array(laplacian(mean))[0])
        numbers = float(laplacian_variance(chosen).mean()), float(laplacian_variance(mean))
        for bar, value in zip(self._bars, numbers, strict=True):
            bar.set_height(value)
        error = float((chosen - mean).square().mean())
        return (
            f"The mean of {len(chosen)} has sharpness <b>{numbers[1]:,.0f}</b>, the images themselves "
            f"{numbers[0]:,.0f} on average. Its squared error to them is {error:.2f}."
        )


class HillsExplorer(Explorer):
    """The Fréchet distance of two normal distributions on a line: means and spreads."""

    def __init__(self, mean: float = 1.5, spread: float = 0.5) -> None:
        live = LiveFigure(
            alt="Two hills, the densities of real and of made features; beside them a bar in two parts, the share of "
            "the means and that of the spreads in the distance.",
            size=(7.0, 2.8),
            width_ratios=(2.4, 1),
        )
        left, right = live.axes
        self._x = np.linspace(-4, 5, 400)
        real = density(self._x, 0, 1)
        left.fill_between(self._x, real, color="0.8")
        left.plot(self._x, real, color="0.4", linewidth=1.5, label="real: mean 0, spread 1")
        (self._line,) = left.plot(self._x, real, color=BLUE, linewidth=2.2, label="made")
        self._area = Polygon(np.zeros((3, 2)), closed=True, color=BLUE, alpha=0.2)
        left.add_patch(self._area)
        left.set(ylim=(0, 1.7), xlim=(-4, 5), xlabel="feature", ylabel="density")
        left.legend(fontsize=9, edgecolor="none")
        self._means = right.bar(["distance"], [0], color=VERMILION, width=0.5, label="means")
        self._spreads = right.bar(["distance"], [0], color=BLUE, width=0.5, hatch="//", edgecolor="w", label="spreads")
        right.set(ylim=(0, 10), xlim=(-0.8, 0.8))
        right.legend(fontsize=9, edgecolor="none", loc="upper right")
        right.grid(False, axis="x")
        live.live(self._area, self._line, self._means, self._spreads)
        super().__init__(
            {
                "mean": FloatSlider(mean, min=-3, max=3, step=0.25, description="mean, made"),
                "spread": FloatSlider(spread, min=0.25, max=2, step=0.25, description="spread, made"),
            },
            figure=live,
        )

    def draw(self, mean: float, spread: float) -> str:
        y = density(self._x, mean, spread)
        self._line.set_data(self._x, y)
        self._area.set_xy(np.column_stack([np.r_[self._x, self._x[::-1]], np.r_[y, np.zeros_like(y)]]))
        parts = mean**2, (spread - 1) ** 2
        self._means[0].set_height(parts[0])
        self._spreads[0].set_y(parts[0])
        self._spreads[0].set_height(parts[1])
        return f"Distance <b>{sum(parts):.2f}</b>: {parts[0]:.2f} for the means and {parts[1]:.2f} for the spreads."


def density(x: Array, mean: float, spread: float) -> Array:
    """Of the normal distribution."""
    return np.exp(-0.5 * ((x - mean) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
