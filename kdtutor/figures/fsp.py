"""Pictures of the lesson on FSP: maps at the taps, pooling, memory, steps to an accuracy, another task."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from .charts import array, mean_line
from .picture import Picture
from .style import BLUE, GREEN, ORANGE, PURPLE, ROLES, SEQUENTIAL, VERMILION, Look, bare

if TYPE_CHECKING:
    import pandas as pd

LOOKS: dict[str, Look] = {
    "taught": ROLES["taught"],
    "alone": ROLES["alone"],
    "pretrained": {"color": GREEN, "linestyle": "-.", "marker": "v"},
    "taught on the old digits": {"color": PURPLE, "linestyle": ":", "marker": "D"},
}
"""How the methods of the studies fsp_budget, fsp_labels and fsp_transfer look."""


def tap_maps(
    image: Tensor, taps: Sequence[Float[Tensor, "_C _H _W"]], names: Sequence[str], *, alt: str, channels: int = 7
) -> Picture:
    """An image, and the first `channels` maps of each tap, a row each, on one scale a row."""
    require(len(taps) == len(names), f"{len(taps)} taps and {len(names)} names: give one name for each", ShapeError)
    picture = Picture(alt=alt, size=(1.0 * (channels + 2), 0.98 * len(taps)))
    grid = picture.add_gridspec(len(taps), channels + 2)
    left = bare(picture.add_subplot(grid[:, :2]))
    left.imshow(array(image)[0], cmap="gray")
    for row, (name, maps) in enumerate(zip(names, taps, strict=True)):
        values = array(maps)
        for column in range(channels):
            ax = bare(picture.add_subplot(grid[row, column + 2]))
            ax.imshow(values[column], cmap=SEQUENTIAL, vmin=0, vmax=values[:channels].max() or 1)
            if column == 0:
                size = f"{name}\n{values.shape[0]}×{values.shape[1]}×{values.shape[2]}"
                ax.set_ylabel(size, fontsize=9, rotation=0, ha="right", va="center")
    return picture


def number_maps(maps: Mapping[str, Tensor], *, alt: str) -> Picture:
    """Small maps (H, W) side by side with their numbers written in, on one scale."""
    tables = {title: array(values) for title, values in maps.items()}
    high = max(table.max() for table in tables.values())
    picture = Picture(alt=alt, size=(2.3 * len(tables), 2.4))
    for ax, (title, table) in zip(picture.subplots(1, len(tables), squeeze=False)[0], tables.items(), strict=True):
        bare(ax).imshow(table, cmap="Blues", vmin=0, vmax=1.4 * high)
        ax.set_title(title, fontsize=11)
        for (y, x), value in np.ndenumerate(table):
            ax.text(x, y, f"{value:g}", ha="center", va="center", fontsize=12)
    return picture


def memory(megabytes: Mapping[str, Mapping[str, float]], *, alt: str) -> Picture:
    """Megabytes on a logarithmic scale: {pair of layers: {form: megabytes}}."""
    forms = list(next(iter(megabytes.values())))
    picture = Picture(alt=alt, size=(7.0, 0.55 * len(megabytes) + 1.0))
    ax = picture.subplots()
    height = 0.8 / len(forms)
    for i, (form, colour) in enumerate(zip(forms, (VERMILION, BLUE, GREEN), strict=False)):
        values = [row[form] for row in megabytes.values()]
        places = np.arange(len(values)) + (i - (len(forms) - 1) / 2) * height
        ax.barh(places, values, height=height * 0.9, color=colour, label=form)
        for place, value in zip(places, values, strict=True):
            ax.text(value * 1.15, place, f"{value:,.0f}" if value >= 10 else f"{value:.1f}", va="center", fontsize=9)
    ax.set(xscale="log", xlabel="MB", yticks=range(len(megabytes)), yticklabels=list(megabytes))
    ax.set_xlim(right=ax.get_xlim()[1] * 3)
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="upper right")
    return picture


def race(frame: "pd.DataFrame", *, alt: str, live: Mapping[str, tuple[int, float]] | None = None) -> Picture:
    """Test accuracy of finished runs over the steps they had, both phases counted: the study fsp_budget.

    live: {method: (steps, accuracy)}, single runs with 20 labels a class, shown as stars.
    """
    finished = frame[frame["test"].notna()]
    regimes = sorted(finished["labels"].unique())
    picture = Picture(alt=alt, size=(7.6, 3.4))
    axes = picture.subplots(1, len(regimes), sharey=True, squeeze=False)[0]
    for ax, labels in zip(axes, regimes, strict=True):
        for method in ("alone", "taught"):
            rows = finished[(finished["labels"] == labels) & (finished["method"] == method)]
            mean_line(ax, rows, "steps", "test", method, LOOKS[method])
        budgets = sorted(finished["steps"].unique())
        ax.set(xscale="log", xlabel="steps, both phases", title=f"{labels} labels a class")
        ax.title.set_fontsize(11)
        ax.set_xticks(budgets, [f"{budget:g}" for budget in budgets])
        ax.set_xticks([], minor=True)
    for method, (steps, accuracy) in (live or {}).items():
        star = {"color": LOOKS[method]["color"], "marker": "*", "linestyle": "none", "markeredgecolor": "k"}
        axes[0].plot(steps, 100 * accuracy, markersize=14, zorder=5, label=f"{method}, this run", **star)
    axes[0].set_ylabel("test accuracy, %")
    axes[0].legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="lower right")
    return picture


def over_labels(frame: "pd.DataFrame", methods: Sequence[str], *, alt: str, value: str = "test") -> Picture:
    """Accuracy over the labels a class, mean ± standard error over the seeds, a line a method."""
    picture = Picture(alt=alt, size=(5.6, 3.4))
    ax = picture.subplots()
    for method in methods:
        look = LOOKS.get(method, {"color": ORANGE, "linestyle": "-", "marker": "P"})
        mean_line(ax, frame[frame["method"] == method], "labels", value, method, look)
    counts = sorted(frame["labels"].unique())
    ax.set(xscale="log", xlabel="labels a class", ylabel="test accuracy, %")
    ax.set_xticks(counts, [f"{count:g}" for count in counts])
    ax.set_xticks([], minor=True)
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="lower right")
    return picture
