"""Two nets side by side: whom each mixes up, and where exactly one of them is right."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Int, Shaped
from matplotlib.axes import Axes
from torch import Tensor

from ..errors import ShapeError, require
from .charts import array, show_images
from .picture import Picture
from .style import class_ticks

FEW = 12  # classes whose counts are written into the cells


def confusions(counts: Mapping[str, Int[Tensor, "K K"]], classes: Sequence[str]) -> Picture:
    """Images by true class (row) and answer (column) of each net; only mistakes have a colour, to be seen."""
    tables = {name: array(table) for name, table in counts.items()}
    few = len(classes) <= FEW
    mistakes = {name: table - np.diag(np.diag(table)) for name, table in tables.items()}
    highest = max(1, max(int(table.max()) for table in mistakes.values()))
    alt = (
        f"A table of counts for each of {' and '.join(tables)}: true classes in rows, answers in columns, mistakes in "
    )
    picture = Picture(alt=f"{alt}colour.", size=(4.4 * len(tables), 4.3 if few else 4.0))
    axes = picture.subplots(1, len(tables), squeeze=False)[0]
    for ax, (name, table) in zip(axes, tables.items(), strict=True):
        ax.imshow(mistakes[name], cmap="Oranges", vmin=0, vmax=highest, interpolation="nearest")
        ax.grid(False)
        ax.set_title(name, fontsize=10.5)
        ax.set(xlabel="answer", ylabel="true class")
        if few:
            class_ticks(ax, classes)
            ax.set_yticks(range(len(classes)), classes)
            _write_counts(ax, table, mistakes[name], highest)
    return picture


def _write_counts(
    ax: Axes, table: Shaped[np.ndarray, "K K"], mistakes: Shaped[np.ndarray, "K K"], highest: int
) -> None:
    for (i, j), count in np.ndenumerate(table):
        if count:
            dark = mistakes[i, j] > 0.6 * highest
            ax.text(j, i, str(count), ha="center", va="center", fontsize=8, color="white" if dark else "0.2")


def disagreements(
    images: Shaped[Tensor, "N C H W"],
    labels: Int[Tensor, " N"],
    answers: Mapping[str, Int[Tensor, " N"]],
    classes: Sequence[str],
    shown: int = 8,
) -> Picture | None:
    """Images on which exactly one of two nets is right: a row where the first is, a row where the second is.

    None where there is no such image. Raises `ShapeError` unless there are two nets.
    """
    require(len(answers) == 2, f"{len(answers)} nets: disagreements are between two", ShapeError)
    first, second = answers.values()
    sides = [_some(right == labels, wrong != labels, shown) for right, wrong in ((first, second), (second, first))]
    columns = max(map(len, sides))
    if not columns:
        return None
    blank = torch.full_like(images[0], 255 if images.dtype == torch.uint8 else 1)
    shelf, captions = [], []
    for rows, wrong, who in zip(sides, (second, first), "BA", strict=True):
        shelf += [images[row] for row in rows] + [blank] * (columns - len(rows))
        captions += [f"{classes[int(labels[row])]}\n{who} says {classes[int(wrong[row])]}" for row in rows]
        captions += [""] * (columns - len(rows))
    alt = (
        "Two rows of test images, each with its true class and the wrong answer: above A alone is right, below B alone."
    )
    return show_images(torch.stack(shelf), captions, alt=alt, columns=columns, width=1.05)


def _some(right: Bool[Tensor, " N"], wrong: Bool[Tensor, " N"], shown: int) -> list[int]:
    """Up to `shown` rows where both hold, from all over the split: it may be in the order of its classes."""
    rows = (right & wrong).nonzero().flatten()
    return rows[torch.linspace(0, len(rows) - 1, min(shown, len(rows))).long()].tolist() if len(rows) else []
