"""Pictures of the lesson on amalgamation (KA): who says what about an image, where answers go, a common space."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from torch import Tensor

from ..errors import ShapeError, require
from .charts import array
from .picture import Picture
from .style import BLUE, GREEN, ORANGE, PURPLE, SEQUENTIAL, VERMILION, bare, long

HALVES = (BLUE, VERMILION)
"""The colours of the two teachers, and of their classes."""


def opinions(
    images: Tensor,
    answers: Sequence[Float[Tensor, "N _k"]],
    classes: Sequence[Sequence[int]],
    names: Sequence[str],
    *,
    alt: str,
) -> Picture:
    """Each image, and below it what each teacher finds most probable: one of its own classes, whatever is shown.

    images: (N, 1, H, W), bytes; at most eight look well. answers: each teacher's logits. names: of all classes.
    """
    require(all(len(z) == len(images) for z in answers), f"{len(images)} images need an answer each", ShapeError)
    picture = Picture(alt=alt, size=((1.8 if long(names) else 1.22) * len(images), 2.0))  # names stand beside bars
    axes = picture.subplots(2, len(images), squeeze=False, gridspec_kw={"height_ratios": [1.8, 1]})
    p = [array(z.softmax(1)) for z in answers]
    for i, (above, below) in enumerate(axes.T):
        bare(above).imshow(array(images[i, 0]), cmap="gray")
        said = [(own[int(row[i].argmax())], row[i].max()) for row, own in zip(p, classes, strict=True)]
        below.barh(range(len(said)), [sure for _, sure in said], color=HALVES)
        for place, (_, sure) in enumerate(said):
            below.text(sure + 0.04, place, f"{sure:.0%}", va="center", fontsize=8.5)
        ticks = [names[k] for k, _ in said]
        below.set(xlim=(0, 1.5), ylim=(len(said) - 0.4, -0.6), xticks=[], yticks=range(len(said)), yticklabels=ticks)
        below.grid(False)
        below.spines[["left", "bottom"]].set_visible(False)
        below.tick_params(length=0, labelsize=9)
    return picture


def largest(
    values: Mapping[str, tuple[Float[Tensor, " n"], Float[Tensor, " m"]]], *, alt: str, xlabel: str = "", bins: int = 30
) -> Picture:
    """Two histograms a panel: a number for images of a teacher's own classes, and for those of the other's."""
    picture = Picture(alt=alt, size=(3.4 * len(values), 3.0))
    for ax, (name, (own, foreign)) in zip(
        picture.subplots(1, len(values), squeeze=False)[0], values.items(), strict=True
    ):
        both = np.concatenate([array(own), array(foreign)])
        edges = np.linspace(both.min(), both.max(), bins + 1).tolist()
        ax.hist(array(own), edges, color=GREEN, alpha=0.6, label="its own classes")
        ax.hist(array(foreign), edges, color=ORANGE, alpha=0.6, label="the other's", hatch="//", edgecolor="white")
        ax.set(title=name, xlabel=xlabel, yticks=[])
        ax.title.set_fontsize(11)
    handles, names = ax.get_legend_handles_labels()
    picture.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    return picture


def borders(
    counts: Mapping[str, Int[Tensor, "K K"]], classes: Sequence[str], border: int, *, alt: str, height: float = 3.4
) -> Picture:
    """Mistakes by true class (row) and answer (column), without the right ones; lines part the teachers' classes."""
    tables = {title: array(table) for title, table in counts.items()}
    off = ~np.eye(len(classes), dtype=bool)
    high = max(int(table[off].max()) for table in tables.values()) or 1
    picture = Picture(alt=alt, size=(0.7 + height * len(tables), height + 0.3))
    axes = picture.subplots(1, len(tables), squeeze=False, sharey=True)[0]
    for ax, (title, table) in zip(axes, tables.items(), strict=True):
        shown = ax.imshow(np.where(off, table, np.nan), cmap=SEQUENTIAL, vmin=0, vmax=high)
        for i, j in zip(*np.nonzero(off & (table > 0)), strict=True):
            dark = table[i, j] < 0.6 * high
            ax.text(j, i, str(table[i, j]), ha="center", va="center", fontsize=8, color="w" if dark else "k")
        for draw in (ax.axhline, ax.axvline):
            draw(border - 0.5, color=VERMILION, linewidth=1.5)
        turned = {"rotation": 90} if max(map(len, classes)) > 2 else {}
        ax.set_xticks(range(len(classes)), classes, fontsize=8, **turned)
        ax.set_yticks(range(len(classes)), classes, fontsize=8)
        ax.grid(False)
        ax.set(title=title, xlabel="answered")
        ax.title.set_fontsize(11)
    axes[0].set_ylabel("true class")
    picture.colorbar(shown, ax=list(axes), label="images", pad=0.02)
    return picture


def spaces(panels: Mapping[str, Mapping[str, Float[Tensor, "N _D"]]], *, alt: str, size: float = 3.1) -> Picture:
    """Sets of vectors along their two widest common directions, a panel each; in a panel a colour and a sign a set."""
    picture = Picture(alt=alt, size=(size * len(panels), size + 0.35))
    for ax, (title, sets) in zip(picture.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        scatter(ax, sets)
        bare(ax).set_title(title, fontsize=11)
    handles, names = ax.get_legend_handles_labels()
    picture.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=9, frameon=False)
    return picture


def scatter(ax: Axes, sets: Mapping[str, Float[Tensor, "N _D"]]) -> None:
    """The sets as clouds of points, in the plane of the two widest directions of all."""
    widths = {name: vectors.shape[1] for name, vectors in sets.items()}
    told = f"vectors of {widths} numbers share no space; give vectors of one length"
    require(len(set(widths.values())) == 1, told, ShapeError)
    whole = np.concatenate([array(vectors) for vectors in sets.values()]).astype(np.float64)
    centre = whole.mean(0)
    _, _, directions = np.linalg.svd(whole - centre, full_matrices=False)
    looks = zip(sets.items(), (*HALVES, GREEN, PURPLE), "s^oD", strict=False)
    for (name, vectors), colour, marker in looks:
        flat = (array(vectors) - centre) @ directions[:2].T
        ax.plot(*flat.T, linestyle="none", marker=marker, color=colour, markersize=3.5, alpha=0.5, label=name)
