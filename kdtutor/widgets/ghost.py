"""What is touched in the lesson on ghost modules: two maps and a filter between them, and what a layer costs."""

from functools import partial
from typing import Any

import numpy as np
import torch
from ipywidgets import IntSlider, SelectionSlider
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import ShapeError, require
from ..figures.charts import array
from ..figures.ghost import SPREAD
from ..figures.style import DIVERGING, PURPLE, bare
from ..nets import count_multiply_adds
from ..papers.ghost import GhostModule, fastest, fit_depthwise, fitted, ghost_cost, ordinary_cost, standardised
from .explorer import Explorer
from .live import LiveFigure

KERNELS = (1, 3, 5, 7)


class PairExplorer(Explorer):
    """Two maps of one net on one image, the best d×d filter from the one to the other, and what it leaves.

    images: (B, 1, H, W), bytes. maps: (B, C, h, w) of the same images; the filter is fitted on all of them.
    """

    def __init__(
        self, images: Tensor, maps: Float[Tensor, "B C h w"], source: int = 1, target: int = 2, d: int = 3
    ) -> None:
        require(len(images) == len(maps), f"{len(images)} images and maps of {len(maps)}", ShapeError)
        self._z = standardised(maps.detach().cpu())
        self._pixels = array(images)[:, 0]
        count = maps.shape[1]
        live = LiveFigure(
            alt="An image; a map of it; a filter; the ghost that the filter makes of the map; the map that was wanted; "
            "what is left.",
            size=(8.6, 1.9),
            columns=6,
        )
        names = ("image", "map", "filter", "its ghost", "wanted", "left")
        empty, self._shown = np.zeros((2, 2)), {}
        for ax, name in zip(live.axes, names, strict=True):
            bare(ax).set_title(name, fontsize=11)
            look: dict[str, Any] = {"vmin": -SPREAD, "vmax": SPREAD, "extent": (0, 1, 1, 0)}
            if name == "image":
                look |= {"vmin": 0, "vmax": 255}
            cmap = DIVERGING if name in ("filter", "left") else "gray"
            self._shown[name] = ax.imshow(empty, cmap=cmap, interpolation="nearest", **look)
        live.axes[2].spines[:].set_visible(True)
        live.axes[2].spines[:].set_color("0.6")
        live.live(self._shown.values())
        super().__init__(
            {
                "source": IntSlider(source, min=1, max=count, description="map"),
                "target": IntSlider(target, min=1, max=count, description="wanted"),
                "d": SelectionSlider(options=KERNELS, value=d, description="kernel d"),
                "image": IntSlider(0, min=0, max=len(images) - 1, description="image"),
            },
            figure=live,
        )

    def draw(self, source: int, target: int, d: int, image: int) -> str:
        """Correlation r of the two maps, and the share of the variance that the best filter leaves."""
        x, y = self._z[:, source - 1], self._z[:, target - 1]
        kernel = fit_depthwise(x, y, d)
        made = fitted(x, kernel)
        values = array(kernel)
        self._shown["image"].set_data(self._pixels[image])
        self._shown["filter"].set_data(values * SPREAD / (float(np.abs(values).max()) or 1.0))
        for name, shown in {"map": x, "its ghost": made, "wanted": y, "left": made - y}.items():
            self._shown[name].set_data(array(shown[image]))
        r, left = (x * y).mean().item(), (made - y).square().mean().item()
        return (
            f"Over {len(x)} images the two maps have the correlation r = <b>{r:+.2f}</b>. The best {d}×{d} filter "
            f"leaves <b>{left:.0%}</b> of the variance of the map wanted."
        )


class CostExplorer(Explorer):
    """What a layer costs as an ordinary convolution and as a ghost module: counted exactly, and measured here."""

    MEASURES = ("parameters", "multiply-adds", "time, here")

    def __init__(self, width: int = 64, s: int = 2, d: int = 3, k: int = 3, size: int = 14, batch: int = 4) -> None:
        self._size, self._batch = size, batch
        self._took: dict[tuple[int, int, int, int], list[float]] = {}
        live = LiveFigure(
            alt="Three pairs of bars, parameters, multiply-adds and measured time: the ordinary layer is 1, beside it "
            "the ghost module.",
            size=(7.6, 2.9),
        )
        (ax,) = live.axes
        places = np.arange(3)
        ax.bar(places - 0.2, [1, 1, 1], 0.36, color="0.45", label="ordinary")
        self._bars = ax.bar(places + 0.2, [1, 1, 1], 0.36, color=PURPLE, hatch="//", edgecolor="white", label="ghost")
        ax.set_xticks(places, self.MEASURES)
        ax.set(ylim=(0, 2.2), ylabel="relative")
        ax.grid(False, axis="x")
        ax.legend(loc="upper left", fontsize=9, ncols=2)
        self._numbers = [ax.text(x + 0.2, 1, "", ha="center", va="bottom", fontsize=11) for x in places]
        live.live(self._bars, self._numbers)
        super().__init__(
            {
                "width": SelectionSlider(options=[8, 16, 32, 64, 128], value=width, description="maps, c = n"),
                "s": IntSlider(s, min=1, max=8, description="ratio s"),
                "d": SelectionSlider(options=KERNELS, value=d, description="cheap kernel d"),
                "k": SelectionSlider(options=(1, 3), value=k, description="kernel k"),
            },
            figure=live,
        )

    def draw(self, width: int, s: int, d: int, k: int) -> str:
        """Convolutions are counted, in norms nothing; timed is the whole layer with its norms and ReLUs."""
        size = self._size
        ordinary, ghost = ordinary_cost(width, width, k, size, size), ghost_cost(width, width, k, s, d, size, size)
        counted = [count_multiply_adds(layer, self._maps(width)[:1]) for layer in _layers(width, s, d, k)]
        took = self.took(width=width, s=s, d=d, k=k)
        shares = (ghost.parameters / ordinary.parameters, counted[1] / counted[0], took[1] / took[0])
        for bar, number, share in zip(self._bars, self._numbers, shares, strict=True):
            bar.set_height(min(share, 2.0))
            number.set_y(min(share, 2.0))
            number.set_text(f"{share:.2f}")
        return (
            f"Ordinary: {ordinary.parameters:,} parameters, {counted[0]:,} multiply-adds an image, {took[0]:.2f} ms. "
            f"Ghost: <b>{ghost.parameters:,}</b>, <b>{counted[1]:,}</b>, <b>{took[1]:.2f} ms</b> "
            f"(batch of {self._batch}, maps of {size}×{size})."
        )

    def took(self, width: int, s: int, d: int, k: int) -> list[float]:
        """Milliseconds of the ordinary layer and of the ghost module, measured when it is first asked for."""
        if (width, s, d, k) not in self._took:
            x = self._maps(width)
            with torch.no_grad():
                works = [partial(layer, x) for layer in _layers(width, s, d, k)]
                self._took[width, s, d, k] = fastest(works, repeats=4)
        return self._took[width, s, d, k]

    def _maps(self, width: int) -> Float[Tensor, "batch width size size"]:
        generator = torch.Generator().manual_seed(0)
        return torch.randn(self._batch, width, self._size, self._size, generator=generator)


def _layers(width: int, s: int, d: int, k: int) -> list[nn.Module]:
    """The ordinary layer, which is the ghost module of ratio 1, and the ghost module."""
    with torch.random.fork_rng(devices=[]):
        return [GhostModule(width, width, k, ratio, d).eval() for ratio in (1, s)]
