"""Pictures of the lesson on language models: texts side by side, how surprising each character is, and what a student
learns of the book against what its own writing is worth."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.patches import Rectangle
from torch import Tensor

from ..errors import ShapeError, require
from ..train.seeds import mean_and_error
from .charts import array
from .picture import Picture
from .style import bare, looks

if TYPE_CHECKING:
    import pandas as pd

LINE = 74  # characters of a line of text
MOST = 6.0  # bits at which a character is darkest
SEEN = {"\n": "↵", " ": "·"}


def writing(texts: Mapping[str, str], prompt: str, *, alt: str) -> Picture:
    """What each has written after the prompt, which is printed bold, one below the other."""
    lines = {who: wrap(text.replace("\n", " ↵ "), LINE) or [""] for who, text in texts.items()}
    rows = sum(len(each) + 0.9 for each in lines.values())
    picture = Picture(alt=alt, size=(7.4, 0.25 * rows + 0.45))
    ax = bare(picture.subplots())
    ax.set(xlim=(0, 1), ylim=(rows + 0.2, -0.9))
    ax.set_title(f"after “{prompt}”", fontsize=10, loc="left")
    y = 0.0
    colours = looks(list(lines))
    for who, each in lines.items():
        ax.text(0, y, who, fontsize=10, weight="bold", color=colours[who]["color"], va="center")
        for i, line in enumerate(each, 1):
            ax.text(0.02, y + 0.9 * i, line, fontsize=9, family="monospace", va="center", parse_math=False)
        y += len(each) + 0.9
    return picture


def surprise(text: str, bits: Mapping[str, Float[Tensor, " n"]], *, alt: str) -> Picture:
    """The characters of a text, the darker the more bits they cost: a row for each reader of it.

    Raises `ShapeError` unless there is a number for each character.
    """
    for who, each in bits.items():
        told = f"{who}: {len(each)} numbers for a text of {len(text)} characters; give one for each"
        require(len(each) == len(text), told, ShapeError)
    picture = Picture(alt=alt, size=(7.4, 0.42 * len(bits) + 0.5))
    ax = bare(picture.subplots())
    colours = colormaps["Oranges"]
    for row, (who, each) in enumerate(bits.items()):
        ax.text(-0.8, row, who, fontsize=9.5, ha="right", va="center")
        for i, (letter, cost) in enumerate(zip(text, array(each), strict=True)):
            dark = min(float(cost) / MOST, 1.0)
            ax.add_patch(_square(i, row, colours(0.85 * dark)))
            shown = SEEN.get(letter, letter)
            ax.text(i, row, shown, fontsize=8.5, family="monospace", ha="center", va="center", parse_math=False)
    ax.set(xlim=(-9, len(text)), ylim=(len(bits) - 0.4, -0.6))
    ax.set_title("bits each character costs: white 0, darkest 6 and more", fontsize=9.5, loc="left")
    return picture


def by_place(costs: Mapping[str, Float[Tensor, " n"] | Sequence[float]], width: int, *, alt: str) -> Picture:
    """Bits per character under the teacher, of each group of `width` characters further from the prompt."""
    picture = Picture(alt=alt, size=(7.6, 3.1))
    ax = picture.subplots()
    appearance = looks(list(costs))
    for who, each in costs.items():
        values = array(each)
        ax.plot(width * (np.arange(len(values)) + 0.5), values, label=who, markersize=5, **appearance[who])
    ax.set(xlabel="characters after the prompt", ylabel="bits under the teacher")
    ax.legend(
        fontsize=9, edgecolor="none", loc="center left", bbox_to_anchor=(1.01, 0.5)
    )  # lines cross the whole field
    return picture


def two_goals(rows: "pd.DataFrame", *, alt: str) -> Picture:
    """Each way of a study by what it knows of the book (bits per character, to the left is better) and by what its own
    writing costs under the teacher (down is better); small points are seeds, large ones their mean ± standard error."""
    ways = list(rows["method"].unique())
    picture = Picture(alt=alt, size=(7.2, 4.2))
    ax = picture.subplots()
    appearance = looks(ways)
    for way in ways:
        own = rows[rows["method"] == way]
        colour, marker = appearance[way]["color"], appearance[way]["marker"]
        ax.plot(own["bits"], own["judged"], marker, color=colour, markersize=3, alpha=0.5, linestyle="")
        (x, dx), (y, dy) = mean_and_error(own["bits"]), mean_and_error(own["judged"])
        ax.errorbar(x, y, dy, dx, marker=marker, color=colour, markersize=8, capsize=2, linestyle="", label=way)
    ax.set(xlabel="the book: bits per character under the student", ylabel="its writing: bits under the teacher")
    ax.legend(fontsize=8.5, framealpha=0.8, edgecolor="none")
    return picture


def _square(x: float, y: float, colour: tuple[float, float, float, float]) -> Rectangle:
    return Rectangle((x - 0.5, y - 0.45), 1, 0.9, color=colour, linewidth=0)
