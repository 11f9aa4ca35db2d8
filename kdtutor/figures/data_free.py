"""Pictures of the lesson on data-free learning: the three losses as curves, what a generator makes, who is ahead."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from .charts import Array, array, mean_line
from .picture import Picture
from .style import BLUE, GREEN, ORANGE, VERMILION, Look, bare

if TYPE_CHECKING:
    import pandas as pd

GREYS = 12  # steps from black to white in a page of images: nobody misses the others, and a file is half as large

LOOKS: dict[str, Look] = {
    "replay": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "faithful": {"color": GREEN, "linestyle": "-.", "marker": "D"},
    "adversarial": {"color": VERMILION, "linestyle": "--", "marker": "s"},
}
"""How the three loops look: DAFL with replay, DAFL one to one, and lesson 9's rival."""


def loss_curves(classes: int, *, alt: str) -> Picture:
    """Left the one-hot loss over the height of one logit above the others; right the entropy loss over the share of one
    class, where the others share the rest alike."""
    picture = Picture(alt=alt, size=(8.2, 2.9))
    left, right = picture.subplots(1, 2)
    height = np.linspace(0, 10, 101)
    left.plot(height, np.log1p((classes - 1) * np.exp(-height)), color=BLUE, linewidth=2.5)
    left.axhline(math.log(classes), color="0.5", linestyle=":")
    left.annotate(f"log {classes}", (10, math.log(classes)), xytext=(0, -12), textcoords="offset points", ha="right")
    left.set(xlabel="height of the largest logit", title="one-hot loss, nats", ylim=(0, None))
    share = np.linspace(1e-6, 1 - 1e-6, 201)
    rest = (1 - share) / (classes - 1)
    right.plot(share, share * np.log(share) + (1 - share) * np.log(rest), color=ORANGE, linewidth=2.5)
    right.axvline(1 / classes, color="0.5", linestyle=":")
    right.annotate("all alike", (1 / classes, 0), xytext=(4, -6), textcoords="offset points")
    right.set(xlabel="share of one class", title="entropy loss, nats")
    for ax in (left, right):
        ax.title.set_fontsize(11)
    return picture


def mosaic(images: Float[Tensor, "N 1 H W"], columns: int) -> Array:
    """The images as one picture, row by row, each stretched to the full range, with a white line between them."""
    pixels = array(images)
    require(pixels.ndim == 4 and pixels.shape[1] == 1, f"images {pixels.shape}: expected (N, 1, H, W)", ShapeError)
    low, high = pixels.min((1, 2, 3), keepdims=True), pixels.max((1, 2, 3), keepdims=True)
    greys = np.round((pixels - low) / np.maximum(high - low, 1e-6) * GREYS) / GREYS
    framed = np.pad(greys, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=1)
    rows = len(framed) // columns
    _, _, height, width = framed.shape
    return framed[: rows * columns, 0].reshape(rows, columns, height, width).swapaxes(1, 2).reshape(
        rows * height, columns * width
    )  # fmt: skip


def class_bars(ax: Any, shares: Sequence[float] | Array) -> Any:
    """The share of each class as a bar, with a line where all would be alike. Returns the bars."""
    classes = len(shares)
    drawn = ax.bar(range(classes), shares, color=BLUE, width=0.75)
    ax.axhline(1 / classes, color="0.4", linestyle=":", linewidth=1.2)
    ax.set_xticks(range(classes))
    ax.set(ylim=(0, 1), yticks=(0, 0.5, 1))
    ax.grid(False)
    return drawn


def dreams(
    cases: Mapping[str, tuple[Float[Tensor, "N 1 H W"], Sequence[float] | Array]], *, alt: str, columns: int = 10
) -> Picture:
    """A row for each case: some of its images, and beside them how the teacher's answers spread over the classes.

    cases: {title: (images, the share of each class)}; the first `columns` images are drawn, two rows of them.
    """
    picture = Picture(alt=alt, size=(8.6, 1.3 * len(cases) + 0.3))
    axes = picture.subplots(len(cases), 2, squeeze=False, gridspec_kw={"width_ratios": (2.6, 1)})
    for (left, right), (title, (images, shares)) in zip(axes, cases.items(), strict=True):
        bare(left).imshow(mosaic(images[: 2 * columns], columns), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        left.set_ylabel(title, fontsize=10, rotation=0, ha="right", va="center")
        class_bars(right, shares)
    axes[0, 1].set_title("share of each class", fontsize=10)
    return picture


def class_shares(shares: Mapping[str, Float[Tensor, "seeds K"] | Array], *, alt: str) -> Picture:
    """A panel for each case: the share of each class, a line for each seed; classes sorted, largest share first."""
    picture = Picture(alt=alt, size=(8.6, 2.5))
    axes = picture.subplots(1, len(shares), sharey=True, squeeze=False)[0]
    for ax, (title, values) in zip(axes, shares.items(), strict=True):
        table = -np.sort(-array(values), axis=1)
        places = np.arange(1, table.shape[1] + 1)
        ax.plot(places, table.T, color="0.6", linewidth=1)
        ax.plot(places, table.mean(0), color=BLUE, marker="o", markersize=4)
        ax.axhline(1 / table.shape[1], color="0.4", linestyle=":", linewidth=1.2)
        ax.set_title(title, fontsize=11)
        ax.set_xlabel("class, by its share")
        ax.set_xticks((1, 5, 10))
    axes[0].set(ylim=(0, 1), ylabel="share")
    return picture


def race(rows: "pd.DataFrame", steps: int, *, alt: str, names: Mapping[str, str]) -> Picture:
    """Left: validation accuracy over the student's steps, mean and standard error over the seeds, a line for each loop.
    Right: test accuracy of every seed over its CPU seconds.

    rows: with loop, seed, epoch, val; test and seconds where an epoch is the last. steps: in an epoch. names: {loop:
    what the legend says}.
    """
    picture = Picture(alt=alt, size=(8.6, 3.3))
    left, right = picture.subplots(1, 2)
    for loop, name in names.items():
        mine = rows[rows["loop"] == loop]
        mean_line(left, mine.assign(steps=steps * mine["epoch"]), "steps", "val", name, LOOKS[loop])
        last = mine.dropna(subset=["test"])
        look = {**LOOKS[loop], "linestyle": ""}
        right.plot(last["seconds"], 100 * last["test"], markersize=7, **look)
    left.set(xlabel="steps of the student", ylabel="validation accuracy, %")
    right.set(xlabel="CPU seconds of the run", ylabel="test accuracy, %", xlim=(0, None))
    picture.legend(loc="outside upper right", ncols=len(names), fontsize=9, edgecolor="none")
    return picture
