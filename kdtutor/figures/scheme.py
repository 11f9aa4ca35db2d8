"""A method on one line: what flows through teacher and student from left to right, and what is compared with what."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ..errors import ShapeError, choose, require
from .picture import Picture
from .style import GREEN, bare, looks

WIDTH = 8.4  # inches, of the page's column
LANE = 1.15  # inches, from one lane to the next
HALF = (0.41, 0.25)  # of a box: of a column, of a lane
WORDS = 10.0  # points
FORWARD: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.3}

Place = tuple[float, float]


def scheme(
    lanes: Mapping[str, Sequence[str]],
    losses: Mapping[str, tuple[str, str]] | None = None,
    *,
    alt: str,
    start: str = "image",
    arrows: Sequence[tuple[str, str]] = (),
    frozen: Sequence[str] = ("teacher",),
) -> Picture:
    """Boxes from left to right, a lane for each net, and between two boxes the loss that compares them.

    lanes: {name of a net: what stands in its boxes, in order; "" leaves a place free}. Lines break at a newline, and
    matplotlib's `$…$` is allowed. losses: {what is minimised: (box, box)}, in green; it lies halfway between its boxes.
    start: what all nets are given, in a box of its own at the left; "" for none. arrows: further ones, from box to box.
    frozen: nets that learn nothing, drawn with broken lines.

    Boxes are named by their text, or by "net: text" where two nets have a box of the same text. Raises `UnknownName`
    for one that is not there, and `ShapeError` without a lane.

    >>> lanes = {"teacher": ["teacher", "$z_t$"], "student": ["student", "$z_s$"]}
    >>> scheme(lanes, {"KL": ("$z_t$", "$z_s$")}, alt="Logits of teacher and student meet in a KL divergence.")
    <Picture: Logits of teacher and student meet in a KL divergence.>
    """
    columns = max(map(len, lanes.values()), default=0)
    require(columns > 0, f"lanes={dict(lanes)!r}: a scheme needs at least one net with one box", ShapeError)
    picture = Picture(alt=alt, size=(WIDTH, LANE * max(len(lanes), 1.2) + 0.1))
    first = 1 if start else 0
    ax = bare(picture.subplots())
    ax.set(xlim=(-0.5, first + columns - 0.5), ylim=(-0.5, len(lanes) - 0.5))
    places: dict[str, Place] = {}
    look = looks(["taught" if name == "student" else name for name in lanes])
    middle = (len(lanes) - 1) / 2
    if start:
        places[start] = (0, middle)
        _box(ax, places[start], start, "0.35", "-")
    for row, (net, texts) in enumerate(lanes.items()):
        colour, dash = look["taught" if net == "student" else net]["color"], "--" if net in frozen else "-"
        before = (0.0, middle) if start else None
        for column, text in enumerate(texts, first):
            if not text:
                continue
            place = (float(column), len(lanes) - 1.0 - row)
            places[text if text not in places else f"{net}: {text}"] = places[f"{net}: {text}"] = place
            _box(ax, place, text, colour, dash)
            if before is not None:
                _arrow(ax, before, place, colour, dash)
            before = place
    for source, target in arrows:
        _arrow(ax, _at(places, source), _at(places, target), "0.35", "-")
    for words, (one, other) in (losses or {}).items():
        _loss(ax, words, _at(places, one), _at(places, other))
    return picture


def _at(places: Mapping[str, Place], box: str) -> Place:
    return places[choose("box of the scheme", box, places)]


def _box(ax: Axes, place: Place, text: str, colour: str, dash: str) -> None:
    (x, y), (half, tall) = place, HALF
    shape = "round,pad=0,rounding_size=0.08"
    ax.add_patch(
        FancyBboxPatch(
            (x - half, y - tall), 2 * half, 2 * tall, boxstyle=shape, facecolor="white", edgecolor=colour,
            linestyle=dash, linewidth=1.5, zorder=2,
        )
    )  # fmt: skip
    ax.text(x, y, text, ha="center", va="center", fontsize=WORDS, color="0.1", zorder=3)


def _arrow(ax: Axes, source: Place, target: Place, colour: str, dash: str) -> None:
    """From the side of one box that faces the other to the side of that one."""
    (x, y), (u, v) = source, target
    half, tall = HALF
    if x == u:
        turn = 1 if v > y else -1
        ends = ((x, y + turn * tall), (u, v - turn * tall))
    else:
        turn = 1 if u > x else -1
        ends = ((x + turn * half, y), (u - turn * half, v))
    ax.add_patch(FancyArrowPatch(*ends, color=colour, linestyle=dash, zorder=1, **FORWARD))


def _loss(ax: Axes, words: str, one: Place, other: Place) -> None:
    """A line between two boxes, and on it what is minimised."""
    ax.plot(*zip(one, other, strict=True), color=GREEN, linewidth=2, zorder=0.5, solid_capstyle="butt")
    middle = ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)
    ax.text(
        *middle, words, ha="center", va="center", fontsize=WORDS, color="white", zorder=4,
        bbox={"boxstyle": "round,pad=0.3", "facecolor": "#00735C", "edgecolor": "none"},
    )  # fmt: skip
