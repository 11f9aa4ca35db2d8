"""Charts that every lesson uses: images in a grid, heat maps on one colour scale, a confusion matrix, bars.

Arrays or tensors in, a `Picture` out. Every function needs `alt`, the alternative text.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from torch import Tensor

from ..errors import ConfigError, ShapeError, require
from ..train.seeds import mean_and_error, mean_and_error_by
from .picture import Picture
from .style import DIVERGING, SEQUENTIAL, Look, bare, long, looks

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]


def array(values: Tensor | ArrayLike) -> Array:
    """`values` as a numpy array, whatever device and precision a tensor has."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        return (values.float() if values.is_floating_point() else values).numpy()
    return np.asarray(values)


def show_images(
    images: Tensor | Array | Sequence[Tensor | ArrayLike],
    captions: Sequence[str] = (),
    *,
    alt: str,
    columns: int | None = None,
    rescale: bool = False,
    width: float = 1.1,
) -> Picture:
    """Images side by side, a caption above each.

    images: (N, C, H, W) or (N, H, W), or N images of their own size, (C, H, W) or (H, W); C is 1 or 3; bytes 0..255
    or numbers 0..1. `rescale=True` stretches each image from its own minimum to its own maximum.
    columns: images in a row, at most ten if not given. width: inches of one image.
    Raises `ShapeError` for anything that is not an image, `ConfigError` for numbers outside 0..1.
    """
    pixels = [_pixels(array(image), rescale) for image in images]
    require(len(pixels) > 0, "no images: show_images needs at least one.", ShapeError)
    require(
        len(captions) in (0, len(pixels)),
        f"{len(captions)} captions for {len(pixels)} images: give one for each, or none.",
    )
    columns = min(columns or 10, len(pixels))
    rows = -(-len(pixels) // columns)
    tall = width * pixels[0].shape[0] / pixels[0].shape[1] + (0.28 if captions else 0.06)
    picture = Picture(alt=alt, size=(columns * width, rows * tall))
    axes = picture.subplots(rows, columns, squeeze=False).ravel()
    for ax, image in zip(axes, pixels, strict=False):
        ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    for ax, caption in zip(axes, captions, strict=False):
        ax.set_title(caption, fontsize=9.5, pad=3)
    for ax in axes:
        bare(ax)
    return picture


def _pixels(image: Array, rescale: bool) -> Array:
    """(C, H, W) or (H, W) → (H, W, 3) or (H, W), numbers 0..1."""
    image = image[None] if image.ndim == 2 else image
    require(
        image.ndim == 3 and image.shape[0] in (1, 3),
        f"an image of shape {image.shape}: expected (H, W), (1, H, W) or (3, H, W).",
        ShapeError,
    )
    values = image / 255 if image.dtype == np.uint8 else image.astype(np.float64)
    if rescale:
        low, high = values.min(), values.max()
        values = (values - low) / (high - low or 1.0)
    low, high = float(values.min()), float(values.max())
    require(
        low > -1e-3 and high < 1 + 1e-3,
        f"pixels from {low:.3g} to {high:.3g}: expected 0..1; pass rescale=True to stretch each image, "
        "or undo the normalisation first.",
    )
    values = values.clip(0, 1)
    return values[0] if len(values) == 1 else values.transpose(1, 2, 0)


def heat_map(
    matrices: Mapping[str, Tensor | ArrayLike] | Tensor | ArrayLike,
    *,
    alt: str,
    xlabel: str = "",
    ylabel: str = "",
    label: str = "",
    centred: bool = False,
    limits: tuple[float, float] | None = None,
    height: float = 2.8,
) -> Picture:
    """Matrices side by side on one colour scale, so that equal colours mean equal numbers.

    matrices: one matrix, or {title: matrix}. label: what the colours count. centred: zero in the middle of a
    two-sided scale. limits: (smallest, largest) number of the scale; those of the matrices if not given.
    """
    named = {"": matrices} if not isinstance(matrices, Mapping) else matrices
    tables = {title: array(matrix) for title, matrix in named.items()}
    require(len(tables) > 0, "no matrices: heat_map needs at least one.", ShapeError)
    for title, table in tables.items():
        who = title or "the matrix"
        require(table.ndim == 2, f"{who} has shape {table.shape}: expected (rows, columns).", ShapeError)
    low, high = limits or (min(t.min() for t in tables.values()), max(t.max() for t in tables.values()))
    if centred:
        high = max(abs(low), abs(high))
        low = -high
    colours = DIVERGING if centred else SEQUENTIAL
    widths = [min(max(table.shape[1] / table.shape[0], 0.4), 2.5) for table in tables.values()]
    picture = Picture(alt=alt, size=(0.9 + height * 0.85 * sum(widths), height))
    axes = picture.subplots(1, len(tables), squeeze=False, gridspec_kw={"width_ratios": widths})[0]
    for ax, (title, table) in zip(axes, tables.items(), strict=True):
        shown = ax.imshow(table, cmap=colours, vmin=low, vmax=high, aspect="auto", interpolation="nearest")
        ax.grid(False)
        ax.set_title(title, fontsize=11)
        ax.set_xlabel(xlabel)
    axes[0].set_ylabel(ylabel)
    picture.colorbar(shown, ax=list(axes), label=label, pad=0.02)
    return picture


def confusion_matrix(
    labels: Tensor | ArrayLike,
    predictions: Tensor | ArrayLike,
    classes: Sequence[str],
    *,
    alt: str,
    title: str = "",
    size: tuple[float, float] | None = None,
) -> Picture:
    """How often each true class (row) was called each class (column).

    labels, predictions: (N,) class numbers; samples with a negative label are left out. classes: names in order.
    Counts are written into the cells up to 12 classes.
    """
    import seaborn  # here, because it takes seconds to import and only this chart needs it

    true, called = array(labels), array(predictions)
    require(
        true.shape == called.shape and true.ndim == 1,
        f"labels {true.shape} and predictions {called.shape}: expected two vectors of one length.",
        ShapeError,
    )
    known = true >= 0
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (true[known], called[known]), 1)
    few = len(classes) <= 12
    side = 1.2 + (0.42 if few else 0.16) * len(classes)
    picture = Picture(alt=alt, size=size or (side + 0.6, side))
    ax = picture.subplots()
    seaborn.heatmap(
        counts,
        ax=ax,
        annot=few,
        fmt="d",
        cmap="Blues",
        square=True,
        linewidths=0.5 if few else 0,
        xticklabels=classes,
        yticklabels=classes,
        cbar_kws={"label": "samples", "shrink": 0.8},
        annot_kws={"size": 8.5},
    )
    ax.grid(False)
    ax.tick_params(axis="x", labelrotation=90 if long(classes) else 0)
    ax.tick_params(axis="y", labelrotation=0)
    ax.set(xlabel="predicted", ylabel="true", title=title)
    return picture


def bars(
    values: Mapping[str, float | Sequence[float]],
    *,
    alt: str,
    ylabel: str = "",
    title: str = "",
    digits: int = 2,
    size: tuple[float, float] = (4.5, 3.0),
) -> Picture:
    """One bar per label. Several numbers under a label (seeds) show as dots, their mean ± standard error as the bar."""
    samples = {label: np.atleast_1d(array(value)).astype(np.float64) for label, value in values.items()}
    require(len(samples) > 0, "no values: bars needs at least one label.", ConfigError)
    appearance = looks(list(samples))
    picture = Picture(alt=alt, size=size)
    ax = picture.subplots()
    for x, (label, numbers) in enumerate(samples.items()):
        (mean, error), several = mean_and_error(numbers), len(numbers) > 1
        ax.bar(x, mean, width=0.6, color=appearance[label]["color"], alpha=0.75)
        if several:
            ax.errorbar(x, mean, error, color="0.2", capsize=5)
            spread = np.linspace(-0.12, 0.12, len(numbers))
            ax.plot(x + spread, numbers, "o", color="white", markeredgecolor="0.2", markersize=4)
        top = np.nanmax([mean + error, numbers.max(), 0.0])  # one number has no error
        ax.annotate(f"{mean:.{digits}f}", (x, top), textcoords="offset points", xytext=(0, 3), ha="center", va="bottom")
    ax.margins(y=0.12)
    ax.grid(False, axis="x")
    ax.set_xticks(range(len(samples)), list(samples))
    ax.set(ylabel=ylabel, title=title)
    return picture


def mean_line(
    ax: Axes, rows: "pd.DataFrame", by: str, value: str, label: str, look: Look, markersize: float = 5
) -> None:
    """A line through the mean of 100 · `value` at each value of the column `by`, with its standard error."""
    x, mean, error = mean_and_error_by(rows, by, value)
    ax.errorbar(x, 100 * mean, 100 * error, label=label, capsize=3, markersize=markersize, **look)
