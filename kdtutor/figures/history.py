"""Training curves of one run, or of several on the same axes."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..errors import choose, require
from .picture import Picture
from .style import look, looks

if TYPE_CHECKING:
    from ..train import History

Terms = str | Sequence[str | Sequence[str]]
NUMBER = re.compile(r"_\d+$")
"""How a term ends that belongs to one of several nets."""
PARTS = {"train": "train", "val": "validation", "test": "test"}
"""What a number was measured on, by how its term begins."""
MEASURES = {
    "accuracy": "accuracy", "map": "mAP", "miou": "mIoU", "pixel_accuracy": "pixel accuracy", "r2": "R²", "mae": "MAE",
}  # fmt: skip
"""The measures of all tasks, as a reader says them."""
SHARES = ("accuracy", "map", "miou", "pixel_accuracy")
"""Those of them that are shares of all there is."""
GROWING = (*(MEASURES[name] for name in SHARES), MEASURES["r2"], "share")
"""What better nets have more of, so that its curves leave a corner free."""


def curves(
    histories: "Mapping[str, History] | History",
    terms: Terms | None = None,
    alt: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Terms over the epochs: one pair of axes for each entry of `terms`, a line for each run and term.

    histories: one run, or {label: run}; the labels "teacher", "alone" and "taught" have their fixed look. A run that
    lacks a term is left out there.
    terms: "loss", ("loss", "val_accuracy"), or with several terms on the same axes (("task", "kd"), "val_accuracy").
    If not given: of one run all losses and all measures; of several runs the loss and the first held-out measure.
    alt: the alternative text, written from labels and terms if not given.
    Raises `UnknownName` for a term that no run has, `StoppedError` if one was stopped before it had it.
    """
    runs = dict(histories) if isinstance(histories, Mapping) else {"": histories}
    require(len(runs) > 0, "no histories: give at least one run.")
    known = tuple(dict.fromkeys(term for run in runs.values() for term in run.terms))
    panels = panels_of(terms) if terms else _usual(known, several=len(runs) > 1)
    for term in (term for panel in panels for term in panel if term not in known):
        for run in (run for run in runs.values() if run.stopped):
            run.curve(term)  # says where it was stopped
        choose("term of these histories", term, known)
    picture = Picture(alt=alt or alt_of(panels, list(runs)), size=size or (0.6 + 3.4 * len(panels), 3.0))
    for ax, panel in zip(picture.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw(ax, runs, panel)
        if len(runs) == 1:
            _draw_phases(ax, next(iter(runs.values())))
        frame(ax, panel)
        legend(ax, always=any(runs), place="best")
    return picture


def _usual(known: tuple[str, ...], several: bool) -> tuple[tuple[str, ...], ...]:
    measures = tuple(term for term in known if is_measure(term))
    if several:
        held_out = tuple(term for term in measures if term.startswith(("val_", "test_")))[:1]
        return tuple(panel for panel in (("loss",) if "loss" in known else (), held_out) if panel) or (known[:1],)
    losses = tuple(term for term in known if term not in measures)
    shares = tuple(filter(is_share, measures))
    others = [name for name in MEASURES if name not in SHARES]  # each in a unit of its own
    apart = (tuple(term for term in measures if measure_of(term) == name) for name in others)
    return tuple(panel for panel in (losses, shares, *apart) if panel)


def _draw(ax: Axes, runs: "Mapping[str, History]", panel: Sequence[str]) -> None:
    """A line per run and term. With several of both, the run gives the colour, the term gives line style and marker."""
    appearance = looks(list(runs))
    for label, run in runs.items():
        for i, term in enumerate(term for term in panel if term in run.terms):
            epochs, values = run.curve(term)
            name = ", ".join(filter(None, (label, name_of(term, panel) if len(panel) > 1 else "")))
            style = appearance[label] if len(panel) == 1 else look("", i)
            if len(runs) > 1 and len(panel) > 1:
                style = {**style, "color": appearance[label]["color"]}
            ax.plot(epochs, values, label=name, markersize=5, markevery=max(1, len(epochs) // 8), **style)


def _draw_phases(ax: Axes, run: "History") -> None:
    last_epochs = {row.phase: row.epoch for row in run.rows}
    for (_, end), (name, _) in pairwise(last_epochs.items()):
        mark_phase(ax, end, name)


def frame(ax: Axes, panel: Sequence[str]) -> None:
    """Labels of the axes on which the terms of `panel` are drawn over the epochs."""
    ax.set(xlabel="epoch", ylabel=words_of(panel[0]) if len(panel) == 1 else _common_word(panel))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _common_word(terms: Sequence[str]) -> str:
    """What several terms are: one thing, of several nets or splits, or shares, or all rates (rate_stage1, rate_logits)
    or probabilities, or else losses."""
    if of_nets(terms):
        return words_of(NUMBER.sub("", terms[0]))
    things = {measure_of(term) for term in terms}
    if len(things) == 1:
        return words_of(things.pop())
    if all(map(is_measure, terms)):
        return "share"
    first = {term.partition("_")[0] for term in terms}
    return first.pop() if len(first) == 1 and all("_" in term for term in terms) else "loss"


def mark_phase(ax: Axes, epoch: float, name: str) -> tuple[Artist, Artist]:
    """A dotted line after `epoch`, where the phase `name` begins. Returns the line and the name beside it."""
    line = ax.axvline(epoch, color="0.4", linestyle=":", linewidth=1.2)
    place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "xytext": (0, 2), "textcoords": "offset points"}
    return line, ax.annotate(name, (epoch, 1), va="bottom", fontsize=8.5, color="0.3", **place)


def legend(ax: Axes, always: bool = False, place: Literal["best"] | None = None) -> None:
    """A legend if there is more than one line. "best" is where it covers least of the curves; curves that still grow
    need a place that stays: accuracy rises, losses fall, and of two opponents one is below zero."""
    handles, labels = ax.get_legend_handles_labels()
    if len(labels) > 1 or (always and labels):
        box = ax.legend(handles, labels, fontsize=9, framealpha=0.8, edgecolor="none")
        what = ax.get_ylabel()
        low, high = ax.get_ylim()
        middle = what in ("rate", "probability") or high > 0 > low + 0.2 * high  # the former begin or end near 1 or 0
        grows = any(word in what for word in GROWING)
        box.set_loc(place or ("lower right" if grows else "center right" if middle else "upper right"))
    elif old := ax.get_legend():
        old.remove()


def panels_of(terms: Terms) -> tuple[tuple[str, ...], ...]:
    """`terms` as a tuple of panels, each a tuple of the terms drawn on the same axes."""
    entries = [terms] if isinstance(terms, str) else list(terms)
    return tuple((entry,) if isinstance(entry, str) else tuple(entry) for entry in entries)


def alt_of(panels: Sequence[Sequence[str]], labels: Sequence[str] = ()) -> str:
    """Alternative text of curves: which terms, of whom; no numbers."""
    what = "; ".join(", ".join(words_of(term) for term in panel) for panel in panels)
    who = f", for {', '.join(labels)}" if any(labels) else ""
    return f"Curves over the epochs: {what}{who}."


def words_of(term: str) -> str:
    """A term as a reader says it: "val_accuracy" → "validation accuracy"; that of the second net ends in 2."""
    if is_measure(term):
        part, number = PARTS.get(term.partition("_")[0], ""), NUMBER.search(term)
        return f"{part} {MEASURES[measure_of(term)]} {number[0][1:] if number else ''}".strip()
    return term.replace("val_", "validation ").replace("_", " ")


def name_of(term: str, panel: Sequence[str]) -> str:
    """What a legend calls a term: the net, where the terms of its panel differ in nothing else, so that the name is
    short enough to stand beside the curves."""
    if not of_nets(panel):
        return words_of(term)
    number = NUMBER.search(term)
    return f"net {number[0][1:] if number else 1}"


def of_nets(terms: Sequence[str]) -> bool:
    """Whether these are one term of several nets: "mutual", "mutual_2"."""
    return len(terms) > 1 and len({NUMBER.sub("", term) for term in terms}) == 1


def measure_of(term: str) -> str:
    """What was measured, without what it was measured on, and without the number of the net where several learn:
    "val_map" → "map", "val_accuracy_2" → "accuracy"."""
    part, _, name = term.partition("_")
    return NUMBER.sub("", name if part in PARTS else term)


def is_measure(term: str) -> bool:
    """Whether a term is a measure of some task, and no loss."""
    return measure_of(term) in MEASURES


def is_share(term: str) -> bool:
    """Whether a term is a share, which is told in percent."""
    return term.endswith("accuracy") or measure_of(term) in SHARES
