"""Pictures of the lesson on the overhaul: margins read and measured, transformed maps, the plane of the distance."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from torch import Tensor

from ..errors import ShapeError, require
from ..train.seeds import mean_and_error
from .charts import array
from .picture import Picture
from .style import BLUE, DIVERGING, GREEN, LINES, PALETTE, ROLES, VERMILION, Look, bare

if TYPE_CHECKING:
    import pandas as pd

LOOKS: dict[str, Look] = {
    "overhaul": ROLES["taught"],
    "alone": ROLES["alone"],
    "logits": {"color": GREEN, "linestyle": "-.", "marker": "v"},
}
"""How the methods of the studies of this lesson look; all others are grey."""


def lines(
    x: Tensor | Sequence[float],
    ys: Mapping[str, Tensor | Sequence[float]],
    *,
    alt: str,
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    ticks: Sequence[float] | None = None,
    size: tuple[float, float] = (5.6, 3.2),
) -> Picture:
    """A line for each entry of `ys`; jumps are NaN. marks: {label: x}, dotted vertical lines. limits: of the y axis.
    ticks: the x axis is logarithmic, with these numbers on it."""
    picture = Picture(alt=alt, size=size)
    ax = picture.subplots()
    for i, (label, y) in enumerate(ys.items()):
        ax.plot(array(x), array(y), label=label, linestyle=LINES[i], linewidth=2, color=PALETTE[i])
    for label, place in (marks or {}).items():
        ax.axvline(place, color="0.4", linestyle=":", linewidth=1.2)
        ax.annotate(label, (place, 1), xycoords=("data", "axes fraction"), xytext=(3, -3),
                    textcoords="offset points", va="top", fontsize=9, color="0.3")  # fmt: skip
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if limits:
        ax.set_ylim(limits)
    if ticks:
        ax.set_xscale("log", base=2)
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    if len(ys) > 1:
        ax.legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def channel_histograms(
    branch: Float[Tensor, "N C H W"],
    tap: Float[Tensor, "N C H W"],
    weight: Float[Tensor, " C"],
    bias: Float[Tensor, " C"],
    margins: Mapping[str, Float[Tensor, " C"]],
    channels: Sequence[int],
    *,
    alt: str,
) -> Picture:
    """The values of some channels before and after the shortcut is added, the normal density, `margins` as lines."""
    picture = Picture(alt=alt, size=(3.1 * len(channels), 3.5))
    for ax, c in zip(picture.subplots(1, len(channels), sharey=True, squeeze=False)[0], channels, strict=True):
        s, mu = abs(float(weight[c])), float(bias[c])
        cells = np.linspace(mu - 3.5 * s, mu + 5 * s, 70)
        ax.hist(array(branch[:, c]).ravel(), cells, density=True, color="0.82", label="after the norm")
        ax.hist(array(tap[:, c]).ravel(), cells, density=True, histtype="step", color=VERMILION, label="at the tap")
        density = np.exp(-(((cells - mu) / s) ** 2) / 2) / (s * (2 * np.pi) ** 0.5)
        ax.plot(cells, density, color=BLUE, linewidth=1.8, label="N(β, γ²)")
        for (label, values), style in zip(margins.items(), LINES, strict=False):
            ax.axvline(float(values[c]), color="k", linestyle=style, linewidth=1.3, label=label)
        ax.set(title=f"channel {c}", xlabel="pre-activation", yticks=[])
        ax.title.set_fontsize(11)
        ax.grid(False)
    handles, labels = ax.get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9, edgecolor="none")
    return picture


def margins_measured(
    read: Sequence[Float[Tensor, " _C"]], measured: Mapping[str, Sequence[Float[Tensor, " _C"]]], *, alt: str
) -> Picture:
    """A dot for each channel, a frame for each stage: the margin from the batch norm, and what is measured."""
    picture = Picture(alt=alt, size=(2.9 * len(read), 3.5))
    for i, ax in enumerate(picture.subplots(1, len(read), squeeze=False)[0]):
        everything = [array(read[i]), *(array(values[i]) for values in measured.values())]
        low, high = min(v.min() for v in everything) - 0.05, max(v.max() for v in everything) + 0.05
        ax.plot([low, high], [low, high], color="0.5", linewidth=1, label="equal")
        for (label, values), colour, marker in zip(measured.items(), (BLUE, VERMILION), "ox", strict=False):
            ax.plot(array(read[i]), array(values[i]), marker, color=colour, markersize=5, alpha=0.8, label=label)
        ax.set(xlabel="margin, from γ and β", title=f"stage {i + 1}, {len(array(read[i]))} channels")
        ax.set(xlim=(low, high), ylim=(low, high))
        ax.title.set_fontsize(11)
        if i == 0:
            ax.set_ylabel("mean of the negative values")
    handles, labels = ax.get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9, edgecolor="none")
    return picture


def transformed(
    image: Tensor, forms: Mapping[str, Float[Tensor, "C H W"]], channels: Sequence[int], *, alt: str
) -> Picture:
    """An image, and some channels of a map in several forms, a row each, on one scale with zero in the middle."""
    values = {name: array(maps)[list(channels)] for name, maps in forms.items()}
    high = max(np.abs(maps).max() for maps in values.values())
    columns = len(channels) + 2
    picture = Picture(alt=alt, size=(1.0 * columns + 0.9, 1.0 * len(forms)))
    grid = picture.add_gridspec(len(forms), columns)
    bare(picture.add_subplot(grid[:, :2])).imshow(array(image)[0], cmap="gray")
    axes = []
    for row, (name, maps) in enumerate(values.items()):
        for column, channel in enumerate(channels):
            ax = bare(picture.add_subplot(grid[row, column + 2]))
            shown = ax.imshow(maps[column], cmap=DIVERGING, vmin=-high, vmax=high)
            axes.append(ax)
            if column == 0:
                ax.set_ylabel(name, fontsize=9.5, rotation=0, ha="right", va="center")
            if row == 0:
                ax.set_title(f"channel {channel}", fontsize=9)
    picture.colorbar(shown, ax=axes, pad=0.02, aspect=25)
    return picture


def free_region(ax: Axes, label: str = "", **style: float | str | bool) -> None:
    """Outline where partial L2 asks for nothing in the plane of (teacher, student): s ≤ t ≤ 0."""
    low_t, low_s = ax.get_xlim()[0], ax.get_ylim()[0]
    corner = max(low_t, low_s)
    points = [(0.0, 0.0), (corner, corner), (low_t, low_s), (0.0, low_s)]
    look = {"fill": False, "edgecolor": VERMILION, "linewidth": 1.6, "linestyle": "--", **style}
    ax.add_patch(Polygon(points, closed=True, label=label, **look))


def joint(pairs: Mapping[str, tuple[Tensor, Tensor]], *, alt: str, span: tuple[float, float] = (-3.0, 4.0)) -> Picture:
    """How often the teacher's target t and the student's value s meet, at every position: {title: (t, s)}.

    Colours count on a logarithmic scale; the broken line bounds where partial L2 asks for nothing.
    """
    picture = Picture(alt=alt, size=(3.3 * len(pairs), 3.4))
    axes = picture.subplots(1, len(pairs), sharey=True, squeeze=False)[0]
    cells = np.linspace(*span, 71)
    for ax, (title, (t, s)) in zip(axes, pairs.items(), strict=True):
        require(t.shape == s.shape, f"{title}: t has shape {tuple(t.shape)}, s {tuple(s.shape)}", ShapeError)
        counts, _, _ = np.histogram2d(array(t).ravel(), array(s).ravel(), bins=(cells, cells))
        ax.imshow(np.log1p(counts.T), origin="lower", extent=(*span, *span), cmap="Greys", aspect="equal")
        ax.set(xlabel="teacher's target t′", title=title, xlim=span, ylim=span)
        ax.title.set_fontsize(11)
        ax.grid(False)
        ax.plot(span, span, color=BLUE, linewidth=1)
        free_region(ax)
    axes[0].set_ylabel("student's s, connected")
    return picture


def reach(floor: Sequence[float], missed: Sequence[float], *, alt: str) -> Picture:
    """For each stage what no student of this width can reach, and what the taught one misses, in % of the variance."""
    picture = Picture(alt=alt, size=(5.2, 3.0))
    ax = picture.subplots()
    for shift, label, values, colour in ((-0.2, "out of reach", floor, "0.6"), (0.2, "missed", missed, BLUE)):
        bars = ax.bar([n + shift for n in range(len(values))], values, width=0.36, color=colour, label=label)
        ax.bar_label(bars, fmt="%.0f")
    ax.set(xticks=range(len(floor)), xticklabels=[f"stage {n + 1}" for n in range(len(floor))])
    ax.set(ylabel="% of the target's variance")
    ax.margins(y=0.12)
    ax.grid(False, axis="x")
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def ablation(frame: "pd.DataFrame", methods: Sequence[str], *, alt: str, value: str = "test") -> Picture:
    """Accuracy of some methods, one below the other: a dot for each seed, mean ± standard error."""
    picture = Picture(alt=alt, size=(6.6, 0.42 * len(methods) + 0.9))
    ax = picture.subplots()
    for row, method in enumerate(methods):
        values = 100 * frame[frame["method"] == method][value].to_numpy()
        require(len(values) > 0, f"the study has no method {method!r}")
        style = LOOKS.get(method, {"color": "0.35", "linestyle": "-", "marker": "D"})
        ax.plot(values, np.full(len(values), row), "o", color="white", markeredgecolor="0.5", markersize=5)
        mean, error = mean_and_error(values)
        look = {**style, "linestyle": "none"}
        ax.errorbar(mean, row, xerr=error, capsize=4, markersize=7, zorder=3, **look)  # type: ignore[arg-type]
    ax.set(yticks=range(len(methods)), yticklabels=list(methods), xlabel="test accuracy, %")
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    return picture
