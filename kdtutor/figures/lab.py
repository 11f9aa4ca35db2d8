"""Two nets side by side: whom each mixes up, where exactly one is right, whether each is as sure as it may be."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from matplotlib.axes import Axes
from torch import Tensor

from ..errors import ShapeError, require
from .charts import array, show_images
from .picture import Picture
from .style import looks

FEW = 12  # classes whose counts are written into the cells
BINS = 10


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
            ax.set_xticks(range(len(classes)), classes, rotation=90 if max(map(len, classes)) > 2 else 0)
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


def reliability(
    logits: Float[Tensor, "N K"], labels: Int[Tensor, " N"], bins: int = BINS
) -> tuple[Float[Tensor, " M"], Float[Tensor, " M"], Int[Tensor, " M"], float]:
    """How sure a net is and how often it is right, in bins of equal width of its largest probability.

    Returns the mean of that probability, the share of right answers and the number of images of each bin (NaN in an
    empty one), and the expected calibration error Σ n_m / N · |share_m - mean_m|.
    """
    sure, said = logits.softmax(1).max(1)
    right = (said == labels).to(sure.dtype)
    place = (sure * bins).long().clamp(0, bins - 1)
    count = torch.bincount(place, minlength=bins)
    mean = torch.bincount(place, sure, minlength=bins) / count
    share = torch.bincount(place, right, minlength=bins) / count
    error = ((share - mean).abs().nan_to_num() * count / len(labels)).sum().item()
    return mean.to(logits.dtype), share.to(logits.dtype), count, error


def calibration(logits: Mapping[str, Float[Tensor, "N K"]], labels: Int[Tensor, " N"], bins: int = BINS) -> Picture:
    """A bar for each bin of the largest probability: how often the net is right there. On the diagonal it is as sure as
    it may be, below it is too sure. Above stand the numbers of images and the expected calibration error."""
    alt = f"Bars for {' and '.join(logits)}: how often each is right, by how sure it is; the diagonal is ideal."
    picture = Picture(alt=alt, size=(4.0 * len(logits), 3.3))
    axes = picture.subplots(1, len(logits), squeeze=False, sharey=True)[0]
    appearance = looks(list(logits))
    edges = np.arange(bins) / bins
    for ax, (name, z) in zip(axes, logits.items(), strict=True):
        _, share, count, error = reliability(z, labels, bins)
        heights = array(share)
        ax.bar(edges, heights, width=0.92 / bins, align="edge", color=appearance[name]["color"], alpha=0.75)
        ax.plot([0, 1], [0, 1], color="0.35", linestyle="--", linewidth=1.2)
        for x, images in zip(edges, count.tolist(), strict=True):
            ax.text(x + 0.5 / bins, 1.02, str(images or ""), ha="center", va="bottom", fontsize=8, color="0.35")
        ax.set(xlim=(0, 1), ylim=(0, 1.1), xlabel="largest probability")
        ax.set_title(f"{name}\nexpected calibration error {100 * error:.1f} %", fontsize=10)
    axes[0].set_ylabel("share of right answers")
    return picture
