"""Pictures of the lesson on ghost modules: pairs of maps, what a filter makes of one, counts beside measured times."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from ..errors import ShapeError, require
from ..papers.ghost import fit_depthwise, fitted
from .charts import array, heat_map, mean_line
from .picture import Picture
from .style import BLACK, BLUE, DIVERGING, GREEN, ORANGE, PURPLE, SKY, Look, bare

if TYPE_CHECKING:
    import pandas as pd

FAMILIES: dict[str, Look] = {
    "ordinary": {"color": "0.35", "linestyle": "--", "marker": "s"},
    "ghost": {"color": PURPLE, "linestyle": "-", "marker": "P"},
}
"""How the two kinds of net look."""

SPREAD = 3.0  # standardised maps are drawn from -3 to 3


def likeness(tables: Mapping[str, Float[Tensor, "C C"]], *, alt: str) -> Picture:
    """|r| of every two maps, tables side by side; maps are numbered from 1."""
    sizes = {title: r.abs() for title, r in tables.items()}
    picture = heat_map(sizes, alt=alt, label="|r|", xlabel="map", ylabel="map", limits=(0, 1), height=3.0)
    for ax, r in zip(picture.axes, tables.values(), strict=False):
        ticks = range(0, len(r), max(1, len(r) // 5))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_ticks(list(ticks), [str(tick + 1) for tick in ticks])
    return picture


def made_by_filters(
    z: Float[Tensor, "B C H W"], pairs: Sequence[tuple[int, int]], *, d: int, alt: str, image: int = 0
) -> Picture:
    """A row for each pair (i, j) of standardised maps: map i, the best d×d filter, what it makes of i, map j, and what
    is left. The filter is fitted on all images, one is drawn."""
    require(len(pairs) > 0, "no pairs: made_by_filters needs at least one", ShapeError)
    picture = Picture(alt=alt, size=(7.2, 1.25 * len(pairs) + 0.25))
    axes = picture.subplots(len(pairs), 5, squeeze=False)
    for row, (i, j) in zip(axes, pairs, strict=True):
        kernel = fit_depthwise(z[:, i], z[:, j], d)
        made = fitted(z[:, i], kernel)
        left = (made - z[:, j]).square().mean().item()
        for ax, values in zip(row, (z[image, i], None, made[image], z[image, j]), strict=False):
            if values is not None:
                map_on(ax, values)
        kernel_on(row[1], kernel)
        signed(row[4], array(made[image] - z[image, j]), SPREAD)
        row[0].set_ylabel(f"{i + 1} → {j + 1}", fontsize=11, rotation=0, ha="right", va="center")
        row[4].set_ylabel(f"{left:.0%}", fontsize=11, rotation=0, ha="left", va="center")
        row[4].yaxis.set_label_position("right")
    titles = ("a map", f"best {d}×{d} filter", "its ghost", "the other map", "what is left")
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title, fontsize=11)
    return picture


def residuals(groups: Mapping[str, Sequence[Sequence[float]]], kernels: Sequence[int], *, alt: str) -> Picture:
    """What the best d×d filter leaves of a map, over d: a panel for each group, a thin line for each pair of maps, a
    thick one for their mean. groups: {title: for each pair a share for each d}."""
    picture = Picture(alt=alt, size=(2.5 * len(groups) + 0.5, 2.9))
    axes = picture.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    for ax, (title, pairs) in zip(axes, groups.items(), strict=True):
        shares = 100 * np.asarray(pairs, dtype=np.float64)
        fits = shares.ndim == 2 and shares.shape[1] == len(kernels)
        require(fits, f"{title}: shares {shares.shape} for {len(kernels)} kernels", ShapeError)
        ax.plot(kernels, shares.T, color=SKY, linewidth=1, marker=".", markersize=4)
        ax.plot(kernels, shares.mean(0), color=BLUE, linewidth=2.5, marker="o")
        ax.set_title(title, fontsize=11)
        ax.set_xticks(list(kernels))
        ax.set(xlabel="kernel d", ylim=(0, 105))
    axes[0].set_ylabel("left, % of variance")
    return picture


def module_maps(
    image: Tensor,
    intrinsic: Float[Tensor, "m H W"],
    ghosts: Float[Tensor, "m H W"],
    kernels: Float[Tensor, "m d d"],
    *,
    alt: str,
) -> Picture:
    """A ghost module with s = 2 at work: its intrinsic maps, the filter of each, and below it its ghost."""
    require(len(intrinsic) == len(ghosts) == len(kernels), "a filter and a ghost for each intrinsic map", ShapeError)
    m = len(intrinsic)
    picture = Picture(alt=alt, size=(1.0 * (m + 2), 3.2))
    outline = picture.add_gridspec(3, m + 2)
    bare(picture.add_subplot(outline[:, :2])).imshow(array(image)[0], cmap="gray")
    for k in range(m):
        rows = [picture.add_subplot(outline[n, k + 2]) for n in range(3)]
        map_on(rows[0], intrinsic[k], spread=None)
        kernel_on(rows[1], kernels[k])
        map_on(rows[2], ghosts[k], spread=None)
        if k == 0:
            for ax, name in zip(rows, ("intrinsic", "filter", "ghost"), strict=True):
                ax.set_ylabel(name, fontsize=10.5)
    return picture


def relative(costs: Mapping[str, Mapping[str, float]], *, alt: str, base: str = "plain") -> Picture:
    """A group of bars for each measure, a bar for each net, as a share of what the net `base` has."""
    measures = list(costs[base])
    picture = Picture(alt=alt, size=(8.8, 3.1))
    ax = picture.subplots()
    width = 0.88 / len(costs)
    for n, (net, numbers) in enumerate(costs.items()):
        places = np.arange(len(measures)) + (n - (len(costs) - 1) / 2) * width
        heights = [numbers[measure] / costs[base][measure] for measure in measures]
        ghost = "ghost" in net
        look: dict[str, Any] = {"hatch": "//" if ghost else None, "edgecolor": "white"}
        colours = (BLACK, PURPLE, "0.55", ORANGE, "0.75")
        ax.bar(places, heights, width * 0.92, label=net, color=colours[n % len(colours)], **look)
        for place, height in zip(places, heights, strict=True):
            ax.annotate(f"{height:.2f}", (place, height), xytext=(0, 2), textcoords="offset points", ha="center",
                        fontsize=8)  # fmt: skip
    ax.axhline(1, color="0.5", linewidth=1)
    ax.grid(False, axis="x")
    ax.set_xticks(range(len(measures)), measures)
    ax.set_ylabel(f"relative to {base}")
    picture.legend(loc="outside upper center", ncols=len(costs), fontsize=9, edgecolor="none")
    return picture


def layer_times(times: "pd.DataFrame", *, alt: str) -> Picture:
    """Milliseconds of an ordinary layer beside those of a ghost module, a panel for each width.

    times: columns width, ordinary, primary, cheap, ghost, a row for each repetition; means are drawn. What the whole
    module, a stroke, takes beyond its two parts is the joining of their maps.
    """
    means = times.groupby("width")[["ordinary", "primary", "cheap", "ghost"]].mean()
    picture = Picture(alt=alt, size=(2.0 * len(means) + 0.6, 2.9))
    axes = picture.subplots(1, len(means), squeeze=False)[0]
    for ax, (width, row) in zip(axes, means.iterrows(), strict=True):
        ax.bar(0, row["ordinary"], 0.6, color="0.45", label="ordinary")
        ax.bar(1, row["primary"], 0.6, color=PURPLE, label="primary half")
        parts = row["primary"] + row["cheap"]
        hatched: dict[str, Any] = {"color": GREEN, "hatch": "//", "edgecolor": "white"}
        ax.bar(1, row["cheap"], 0.6, bottom=row["primary"], label="cheap half", **hatched)
        ax.bar(1, max(0.0, row["ghost"] - parts), 0.6, bottom=parts, color="0.8", label="the rest (joining)")
        ax.plot([0.65, 1.35], [row["ghost"]] * 2, color="black", linewidth=2, label="whole module")
        ax.set_title(f"{width} maps", fontsize=11)
        ax.set_xticks([0, 1], ["ordinary", "ghost"])
        ax.grid(False, axis="x")
    axes[0].set_ylabel("ms, batch of 16")
    lines, labels = axes[0].get_legend_handles_labels()
    picture.legend(lines, labels, loc="outside upper center", ncols=5, fontsize=9, edgecolor="none")
    return picture


def accuracy_over_cost(
    results: "pd.DataFrame", cost: Mapping[str, float], *, alt: str, xlabel: str = "multiply-adds, million"
) -> Picture:
    """Test accuracy over cost, ordinary nets and nets with ghosts, alone and taught: mean ± standard error.

    results: columns net, taught, test. cost: {net: number}; a net whose name begins with "ghost" has ghosts.
    """
    picture = Picture(alt=alt, size=(7.4, 3.1))
    axes = picture.subplots(1, 2, sharey=True)
    for ax, taught in zip(axes, (False, True), strict=True):
        for family, look in FAMILIES.items():
            nets = [net for net in cost if net.startswith("ghost") == (family == "ghost")]
            rows = results[results["net"].isin(nets) & (results["taught"] == taught)]
            mean_line(ax, rows.assign(cost=rows["net"].map(cost)), "cost", "test", family, look, markersize=8)
        ax.set_title("taught" if taught else "alone", fontsize=11)
        ax.set_xlabel(xlabel)
    axes[0].set_ylabel("test accuracy, %")
    axes[0].legend(fontsize=9, loc="lower right")
    return picture


def map_on(ax: Axes, values: Tensor, spread: float | None = SPREAD) -> None:
    """A map in grey: standardised from -spread to spread, else from its smallest to its largest number."""
    limits: dict[str, Any] = {} if spread is None else {"vmin": -spread, "vmax": spread}
    bare(ax).imshow(array(values), cmap="gray", interpolation="nearest", **limits)


def kernel_on(ax: Axes, kernel: Tensor) -> None:
    """A filter, white where it is 0, with a frame."""
    values = array(kernel)
    signed(ax, values, float(np.abs(values).max()) or 1.0)
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color("0.6")


def signed(ax: Axes, values: Any, high: float) -> Any:
    """Numbers of both signs, white where they are 0."""
    return bare(ax).imshow(values, cmap=DIVERGING, vmin=-high, vmax=high, interpolation="nearest")
