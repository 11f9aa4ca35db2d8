"""The picture of a run in progress: every term over the epochs, earlier runs beside it in broken lines."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..errors import require
from ..figures.history import Terms, alt_of, frame, legend, mark_phase, name_of, panels_of
from ..figures.style import LINES, PALETTE, ROLES, Dash, Look, look
from ..train import History, Progress
from .live import LiveFigure

SMOOTH = 0.9  # of the running mean over steps
POINTS = 400  # a trail longer than this is thinned: more points cannot be told apart on the page
USUAL = ("loss", "val_accuracy")  # until a run tells what it measures
TIGHT = 2.5  # limits this much wider than the data are drawn in


class Trail:
    """The running mean of one term over the steps, from the first step on, as at most `POINTS` points."""

    def __init__(self) -> None:
        self.x: list[float] = []
        self.y: list[float] = []
        self._sum = self._weight = 0.0
        self._count, self._every = 0, 1

    def add(self, x: float, value: float) -> None:
        """mean_n = Σ_i 0.9^(n−i) · v_i / Σ_i 0.9^(n−i)."""
        self._sum = SMOOTH * self._sum + value
        self._weight = SMOOTH * self._weight + 1
        self._count += 1
        if self._count % self._every:
            return
        self.x.append(x)
        self.y.append(self._sum / self._weight)
        if len(self.x) > POINTS:
            self.x, self.y, self._every = self.x[1::2], self.y[1::2], 2 * self._every


class Line(NamedTuple):
    """What is drawn of one term: its trail over the steps, faint, and its value after each epoch."""

    term: str
    trail: Line2D
    epochs: Line2D


class LiveCurves:
    """A live figure with a pair of axes for each entry of `terms`, as in `figures.curves`.

    terms: by default the loss and what is measured first on held-out data, of classes the validation accuracy.
    role: whose look a single term has ("taught", "alone", "teacher"); several terms on the same axes get a colour each.
    """

    def __init__(
        self,
        terms: Terms | None = None,
        *,
        alt: str | None = None,
        role: str = "taught",
        size: tuple[float, float] | None = None,
    ) -> None:
        panels = panels_of(terms or USUAL)
        require(len(panels) > 0, "no terms: name at least one, such as 'loss'.")
        columns = min(len(panels), 3)
        rows = -(-len(panels) // columns)
        self.figure = LiveFigure(
            alt=alt or f"{alt_of(panels)} They grow while the student trains.",
            size=size or (0.4 + 3.4 * columns, 2.9 * rows),
            rows=rows,
            columns=columns,
        )
        for ax in self.figure.axes[len(panels) :]:
            ax.set_axis_off()
        self._usual = terms is None
        self._panels: list[tuple[Axes, list[Line]]] = []
        for ax, panel in zip(self.figure.axes, panels, strict=False):
            frame(ax, panel)
            ax.set(xlim=(0, 1), ylim=(0, 1))
            if len(panel) == 1:
                lines = [self._line(ax, panel[0], look(role), "this run")]
            else:
                lines = [self._line(ax, term, look("", i), name_of(term, panel)) for i, term in enumerate(panel)]
            self._panels.append((ax, lines))
            legend(ax)
        self._step = 0  # the last one that was noted
        self._trails: dict[str, Trail] = {}
        self._starts: dict[str, int] = {}  # phase → epochs before it
        self._marks: dict[str, list[Artist]] = {}  # phase → what marks its start
        self._earlier: dict[Axes, list[Line2D]] = {}

    def begin(self) -> None:
        """Forget the run drawn so far; what `compare` put there stays."""
        with self.figure.lock:
            for artist in (artist for marks in self._marks.values() for artist in marks):
                artist.remove()
            self._trails, self._starts, self._marks, self._step = {}, {}, {}, 0
            for line in (line for _, lines in self._panels for line in lines):
                line.trail.set_data([], [])
                line.epochs.set_data([], [])

    def add(self, progress: Progress) -> None:
        """Take note of a step; nothing is drawn. The last report of a run, after its test, is of no new step."""
        if progress.step == self._step:
            return
        self._step = progress.step
        self._starts.setdefault(progress.phase, progress.epoch - 1)
        x = progress.step * progress.epochs / max(progress.total_steps, 1)
        for term, value in progress.terms.items():
            self._trails.setdefault(term, Trail()).add(x, value)

    def redraw(self, progress: Progress) -> None:
        """Draw the run as it is after the step `progress`."""
        with self.figure.lock:
            for phase, start in self._starts.items():
                if start and phase not in self._marks:
                    self._marks[phase] = [artist for ax, _ in self._panels for artist in mark_phase(ax, start, phase)]
            self._measure(progress.history)
            for ax, lines in self._panels:
                for line in lines:
                    if trail := self._trails.get(line.term):
                        line.trail.set_data(trail.x, trail.y)
                    if line.term in progress.history.terms:
                        line.epochs.set_data(*progress.history.curve(line.term))
                self._fit(ax, lines, progress.epochs)
                if progress.step == progress.total_steps:  # nothing grows any more
                    legend(ax, place="best")
            self.figure.update()

    def compare(self, overlay: Mapping[str, History]) -> None:
        """Draw these earlier runs in broken lines, in place of those drawn so far."""
        with self.figure.lock:
            for run in overlay.values():
                self._measure(run)
            for ax, lines in self._panels:
                for old in self._earlier.get(ax, []):
                    old.remove()
                self._earlier[ax] = [
                    _broken(ax, run, line, label, number, one=len(lines) == 1)
                    for number, (label, run) in enumerate(overlay.items())
                    for line in lines
                    if line.term in run.terms
                ]
                self._fit(ax, lines, 0)
                legend(ax)  # the limits may have fitted before
            self.figure.update()

    def _measure(self, run: History) -> None:
        """Draw what this run measures, once it is known, unless the terms were named."""
        ax, (line,) = self._panels[-1] if self._usual else (None, (None,))
        if ax is None or line is None or not run.measures or line.term in run.measures:
            return
        frame(ax, run.measures[:1])
        self._panels[-1] = ax, [line._replace(term=run.measures[0])]

    def _line(self, ax: Axes, term: str, style: Look, label: str) -> Line:
        color, marker = style["color"], style["marker"]
        (trail,) = ax.plot([], [], color=color, linewidth=1.2, alpha=0.4)
        (epochs,) = ax.plot([], [], color=color, marker=marker, markersize=4, label=label)
        self.figure.live(trail, epochs)
        return Line(term, trail, epochs)

    def _fit(self, ax: Axes, lines: list[Line], epochs: int) -> None:
        """Set the limits if the data leave them or fill little of them: each change costs a full drawing."""
        drawn = [line for pair in lines for line in (pair.trail, pair.epochs)] + self._earlier.get(ax, [])
        xs = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in drawn])
        ys = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in drawn])
        end = 1.02 * max(epochs, 1, *xs)
        if end != ax.get_xlim()[1]:
            ax.set_xlim(0, end)
        ys = ys[np.isfinite(ys)]
        if len(ys):
            low, high = _room(float(ys.min()), float(ys.max()))
            bottom, top = ax.get_ylim()
            if ys.min() < bottom or ys.max() > top or top - bottom > TIGHT * (high - low):
                ax.set_ylim(low, high)
                legend(ax)


def _room(low: float, high: float) -> tuple[float, float]:
    """Limits around the data with room to grow; from zero if the data come near it."""
    span = (high - low) or abs(high) or 1.0
    return (0.0 if 0 <= low < span else low - 0.15 * span), high + 0.15 * span


def _broken(ax: Axes, run: History, line: Line, label: str, number: int, one: bool) -> Line2D:
    """An earlier run: of a single term in a colour of its own, of several in the colour of the term."""
    others = [colour for colour in PALETTE if colour != line.epochs.get_color()]
    own: str = ROLES[label]["color"] if label in ROLES else others[number % len(others)]
    broken = [line for line in LINES if line != "-"]
    known = ROLES[label]["linestyle"] if label in ROLES else "-"
    dash: Dash = known if known != "-" else broken[number % len(broken)]
    name = label if one else f"{label}, {line.epochs.get_label()}"
    color = own if one else line.epochs.get_color()
    return ax.plot(*run.curve(line.term), color=color, linestyle=dash, linewidth=1.4, label=name)[0]
