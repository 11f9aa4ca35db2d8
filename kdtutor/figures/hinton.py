"""Pictures of the lesson on Hinton's distillation: second opinions, temperature, few labels, the digit left out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from numpy.typing import ArrayLike
from torch import Tensor

from ..errors import ShapeError, require
from ..train.seeds import mean_and_error_by
from .charts import array, mean_line
from .picture import Picture
from .style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    ROLES,
    SEQUENTIAL,
    VERMILION,
    Look,
    bare,
    class_ticks,
    long,
    looks,
    one_of,
)

if TYPE_CHECKING:
    import pandas as pd

METHODS: dict[str, Look] = {
    "taught": ROLES["taught"],
    "teacher's labels": {"color": PURPLE, "linestyle": (0, (5, 1, 1, 1)), "marker": "D"},
    "taught, same images": {"color": GREEN, "linestyle": "-.", "marker": "v"},
    "alone": ROLES["alone"],
    "alone, no shifts": {"color": ORANGE, "linestyle": ":", "marker": "P"},
}
"""How the methods of the study hinton_labels look."""


def runners_up(
    images: Tensor, probabilities: Float[Tensor, "N K"], labels: Tensor, classes: Sequence[str], *, alt: str
) -> Picture:
    """Each image with its label, and below it the three classes the teacher finds most probable.

    images: (N, 1, H, W), bytes; at most eight look well.
    """
    pixels, p, true = array(images), array(probabilities), array(labels)
    require(len(pixels) == len(p) == len(true), f"{len(pixels)} images, {len(p)} rows of probabilities", ShapeError)
    words = long(classes)  # stand above their bars; there is no room beside them
    picture = Picture(alt=alt, size=(1.22 * len(pixels), 2.6 if words else 2.1))
    axes = picture.subplots(2, len(pixels), squeeze=False, gridspec_kw={"height_ratios": [1.4 if words else 1.9, 1]})
    for image, row, label, (above, below) in zip(pixels, p, true, axes.T, strict=True):
        bare(above).imshow(image[0], cmap="gray")
        above.set_title(one_of(classes, label), fontsize=10, pad=3)
        top = row.argsort()[::-1][:3]
        colours = [BLUE if k == label else "0.45" for k in top]
        places = np.arange(3) + 0.25 * words
        below.barh(places, row[top], height=0.3 if words else 0.8, color=colours)
        for place, k in zip(places, top, strict=True):
            below.text(row[k] + 0.03, place, f"{row[k]:.0%}", va="center", fontsize=8.5)
            if words:
                below.text(0, place - 0.45, classes[k], va="center", fontsize=8.5)
        below.set(xlim=(0, 1.3), ylim=(2.6, -0.6), xticks=[], yticks=[])
        if not words:
            below.set_yticks(range(3), [classes[k] for k in top])
        below.grid(False)
        below.spines[["left", "bottom"]].set_visible(False)
        below.tick_params(length=0)
    return picture


def dark_knowledge(
    matrices: Mapping[str, Float[Tensor, "K K"]],
    classes: Sequence[str],
    *,
    alt: str,
    percent: bool = True,
    height: float = 3.6,
) -> Picture:
    """Mean probabilities by true class (rows), in percent, without the diagonal, on one colour scale.

    matrices: {title: (K, K)}. percent: write the numbers into the cells.
    """
    tables = {title: 100 * array(matrix) for title, matrix in matrices.items()}
    off = ~np.eye(len(classes), dtype=bool)
    high = max(float(table[off].max()) for table in tables.values())
    height += 1.1 * long(classes)  # so that the cells are as large beside long names
    picture = Picture(alt=alt, size=(0.8 + height * len(tables), height))
    axes = picture.subplots(1, len(tables), squeeze=False, sharey=True)[0]
    colours = colormaps[SEQUENTIAL].with_extremes(bad="0.93")
    for ax, (title, table) in zip(axes, tables.items(), strict=True):
        shown = ax.imshow(np.where(off, table, np.nan), cmap=colours, vmin=0, vmax=high)
        for i, j in zip(*np.nonzero(off if percent else off & False), strict=True):
            dark = table[i, j] < 0.6 * high
            ax.text(j, i, f"{table[i, j]:.1f}", ha="center", va="center", fontsize=8, color="w" if dark else "k")
        ax.grid(False)
        ax.set_title(title, fontsize=11)
        ax.set(xlabel="other class", yticks=range(len(classes)))
        class_ticks(ax, classes)
    axes[0].set_yticks(range(len(classes)), classes)
    axes[0].set_ylabel("true class")
    picture.colorbar(shown, ax=list(axes), label="mean probability, %", pad=0.02)
    return picture


def over_temperature(
    temperatures: ArrayLike,
    values: Mapping[str, ArrayLike | Tensor],
    *,
    alt: str,
    ylabel: str,
    constant: Mapping[str, float] | None = None,
    size: tuple[float, float] = (5.6, 3.3),
) -> Picture:
    """Lines over the temperature, both axes logarithmic. constant: {label: number that does not depend on T}."""
    picture = Picture(alt=alt, size=size)
    ax = picture.subplots()
    appearance = looks(list(values))
    for label, numbers in values.items():
        ax.plot(array(temperatures), array(numbers), label=label, markersize=5, **appearance[label])
    for label, number in (constant or {}).items():
        ax.axhline(number, color="0.45", linestyle=":", label=label)
    ax.set(xscale="log", yscale="log", xlabel="temperature T", ylabel=ylabel)
    ticks = [t for t in (1, 2, 4, 8, 16, 32, 64, 128, 256) if min(array(temperatures)) <= t <= max(array(temperatures))]
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.set_xticks([], minor=True)
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def label_scarcity(
    frame: "pd.DataFrame", *, alt: str, live: Mapping[str, tuple[int, float]] | None = None, full: float | None = None
) -> Picture:
    """Test accuracy over the labels a class: mean ± standard error over the seeds of the study hinton_labels.

    live: {method: (labels a class, accuracy)}, single runs shown as stars. full: the teacher's accuracy.
    """
    picture = Picture(alt=alt, size=(6.8, 4.0))
    ax = picture.subplots()
    for method, style in reversed(METHODS.items()):
        rows = frame[frame["method"] == method]
        size = 9 if method == "teacher's labels" else 5  # its line lies below another's
        mean_line(ax, rows, "labels", "test", method, style, size)
    for method, (place, accuracy) in (live or {}).items():
        name = f"{method}, this run: {100 * accuracy:.1f}"
        (star,) = ax.plot(place, 100 * accuracy, "*", markersize=14, zorder=5, label=name)
        star.set(color=METHODS[method]["color"], markeredgecolor="k")
    if full is not None:
        ax.axhline(100 * full, color=ROLES["teacher"]["color"], linestyle="-.", linewidth=1, label="teacher")
    counts = sorted(frame["labels"].unique())
    ax.set(xscale="log", xlabel="labels a class", ylabel="test accuracy, %")
    ax.set_xticks(counts, [str(count) for count in counts])
    ax.set_xticks([], minor=True)
    handles, names = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], names[::-1], fontsize=9, framealpha=0.8, edgecolor="none", loc="lower right")
    return picture


def raised_bias(frame: "pd.DataFrame", *, alt: str, T: float, chosen: bool = True) -> Picture:
    """Accuracy on the omitted digit and on the others while its bias is raised: the study hinton_omitted.

    T: the temperature at which the student was taught. chosen: mark the biases that validation digits choose.
    """
    picture = Picture(alt=alt, size=(7.6, 3.4))
    axes = picture.subplots(1, 2, sharey=True)
    for ax, (title, rows) in zip(
        axes,
        {
            f"taught, T = {T:g}": frame[(frame["method"] == "taught") & (frame["T"] == T)],
            "alone": frame[frame["method"] == "alone"],
        }.items(),
        strict=True,
    ):
        for column, label, colour, dash in (
            ("omitted", "the 3s", VERMILION, "-"),
            ("others", "the other digits", BLUE, "--"),
            ("test", "all", "0.25", ":"),
        ):
            bias, mean, error = mean_and_error_by(rows, "bias", column)
            ax.plot(bias, 100 * mean, color=colour, linestyle=dash, label=label)
            ax.fill_between(bias, 100 * (mean - error), 100 * (mean + error), color=colour, alpha=0.2, linewidth=0)
        if chosen:
            for bias in chosen_bias(rows)["bias"]:
                ax.axvline(bias, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel="what is added to the logit of the 3", title=title, ylim=(-3, 103))
    axes[0].set_ylabel("test accuracy, %")
    axes[1].legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="center left")
    return picture


def temperature_and_share(frame: "pd.DataFrame", *, alt: str, value: str = "val") -> Picture:
    """Mean accuracy over the seeds for each temperature (rows) and share α (columns): the study hinton_explore."""
    table = 100 * frame.pivot_table(index="T", columns="alpha", values=value, aggfunc="mean")
    picture = Picture(alt=alt, size=(4.9, 3.4))
    ax = picture.subplots()
    numbers = table.to_numpy()
    shown = ax.imshow(numbers, cmap=SEQUENTIAL, aspect="auto")
    middle = (numbers.min() + numbers.max()) / 2
    for (i, j), number in np.ndenumerate(numbers):
        ax.text(j, i, f"{number:.1f}", ha="center", va="center", fontsize=9.5, color="w" if number < middle else "k")
    ax.grid(False)
    ax.set(xlabel="α, the teacher's share", ylabel="temperature T")
    ax.set_xticks(range(len(table.columns)), [f"{alpha:g}" for alpha in table.columns])
    ax.set_yticks(range(len(table.index)), [f"{T:g}" for T in table.index])
    picture.colorbar(shown, ax=ax, label="validation accuracy, %", pad=0.02)
    return picture


def chosen_bias(rows: "pd.DataFrame") -> "pd.DataFrame":
    """The row of each run whose bias has the best validation accuracy; the smallest bias where several have."""
    keys = [key for key in ("method", "T", "seed") if key in rows]
    return rows.sort_values("bias").loc[lambda f: f.groupby(keys, dropna=False)["val"].idxmax()]
