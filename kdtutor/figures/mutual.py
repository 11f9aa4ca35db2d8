"""Pictures of the lesson on mutual learning: the triangle of three classes, certainty over training, shaken weights."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from ..errors import ShapeError, require
from ..train.seeds import mean_and_error_by
from .charts import array
from .picture import Picture
from .style import BLUE, GREEN, PURPLE, ROLES, VERMILION, Look, bare

if TYPE_CHECKING:
    import pandas as pd

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
METHODS: dict[str, Look] = {
    "alone": ROLES["alone"],
    "together, same images": {"color": GREEN, "linestyle": "-.", "marker": "v"},
    "together": ROLES["taught"],
    "taught": {"color": PURPLE, "linestyle": (0, (5, 1, 1, 1)), "marker": "D"},
}
"""How the methods of the studies look."""
NETS: tuple[Look, Look] = (
    {"color": BLUE, "linestyle": "-", "marker": "o"},
    {"color": VERMILION, "linestyle": "--", "marker": "s"},
)
"""How the first and the second net look where both are drawn."""


def in_triangle(p: Float[Tensor, "*B 3"]) -> NDArray[np.float64]:
    """Probabilities of three classes as points (x, y) of a triangle: a corner is a sure answer, the middle knows
    nothing. Raises `ShapeError` for other numbers of classes."""
    require(
        p.shape[-1:] == (3,), f"probabilities of the shape {tuple(p.shape)}; a triangle has three classes", ShapeError
    )
    points: NDArray[np.float64] = array(p).astype(np.float64) @ CORNERS
    return points


def triangle(ax: Axes, classes: Sequence[str]) -> Axes:
    """The triangle itself on `ax`, with the names of the classes at its corners."""
    bare(ax).set_aspect("equal")
    ax.plot(*CORNERS[[0, 1, 2, 0]].T, color="0.4", linewidth=1.2)
    ax.plot(*CORNERS.mean(0), "+", color="0.6", markersize=9)
    places = [("right", "top"), ("left", "top"), ("center", "bottom")]
    for (x, y), name, (across, along) in zip(CORNERS, classes, places, strict=True):
        ax.text(x, y + (0.03 if along == "bottom" else -0.03), name, ha=across, va=along, fontsize=10)
    ax.set(xlim=(-0.12, 1.12), ylim=(-0.12, 1.0))
    return ax


def undecided(pairs: Mapping[str, tuple[Float[Tensor, "2 _N"], float]], *, alt: str) -> Picture:
    """How undecided the two nets of each pair are, and how often they disagree.

    pairs: {method: (the entropies of both nets' answers, the share of images on which the nets disagree)}. At the left
    the mean of each net as a dot, that of both as a bar.
    """
    picture = Picture(alt=alt, size=(6.4, 2.8))
    left, right = picture.subplots(1, 2)
    for x, (method, (entropies, apart)) in enumerate(pairs.items()):
        nets, color = array(entropies).mean(1), METHODS[method]["color"]
        left.bar(x, nets.mean(), width=0.6, color=color, alpha=0.75)
        left.plot([x - 0.1, x + 0.1], nets, "o", color="white", markeredgecolor="0.2", markersize=4)
        right.bar(x, 100 * apart, width=0.6, color=color, alpha=0.75)
    left.set_ylabel("entropy, nats")
    right.set_ylabel("they disagree, % of images")
    for ax in (left, right):
        ax.set_xticks(range(len(pairs)), list(pairs))
        ax.grid(False, axis="x")
    return picture


def certainty(frames: Mapping[str, "pd.DataFrame"], *, alt: str, methods: Sequence[str] = tuple(METHODS)) -> Picture:
    """Entropy on validation images over the epochs, mean ± standard error over the seeds: a panel for each study."""
    picture = Picture(alt=alt, size=(0.8 + 3.6 * len(frames), 3.1))
    axes = picture.subplots(1, len(frames), squeeze=False, sharey=True)[0]
    for ax, (title, frame) in zip(axes, frames.items(), strict=True):
        for method in methods:
            epochs, mean, error = mean_and_error_by(frame[frame["method"] == method], "epoch", "entropy")
            ax.errorbar(epochs, mean, error, label=method, capsize=3, markersize=5, **METHODS[method])
        ax.set(xlabel="epoch", title=title)
    axes[0].set_ylabel("entropy, nats")
    axes[-1].legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def shaken(frame: "pd.DataFrame", *, alt: str, methods: Sequence[str] = tuple(METHODS)[:3]) -> Picture:
    """Training loss over the noise in the weights, mean ± standard error over the seeds: at the left with the same in
    every parameter, at the right in units of each filter's length."""
    picture = Picture(alt=alt, size=(7.4, 3.1))
    axes = picture.subplots(1, 2)
    for ax, relative in zip(axes, (False, True), strict=True):
        for method in methods:
            rows = frame[(frame["method"] == method) & (frame["relative"] == relative)]
            sigmas, mean, error = mean_and_error_by(rows, "sigma", "loss")
            ax.errorbar(sigmas, mean, error, label=method, capsize=3, markersize=5, **METHODS[method])
        ax.set(xlabel="σ", title=f"{'relative' if relative else 'absolute'} noise")
    axes[0].set_ylabel("training loss, nats")
    axes[0].legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture
