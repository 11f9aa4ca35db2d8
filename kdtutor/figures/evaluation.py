"""How good a net is: which classes it takes for which, whether it is as sure as it is right, numbers over numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int
from matplotlib.ticker import PercentFormatter
from torch import Tensor

from .charts import array
from .picture import Picture
from .style import BLUE, VERMILION

if TYPE_CHECKING:
    from ..train.calibration import Calibration

WRITTEN = 12
"""Classes up to which the counts are written into the cells."""
NAMED = 40
"""Classes up to which each has its name at the side; of more every n-th has."""
LARGEST = 9.0  # inches of a side


def confusion(counts: Int[Tensor, "K K"], classes: Sequence[str], *, alt: str, title: str = "") -> Picture:
    """Of each true class (row), which share was called each class (column): unequal classes can be compared.

    Up to 12 classes the counts are written into the cells, up to 40 every class is named; a cell stays visible however
    many there are, because the scale is that of a square root.
    """
    table = array(counts).astype(np.float64)
    share = table / np.maximum(table.sum(1, keepdims=True), 1)
    K = len(classes)
    side = min(LARGEST, 1.8 + (0.45 if K <= WRITTEN else 0.17) * K)
    picture = Picture(alt=alt, size=(side + 0.9, side))
    ax = picture.subplots()
    shown = ax.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    step = -(-K // NAMED)
    ticks = list(range(0, K, step))
    names = [name if len(name) <= 16 else f"{name[:15]}…" for name in (classes[k] for k in ticks)]
    small = 9.5 if K <= WRITTEN else 7.5
    ax.set_xticks(ticks, names, rotation=90 if K > 5 else 30, ha="center" if K > 5 else "right", fontsize=small)
    ax.set_yticks(ticks, names, fontsize=small)
    if K <= WRITTEN:
        for (row, column), count in np.ndenumerate(table.astype(int)):
            colour = "white" if share[row, column] > 0.4 else "0.15"
            ax.text(column, row, str(count), ha="center", va="center", fontsize=8.5, color=colour if count else "0.75")
    ax.grid(False)
    ax.set(xlabel="predicted", ylabel="true", title=title)
    bar = picture.colorbar(shown, ax=ax, label="share of the true class", shrink=0.8)
    marks = [0.0, 0.01, 0.05, 0.2, 0.5, 1.0]
    bar.set_ticks([mark**0.5 for mark in marks], labels=[f"{mark:.0%}" for mark in marks])
    return picture


def reliability(calibrations: "dict[str, Calibration]", *, alt: str) -> Picture:
    """Accuracy over confidence, bin by bin, and below it how many predictions a bin holds; on the diagonal a net is as
    sure as it is right. One column a net."""
    picture = Picture(alt=alt, size=(0.6 + 3.1 * len(calibrations), 4.0))
    axes = picture.subplots(2, len(calibrations), squeeze=False, sharex=True, height_ratios=(3, 1))
    for (upper, lower), (name, calibration) in zip(axes.T, calibrations.items(), strict=True):
        M = len(calibration.counts)
        middles, filled = (np.arange(M) + 0.5) / M, array(calibration.counts) > 0
        right, sure = array(calibration.accuracy)[filled], array(calibration.confidence)[filled]
        upper.bar(middles[filled], right, width=0.9 / M, color=BLUE, label="accuracy")
        upper.plot(sure, sure, "o", color=VERMILION, markersize=4, label="confidence")
        upper.plot([0, 1], [0, 1], color="0.4", linestyle=":", linewidth=1.2)
        upper.set(title=f"{name}: ECE {100 * calibration.error:.1f} %", ylim=(0, 1.02), xlim=(0, 1))
        upper.yaxis.set_major_formatter(PercentFormatter(1.0))
        lower.bar(middles, array(calibration.counts), width=0.9 / M, color="0.6")
        lower.xaxis.set_major_formatter(PercentFormatter(1.0))
        lower.set_xlabel("confidence")
    axes[0, 0].set_ylabel("share that is right")
    axes[0, 0].legend(fontsize=8.5, framealpha=0.8, edgecolor="none", loc="upper left")
    axes[1, 0].set_ylabel("images")
    return picture


def scatter(
    truth: Float[Tensor, "N D"], predictions: Float[Tensor, "N D"], names: Sequence[str], *, alt: str
) -> Picture:
    """What a net says of each image over what is true, a pair of axes a number; on the diagonal it is right."""
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    picture = Picture(alt=alt, size=(0.5 + 3.2 * columns, 0.3 + 3.0 * rows))
    axes = picture.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    for ax, name, x, y in zip(axes, names, array(truth).T, array(predictions).T, strict=False):
        known = ~np.isnan(x)
        ends = [np.nanmin([x[known], y[known]]), np.nanmax([x[known], y[known]])]
        ax.plot(ends, ends, color="0.4", linestyle=":", linewidth=1.2)
        ax.plot(x[known], y[known], "o", color=BLUE, alpha=0.5, markersize=4, markeredgewidth=0)
        ax.set(title=name, xlabel="true", ylabel="predicted")
    return picture
