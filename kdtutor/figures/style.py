"""One look for every figure: colours that colour-blind readers tell apart, and one appearance per role.

Palette: Okabe & Ito, "Color universal design" (2008). A role never relies on colour alone: its line style and
marker differ too, so that a printed page and a grey screen still show who is who.
"""

from collections.abc import Sequence
from typing import TypedDict

from matplotlib.axes import Axes

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

# Yellow comes last: on white it is hard to see as a line.
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, YELLOW)
"""Colours that the colour-blind tell apart (Okabe and Ito), in the order in which lines take them."""
SEQUENTIAL, DIVERGING = "viridis", "PuOr"

Dash = str | tuple[int, tuple[float, ...]]
LINES: tuple[Dash, ...] = ("-", "--", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), ":")
MARKERS = ("o", "s", "D", "v", "P", "X", "^", "*")


class Look(TypedDict):
    """Keywords of `Axes.plot`."""

    color: str
    linestyle: Dash
    marker: str


ROLES: dict[str, Look] = {
    "teacher": {"color": BLACK, "linestyle": "-.", "marker": "^"},
    "alone": {"color": VERMILION, "linestyle": "--", "marker": "s"},
    "taught": {"color": BLUE, "linestyle": "-", "marker": "o"},
}
"""The look of whoever learns or teaches, the same in every figure."""


def look(label: str, index: int = 0) -> Look:
    """The look of the role `label` ("teacher", "alone", "taught"), else the `index`-th look of the palette."""
    if label in ROLES:
        return ROLES[label]
    return {
        "color": PALETTE[index % len(PALETTE)],
        "linestyle": LINES[index % len(LINES)],
        "marker": MARKERS[index % len(MARKERS)],
    }


def looks(labels: list[str]) -> dict[str, Look]:
    """A look for each label: roles get their own, the others what no role among them uses."""
    taken = {ROLES[label]["color"] for label in labels if label in ROLES}
    free = iter([i for i, colour in enumerate(PALETTE * 8) if colour not in taken])
    return {label: ROLES[label] if label in ROLES else look(label, next(free)) for label in labels}


def dress(ax: Axes) -> Axes:
    """Give `ax` the course's look: light grid behind the data, no box, quiet ticks.

    Properties are set on the axes and not through matplotlib's global settings: those are shared by all threads, and
    a live run draws in its own.
    """
    ax.set_prop_cycle(color=PALETTE)
    ax.set_axisbelow(True)
    ax.grid(True, color="0.9", linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("0.5")
    ax.tick_params(color="0.5", labelcolor="0.2", labelsize=10.5, length=3)
    return ax


def long(classes: Sequence[str]) -> bool:
    """Whether names of classes are words, which do not fit beside each other as the digits do."""
    return max(map(len, classes)) > 2


def one_of(classes: Sequence[str], k: int) -> str:
    """An image of class `k` in words: "a 7" of the digits, "sneaker" where names are words themselves."""
    return classes[k] if long(classes) else f"a {classes[k]}"


def all_of(classes: Sequence[str], k: int) -> str:
    """The images of class `k` in words: "the 7s" of the digits, "class sneaker" where names are words themselves."""
    return f"class {classes[k]}" if long(classes) else f"the {classes[k]}s"


def class_ticks(ax: Axes, classes: Sequence[str]) -> None:
    """A tick with its name for each class along the x axis, upright where the names are long."""
    ax.set_xticks(range(len(classes)), classes, rotation=90 if long(classes) else 0)


def bare(ax: Axes) -> Axes:
    """Turn `ax` into the frame of an image: no ticks, no grid, no box."""
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.set_xticks([])
    ax.set_yticks([])
    return ax
