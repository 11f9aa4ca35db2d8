"""Pictures of the lesson on RKD: penalties, relations of a space, spaces seen flat, retrieval, memory."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from torch import Tensor

from ..errors import ShapeError, require
from ..train.seeds import mean_and_error
from .charts import array
from .picture import Picture
from .style import BLACK, BLUE, GREEN, ORANGE, PURPLE, ROLES, VERMILION, Look, bare, long, looks

if TYPE_CHECKING:
    import pandas as pd

LOOKS: dict[str, Look] = {
    "triplet": ROLES["alone"],
    "RKD-DA": {"color": PURPLE, "linestyle": "-.", "marker": "D"},
    "triplet + RKD-DA": ROLES["taught"],
    "teacher": ROLES["teacher"],
}
"""How the methods of metric learning look: triplets alone are the student alone."""


def penalties(differences: Tensor, values: Mapping[str, Tensor], *, alt: str) -> Picture:
    """Penalties of a difference, a curve each."""
    picture = Picture(alt=alt, size=(5.0, 3.0))
    ax = picture.subplots()
    for (name, curve), style in zip(values.items(), looks(list(values)).values(), strict=True):
        ax.plot(array(differences), array(curve), label=name, color=style["color"], linestyle=style["linestyle"])
    ax.set(xlabel="ψ of the student − ψ of the teacher", ylabel="penalty")
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="upper center")
    return picture


def agreement(
    teacher: Float[Tensor, " n"], students: Mapping[str, Float[Tensor, " n"]], *, alt: str, limit: float = 2.5
) -> Picture:
    """Relations of students over those of their teacher, a dot for each pair of samples; equal ones on the diagonal."""
    picture = Picture(alt=alt, size=(2.9 * len(students), 3.1))
    axes = picture.subplots(1, len(students), sharey=True, squeeze=False)[0]
    for ax, (name, values) in zip(axes, students.items(), strict=True):
        colour = ROLES[name]["color"] if name in ROLES else BLACK
        ax.plot([0, limit], [0, limit], color="0.6", linewidth=1)
        ax.plot(array(teacher), array(values), ".", color=colour, markersize=1.5, alpha=0.35)
        ax.set(xlim=(0, limit), ylim=(0, limit), xlabel="distance ψ, teacher", title=name)
        ax.title.set_fontsize(11)
    axes[0].set_ylabel("distance ψ, student")
    return picture


def planes(
    spaces: Mapping[str, Float[Tensor, "N _D"]], labels: Int[Tensor, " N"], classes: Sequence[str], *, alt: str
) -> Picture:
    """Embeddings along their two widest directions (principal components), a colour and a sign for each class."""
    for name, space in spaces.items():
        require(len(space) == len(labels), f"{name}: {len(space)} embeddings, {len(labels)} labels", ShapeError)
    picture = Picture(alt=alt, size=(2.9 * len(spaces), 3.0))
    shown = array(labels)
    colours = dict(zip(sorted(set(shown.tolist())), (BLUE, ORANGE, GREEN, PURPLE, VERMILION), strict=False))
    for ax, (name, space) in zip(picture.subplots(1, len(spaces), squeeze=False)[0], spaces.items(), strict=True):
        values = array(space).astype(np.float64)
        centred = values - values.mean(0)
        _, _, directions = np.linalg.svd(centred, full_matrices=False)
        flat = centred @ directions[:2].T
        for k, colour in colours.items():
            place = flat[shown == k]
            sign = k if long(classes) else classes[k]
            ax.plot(*place.T, linestyle="none", marker=f"${sign}$", color=colour, markersize=5.5, alpha=0.7)
        bare(ax).set_title(name, fontsize=11)
    if long(classes):
        picture.supxlabel(", ".join(f"{k}: {classes[k]}" for k in colours), fontsize=10)
    return picture


def retrieval(
    frame: "pd.DataFrame", methods: Sequence[str], values: Mapping[str, str], *, alt: str, group: str = "characters"
) -> Picture:
    """Bars of methods, mean ± standard error over the seeds: a panel for each of `values`, a group for each number of
    `group`. A line marks the teacher."""
    students, teacher = frame[frame["method"].isin(methods)], frame[frame["method"] == "teacher"]
    groups = sorted(students[group].unique()) if group in students else [None]
    picture = Picture(alt=alt, size=(3.5 * len(values) + 0.4, 3.4))
    for ax, (value, title) in zip(picture.subplots(1, len(values), squeeze=False)[0], values.items(), strict=True):
        for i, method in enumerate(methods):
            for x, number in enumerate(groups):
                rows = students[students["method"] == method]
                numbers = 100 * (rows if number is None else rows[rows[group] == number])[value]
                place = x + (i - (len(methods) - 1) / 2) * 0.8 / len(methods)
                _bar(ax, place, 0.72 / len(methods), numbers, LOOKS[method]["color"], method if x == 0 else None)
        if len(teacher):
            ax.axhline(100 * teacher[value].mean(), color=BLACK, linestyle="-.", linewidth=1.3, label="teacher")
        ax.grid(False, axis="x")
        ax.set_xticks(range(len(groups)), ["" if g is None else f"{g} {group}" for g in groups])
        ax.set_title(title, fontsize=11)
        ax.set_ylim(bottom=_floor(students[students["method"].isin(methods)][value]))
        ax.set_ylabel("%")
    handles, names = ax.get_legend_handles_labels()
    picture.legend(handles, names, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    return picture


def _bar(ax: Axes, place: float, width: float, numbers: "pd.Series", colour: str, label: str | None) -> None:
    mean, error = map(float, mean_and_error(numbers))
    ax.bar(place, mean, width, color=colour, alpha=0.8, label=label)
    ax.errorbar(place, mean, error, color="0.2", capsize=3, linewidth=1)
    top = np.nanmax([mean, mean + error])
    ax.annotate(f"{mean:.1f}", (place, top), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=8)


def _floor(values: "pd.Series") -> float:
    """Where the axis starts: a round number well below the smallest bar, so that differences are seen."""
    return float(max(0, 10 * ((100 * values.min() - 10) // 10)))


def generations(frame: "pd.DataFrame", value: str, order: Sequence[str], *, alt: str, ylabel: str) -> Picture:
    """One line a seed over the generations, and their mean."""
    wide = 100 * frame.pivot_table(index="seed", columns="method", values=value)[list(order)]
    picture = Picture(alt=alt, size=(5.0, 3.0))
    ax = picture.subplots()
    for _, row in wide.iterrows():
        ax.plot(range(len(order)), row, color="0.75", linewidth=1)
    mean = wide.mean()
    ax.plot(range(len(order)), mean, **ROLES["taught"])
    place = (len(order) - 1, mean.iloc[-1])
    ax.annotate("mean", place, xytext=(8, 0), textcoords="offset points", va="center", color=ROLES["taught"]["color"])
    ax.set_xticks(range(len(order)), [f"{name}\n(alone)" if i == 0 else name for i, name in enumerate(order)])
    ax.set_ylabel(ylabel)
    ax.margins(x=0.15)
    return picture


def batch_memory(
    batches: Sequence[int], megabytes: Mapping[str, Sequence[float]], *, alt: str, marks: Mapping[str, float]
) -> Picture:
    """Megabytes over the batch size, both logarithmic; `marks` are horizontal lines with a name."""
    picture = Picture(alt=alt, size=(5.6, 3.4))
    ax = picture.subplots()
    for (name, values), style in zip(megabytes.items(), looks(list(megabytes)).values(), strict=True):
        ax.plot(batches, values, label=name, markersize=5, **style)
    for name, height in marks.items():
        ax.axhline(height, color="0.5", linestyle=":", linewidth=1.2)
        ax.annotate(name, (batches[0], height), xytext=(0, 2), textcoords="offset points", fontsize=8.5, color="0.3")
    ax.set(xscale="log", yscale="log", xlabel="images in a batch, B", ylabel="MB")
    ax.set_xticks(batches, [str(b) for b in batches])
    ax.set_xticks([], minor=True)
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none", loc="lower right")
    return picture
