"""Pictures of the lesson on matching: costs with the pairs framed, groups of maps, signed numbers, differences."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from ..train.seeds import mean_and_error
from .charts import array
from .picture import Picture
from .style import BLUE, DIVERGING, GREEN, ORANGE, PURPLE, ROLES, VERMILION, Look, bare

if TYPE_CHECKING:
    import pandas as pd

LOOKS: dict[str, Look] = {
    "matched": ROLES["taught"],
    "by position": {"color": GREEN, "linestyle": "-.", "marker": "D"},
    "matched, random weights": {"color": "0.6", "linestyle": ":", "marker": "s"},
}
"""How the ways to pair the channels look."""

FRAMES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)  # one for each student channel, again from the first after the last
NUMBERS = 12  # columns up to which numbers are written into a table


def assignment(
    tables: Mapping[str, tuple[Float[Tensor, "_C_s _C_t"], Float[Tensor, "_C_s _C_t"]]],
    *,
    alt: str,
    height: float = 2.4,
) -> Picture:
    """Tables of costs side by side, the pairs of a flow matrix framed: {title: (cost, M)}."""
    shapes = {title: (array(cost), array(M)) for title, (cost, M) in tables.items()}
    for title, (cost, M) in shapes.items():
        require(
            cost.shape == M.shape, f"{title}: costs {cost.shape} and flow matrix {M.shape}; they differ", ShapeError
        )
    widths = [cost.shape[1] for cost, _ in shapes.values()]
    picture = Picture(alt=alt, size=(min(0.55 * sum(widths) + 1.2, 9.2), height))
    axes = picture.subplots(1, len(shapes), squeeze=False, gridspec_kw={"width_ratios": widths})[0]
    high = max(cost.max() for cost, _ in shapes.values())
    for ax, (title, (cost, M)) in zip(axes, shapes.items(), strict=True):
        bare(ax).imshow(cost, cmap="Greys", vmin=0, vmax=1.6 * high, aspect="auto")
        ax.set_title(title, fontsize=11)
        ax.set_xticks(range(cost.shape[1]), [str(k + 1) for k in range(cost.shape[1])])
        ax.set_yticks(range(len(cost)), [str(j + 1) for j in range(len(cost))])
        ax.set_xlabel("teacher channel")
        for row, column in np.argwhere(M > 0):
            corners = [column - 0.42, column + 0.42, column + 0.42, column - 0.42, column - 0.42]
            ax.plot(
                corners,
                [row - 0.42, row - 0.42, row + 0.42, row + 0.42, row - 0.42],
                color=FRAMES[row % len(FRAMES)],
                linewidth=2.5,
            )
        for (row, column), value in np.ndenumerate(cost) if cost.shape[1] <= NUMBERS else ():
            ax.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=9.5)
    axes[0].set_ylabel("student channel")
    return picture


def groups_of_maps(
    image: Tensor,
    f_s: Float[Tensor, "C_s h w"],
    f_t: Float[Tensor, "C_t h w"],
    M: Float[Tensor, "C_s C_t"],
    *,
    alt: str,
    channels: int = 4,
) -> Picture:
    """An image, and for each of the first student channels its map and those of the teacher's channels it owns."""
    mine, theirs, owned = array(f_s), array(f_t), array(M)
    rows = min(channels, len(mine))
    columns = 1 + int(owned.sum(1).max())
    picture = Picture(alt=alt, size=(1.02 * (columns + 2.2), 1.1 * rows))
    grid = picture.add_gridspec(rows, columns + 2, width_ratios=[1, 1, *[1] * columns])
    bare(picture.add_subplot(grid[:, :2])).imshow(array(image)[0], cmap="gray")
    for row in range(rows):
        members = [("student", mine[row], row)]
        members += [("teacher", theirs[k], int(k)) for k in np.flatnonzero(owned[row])]
        for column, (who, values, k) in enumerate(members):
            ax = bare(picture.add_subplot(grid[row, column + 2]))
            high = np.abs(values).max() or 1.0
            ax.imshow(values, cmap=DIVERGING, vmin=-high, vmax=high, interpolation="nearest")
            ax.set_title(f"{who} {k + 1}", fontsize=9, pad=2, color=BLUE if who == "student" else "0.2")
    return picture


def signed_maps(maps: Mapping[str, Tensor], *, alt: str) -> Picture:
    """Small maps (H, W) with their numbers, negative and positive, on one scale."""
    tables = {title: array(values) for title, values in maps.items()}
    high = max(np.abs(table).max() for table in tables.values())
    picture = Picture(alt=alt, size=(1.75 * len(tables), 2.1))
    for ax, (title, table) in zip(picture.subplots(1, len(tables), squeeze=False)[0], tables.items(), strict=True):
        bare(ax).imshow(table, cmap=DIVERGING, vmin=-1.8 * high, vmax=1.8 * high)
        ax.set_title(title, fontsize=10)
        for (y, x), value in np.ndenumerate(table):
            ax.text(x, y, f"{value:g}".replace("-", "−"), ha="center", va="center", fontsize=12)
    return picture


def lines(values: Mapping[str, Sequence[float]], *, alt: str, xlabel: str = "epoch", ylabel: str = "") -> Picture:
    """Lists of numbers over the epochs, one line for each way to pair the channels (a key of `LOOKS`)."""
    picture = Picture(alt=alt, size=(5.4, 3.1))
    ax = picture.subplots()
    for label, numbers in values.items():
        ax.plot(range(1, len(numbers) + 1), numbers, label=label, markersize=5, **LOOKS[label])
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def side_by_side(values: Mapping[str, Mapping[str, float]], *, alt: str, ylabel: str = "") -> Picture:
    """Bars in groups: {group: {way to pair the channels: number}}."""
    ways = list(next(iter(values.values())))
    picture = Picture(alt=alt, size=(0.75 * len(ways) * len(values) + 1.4, 2.9))
    ax = picture.subplots()
    width = 0.8 / len(ways)
    for i, way in enumerate(ways):
        numbers = [group[way] for group in values.values()]
        bars = ax.bar(
            np.arange(len(numbers)) + (i - (len(ways) - 1) / 2) * width,
            numbers,
            width=0.92 * width,
            color=LOOKS[way]["color"],
            hatch="" if way.startswith("matched") else "//",
            edgecolor="white",
            label=way,
        )
        ax.bar_label(bars, fmt="%.2f", fontsize=9, padding=2)
    ax.set(xticks=range(len(values)), xticklabels=list(values), ylabel=ylabel)
    ax.margins(y=0.35)
    ax.grid(False, axis="x")
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="upper right", ncols=len(ways))
    return picture


def gains(frame: "pd.DataFrame", methods: Sequence[str], *, base: str, alt: str, value: str = "test") -> Picture:
    """Differences to a baseline in points, paired over seeds: a dot a seed, and mean ± standard error."""
    wide = 100 * frame.pivot_table(index="seed", columns="method", values=value)
    picture = Picture(alt=alt, size=(6.4, 0.44 * len(methods) + 0.9))
    ax = picture.subplots()
    for row, method in enumerate(methods):
        numbers = (wide[method] - wide[base]).to_numpy()
        mean, error = mean_and_error(numbers)
        ax.errorbar(mean, row, xerr=error, fmt="D", color=BLUE, capsize=4, markersize=6, zorder=3)
        ax.plot(numbers, row + np.linspace(-0.2, 0.2, len(numbers)), "o", color="0.6", markersize=4)
    ax.axvline(0, color=VERMILION, linestyle="--", linewidth=1.5)
    ax.set(yticks=range(len(methods)), yticklabels=list(methods), xlabel=f"points of test accuracy beside {base}")
    low, high = ax.get_xlim()
    ax.set_xlim(left=low - 0.06 * (high - low))
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    return picture
