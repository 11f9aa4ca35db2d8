"""Pictures of the lesson on DeiT: patches, where tokens look, how alike two tokens are, and who wins."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from ..train.seeds import mean_and_error
from .charts import array
from .picture import Picture
from .style import BLACK, BLUE, ORANGE, SEQUENTIAL, VERMILION, bare, looks

if TYPE_CHECKING:
    import pandas as pd

CALLED = {
    "cnn": "CNN alone",
    "alone": "ViT alone",
    "hard, token": "DeiT, taught by the CNN",
    "hard, token, vit teacher": "DeiT, taught by the ViT",
    "alone, twice the steps": "ViT alone, twice the steps",
    "alone, two tokens": "ViT alone, two tokens",
    "alone, mixup": "ViT alone, mixup",
    "alone, no positions": "ViT alone, no positions",
    "hard": "hard answers, one token",
    "soft": "soft answers, one token",
    "soft, token": "soft answers, two tokens",
    "cnn, few labels": "CNN alone, few labels",
    "hard, token, few labels": "DeiT, few labels",
}
"""The methods of the stored studies, and what they are called."""
DECIDERS = {
    "CNN alone": ("cnn", ""),
    "ViT alone": ("alone", ""),
    "DeiT, class head": ("hard, token", ", class head"),
    "DeiT, distillation head": ("hard, token", ", teacher's head"),
    "DeiT, both": ("hard, token", ""),
    "DeiT taught by the ViT, both": ("hard, token, vit teacher", ""),
}
"""Whose decisions are compared: {title: (method of the study, which of its heads)}."""
PAPER = {"first": 0.06, "last": 0.93}  # the cosine of both tokens in the paper's DeiT-B (§4)


def where_tokens_look(
    images: Float[Tensor, "N H W"], maps: Mapping[str, Float[Tensor, "N h w"]], *, alt: str
) -> Picture:
    """Each image in a column of its own, and below it how much each token took of each of its patches.

    Every map has its own scale, from 0 to its largest number, so that maps of little attention are seen, too. Raises
    `ShapeError` unless there is a map for each image.
    """
    wrong = [name for name, values in maps.items() if len(values) != len(images)]
    require(not wrong, f"{len(images)} images, and the maps of {wrong[:1]} are of another number", ShapeError)
    picture = Picture(alt=alt, size=(1.15 * len(images) + 0.9, 1.15 * (1 + len(maps))))
    axes = picture.subplots(1 + len(maps), len(images), squeeze=False)
    for column, image in enumerate(images):
        bare(axes[0, column]).imshow(array(image), cmap="gray", interpolation="nearest")
        for row, values in enumerate(maps.values(), start=1):
            shown = array(values[column])
            bare(axes[row, column]).imshow(shown, cmap=SEQUENTIAL, vmin=0, vmax=shown.max(), interpolation="nearest")
    for ax, name in zip(axes[:, 0], ("image", *maps), strict=True):
        ax.set_ylabel(name, fontsize=10)
    return picture


def similarity_over_depth(
    values: Mapping[str, Sequence[float] | Float[Tensor, " L"]], *, alt: str, paper: bool = True
) -> Picture:
    """The cosine between class token and distillation token, before the first block and after each.

    paper: mark what the paper reports of its largest model, before the first block and after the last.
    """
    picture = Picture(alt=alt, size=(5.4, 3.2))
    ax = picture.subplots()
    for (name, numbers), style in zip(values.items(), looks(list(values)).values(), strict=True):
        ax.plot(range(len(numbers)), array(numbers), label=name, markersize=5, **style)
    depth = max(len(numbers) for numbers in values.values()) - 1
    if paper:
        ax.plot([0, depth], list(PAPER.values()), "*", color=BLACK, markersize=11, label="paper's DeiT-B, 12 blocks")
    ax.set(xlabel="block", ylabel="cosine of the two tokens", ylim=(-0.5, 1.05))
    ax.set_xticks(range(depth + 1), ["before", *map(str, range(1, depth + 1))])
    ax.legend(fontsize=9, framealpha=0.8, edgecolor="none")
    return picture


def ranking(
    frame: "pd.DataFrame",
    methods: Mapping[str, str],
    *,
    alt: str,
    value: str = "test",
    xlabel: str = "test accuracy, %",
) -> Picture:
    """A line for each of the methods that the study has, {its name there: what it is called}: every seed a dot, the
    mean a bar with its standard error. The first is at the top; a broken line marks the mean of "alone"."""
    methods = {name: called for name, called in methods.items() if (frame["method"] == name).any()}
    picture = Picture(alt=alt, size=(7.4, 0.36 * len(methods) + 0.9))
    ax = picture.subplots()
    for place, method in enumerate(methods):
        numbers = 100 * frame.loc[frame["method"] == method, value].to_numpy()
        mean, error = mean_and_error(numbers)
        colour = VERMILION if method.startswith("alone") else ORANGE if method.startswith("cnn") else BLUE
        ax.errorbar(mean, place, xerr=error, fmt="|", color=colour, markersize=13, markeredgewidth=2.5, capsize=3)
        ax.plot(numbers, np.full(len(numbers), place), "o", color=colour, alpha=0.45, markersize=4)
        if method == "alone":
            ax.axvline(float(mean), color=VERMILION, linestyle="--", linewidth=1)
    ax.set_yticks(range(len(methods)), list(methods.values()))
    ax.set_ylim(len(methods) - 0.4, -0.6)
    ax.set_xlabel(xlabel)
    ax.grid(False, axis="y")
    return picture


def otherwise(frame: "pd.DataFrame", rows: Mapping[str, tuple[str, str]] = DECIDERS) -> "pd.DataFrame":
    """How often a net decides otherwise than each of the two teachers, in percent of the test images: mean ± standard
    error over the seeds. rows: as `DECIDERS`; those whose method the study has are shown."""
    import pandas as pd

    def mean(method: str, column: str) -> str:
        average, error = mean_and_error(100 * frame.loc[frame["method"] == method, column].to_numpy())
        return f"{average:.1f} ± {error:.1f}"

    columns = {"otherwise than the CNN teacher, %": "unlike cnn", "than the ViT teacher, %": "unlike vit"}
    there = {title: row for title, row in rows.items() if (frame["method"] == row[0]).any()}
    found = {
        title: {name: mean(method, f"{column}{head}") for name, column in columns.items()}
        for title, (method, head) in there.items()
    }
    return pd.DataFrame.from_dict(found, orient="index")
