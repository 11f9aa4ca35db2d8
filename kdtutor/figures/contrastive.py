"""Pictures of the lesson on contrast: a memory as it moves, curves with marks, and how sure a teacher is."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike
from torch import Tensor

from ..errors import ShapeError, require
from .charts import array
from .picture import Picture
from .style import BLACK, BLUE, ORANGE, SKY, VERMILION, bare, looks


def memory(
    banks: Mapping[str, Float[Tensor, "N D"]],
    views: Mapping[str, Float[Tensor, " D"]],
    row: int,
    same: Bool[Tensor, " N"],
    negatives: Int[Tensor, " K"],
    *,
    alt: str,
) -> Picture:
    """The teacher's bank at several times, along the two widest directions that it has in the end.

    views: what the student says of image `row` at each time. same: the images of its class, which are never negatives;
    negatives: those drawn. Raises `ShapeError` unless banks and views are of one width and the same times.
    """
    shapes = {(*bank.shape, *view.shape) for bank, view in zip(banks.values(), views.values(), strict=False)}
    told = f"banks at {', '.join(banks)}, and views at {', '.join(views)}, of the shapes {sorted(shapes)}"
    one = len(shapes) == 1 and list(banks) == list(views) and all(D == E for _, D, E in shapes)
    require(one, f"{told}; expected a bank (N, D) and a view (D,) for each time", ShapeError)
    last = array(list(banks.values())[-1]).astype(np.float64)
    _, _, directions = np.linalg.svd(last - last.mean(0), full_matrices=False)
    flat = directions[:2].T
    picture = Picture(alt=alt, size=(2.7 * len(banks) + 0.2, 3.3))
    axes = picture.subplots(1, len(banks), squeeze=False, sharex=True, sharey=True)[0]
    others, kin = array(negatives), array(same).copy()
    kin[row] = False
    for ax, (time, bank) in zip(axes, banks.items(), strict=True):
        place = (array(bank) - last.mean(0)) @ flat
        ax.plot(*place.T, ".", color="0.78", markersize=3, label="all other images")
        ax.plot(*place[kin].T, ".", color=SKY, markersize=4, label="images of its class")
        ax.plot(*place[others].T, ".", color=ORANGE, markersize=5, label="negatives")
        ax.plot(*place[row], "*", color=BLUE, markersize=14, markeredgecolor="white", label="the positive")
        seen = (array(views[time]) - last.mean(0)) @ flat
        ax.plot(*seen, "X", color=VERMILION, markersize=9, markeredgecolor="white", label="student's view")
        bare(ax).set_title(time, fontsize=11)
    handles, names = axes[0].get_legend_handles_labels()
    picture.legend(handles, names, loc="outside lower center", ncols=5, fontsize=9, frameon=False, markerscale=1.3)
    return picture


def lines(
    x: Tensor | ArrayLike,
    curves: Mapping[str, Tensor | ArrayLike],
    *,
    alt: str,
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, float] | None = None,
    log: bool = False,
) -> Picture:
    """Curves over x, and levels with a name, `marks`; with `log` the vertical axis is logarithmic."""
    picture = Picture(alt=alt, size=(5.6, 3.2))
    ax = picture.subplots()
    at = array(x)
    for (name, values), style in zip(curves.items(), looks(list(curves)).values(), strict=True):
        ax.plot(at, array(values), label=name, markersize=4, markevery=max(1, len(at) // 12), **style)
    for name, level in (marks or {}).items():
        ax.axhline(level, color="0.4", linestyle=":", linewidth=1.3)
        ax.annotate(name, (at[0], level), xytext=(2, 3), textcoords="offset points", fontsize=9, color="0.3")
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def certainty(p: Float[Tensor, " N"], parts: Mapping[str, Float[Tensor, " N"]], *, alt: str, xlabel: str) -> Picture:
    """Numbers of samples over the teacher's probability of the label, a panel each, and their mean as a line."""
    picture = Picture(alt=alt, size=(2.7 * len(parts) + 0.4, 3.0))
    for ax, (name, values) in zip(
        picture.subplots(1, len(parts), squeeze=False, sharey=True)[0], parts.items(), strict=True
    ):
        require(len(values) == len(p), f"{name}: {len(values)} numbers for {len(p)} samples", ShapeError)
        ax.plot(array(p), array(values), ".", color=BLUE, markersize=3, alpha=0.5)
        ax.axhline(array(values).mean(), color=BLACK, linestyle="--", linewidth=1.3)
        ax.set(xlabel=xlabel)
        ax.set_title(name, fontsize=11)
    return picture
