"""Two rows of the board side by side: curves, mistakes, where exactly one is right, and how sure each is."""

import html
from dataclasses import dataclass

import torch
from ipywidgets import HTML, Button, Dropdown, HBox, Layout, VBox, Widget

from .. import nets
from ..data import Data
from ..errors import require
from ..figures import lab as figures
from ..figures.evaluation import reliability
from ..figures.history import curves
from ..figures.picture import Picture, quick
from ..jobs.refusals import Refusals
from ..jobs.result import Result
from ..train import Evaluation, History, evaluate
from ..train.calibration import calibration
from ..train.checkpoint import HISTORY, LAST
from ..train.paired import Paired, paired
from .board import Leaderboard
from .explorer import sentence_of
from .live import spoken, still_image


@dataclass(frozen=True)
class Finished:
    """A finished run with its student's answers to the test split."""

    history: History
    answers: Evaluation
    data: Data


def finished(result: Result, refusals: Refusals) -> Finished:
    """Read a run from its folder and let its student answer again. Raises a sentence where something is damaged."""
    folder = result.job.folder
    history = History.load(folder / HISTORY)
    with torch.random.fork_rng(devices=[]):
        setup = refusals.prepared(result.job)
        student = nets.build(**history.config["student"])
    nets.load_weights(student, folder / LAST)
    return Finished(history, evaluate(student, setup.data.test, setup.data), setup.data)


class SideBySide(VBox):
    """Two rows of the board to choose, and a button that shows both with one seed."""

    def __init__(self, board: Leaderboard, refusals: Refusals) -> None:
        self.board, self.refusals = board, refusals
        wide = Layout(width="520px", max_width="100%")
        self.first, self.second = (Dropdown(description=name, layout=wide) for name in "AB")
        self.seed = Dropdown(description="seed", layout=Layout(width="200px"))
        self._show = Button(description="Compare", tooltip="Show A and B side by side", layout=Layout(width="110px"))
        self._show.on_click(lambda _: self._clicked())
        self._said = HTML()
        self._shown = VBox()
        heading = HTML("<h3 style='margin:10px 0 2px'>Two rows side by side</h3>")
        super().__init__((heading, self.first, self.second, HBox((self.seed, self._show)), self._said, self._shown))
        self.add_class("kd-side")
        board.on_refresh(self.follow)
        for control in (self.first, self.second):
            control.observe(lambda _: self._seeds(), "value")
        self.follow()

    def follow(self) -> None:
        """Offer the rows of the board that have ended; at first the best, and the student alone that it is paired
        with, or else another row."""
        rows = {row.setting: row for row in self.board.rows if row.runs}
        options = [(f"{row.name}: {row.around}", setting) for setting, row in rows.items()]
        chosen = self.first.value, self.second.value
        taught = [setting for setting, row in rows.items() if row.difference is not None]
        best = taught[0] if taught else next(iter(rows), None)
        others = [setting for setting in rows if setting != best]
        partner = rows[best].first.baseline if best is not None else None
        second = partner if partner in others else next(iter(others), best)
        for control, before, default in zip((self.first, self.second), chosen, (best, second), strict=True):
            if tuple(control.options) != tuple(options):
                control.options = tuple(options)
                kept = before in rows and chosen[0] != chosen[1]
                control.value = before if kept else default
        self._seeds()

    def compare(self) -> None:
        """Show both. Raises a sentence where they cannot be shown."""
        a, b = self.board.standing(self.first.value), self.board.standing(self.second.value)
        require(a is not None and b is not None, "there is nothing to compare yet: two rows have to be finished")
        assert a is not None and b is not None
        require(a.setting != b.setting, "A and B are the same row: choose another one for B")
        require(
            self.seed.value is not None, "A and B have no seed in common: start one of them with a seed of the other"
        )
        both = [finished(next(r for r in row.runs if r.job.seed == self.seed.value), self.refusals) for row in (a, b)]
        names = (f"A: {a.name}", f"B: {b.name}")
        self._shown.children = tuple(_views(dict(zip(names, both, strict=True))))
        self._said.value = ""

    def _clicked(self) -> None:
        self._said.value = "reading the two students …"
        try:
            self.compare()
        except Exception as error:  # Jupyter hides what a callback raises
            self._said.value = f"<b>They cannot be shown.</b> {html.escape(sentence_of(error))}"

    def _seeds(self) -> None:
        rows = [self.board.standing(control.value) for control in (self.first, self.second)]
        common = [seed for seed in rows[0].seeds if seed in rows[1].seeds] if rows[0] and rows[1] else []
        if tuple(self.seed.options) != tuple(common):
            self.seed.options = tuple(common)
            self.seed.value = common[0] if common else None
        self._show.disabled = not self.board.rows


def _views(runs: dict[str, Finished]) -> list[Widget]:
    """Four pictures, a sentence before each."""
    one, two = runs.values()
    require(
        one.data.name == two.data.name and len(one.data.test) == len(two.data.test),
        f"A learnt from {one.data.name}, B from {two.data.name}: only answers to the same test images can be compared",
    )
    test, classes = one.data.test, one.data.classes
    answers = {name: run.answers for name, run in runs.items()}
    said = {name: answer.predictions for name, answer in answers.items()}
    gallery = figures.disagreements(test.images, test.labels, said, classes)
    terms = ("loss", "val_accuracy" if one.data.val is not None else "test_accuracy")
    views: list[Widget] = [
        *_view("The curves of both runs.", curves({name: run.history for name, run in runs.items()}, terms)),
        *_view(
            "Whom each mixes up. Look off the diagonal: colour is for mistakes alone.",
            figures.confusions({name: answer.confusion() for name, answer in answers.items()}, classes),
        ),
        *_view(one_alone(paired(one.answers, two.answers)), gallery),
        *_view(
            "Is each as sure as it is right? A bar below the dotted line: too sure. Below, how many test images.",
            reliability(
                {name: calibration(answer.logits, answer.labels) for name, answer in answers.items()},
                alt=f"For {' and '.join(runs)}: accuracy by confidence, in bins, beside the diagonal of equal ones.",
            ),
        ),
    ]
    return views


def one_alone(found: Paired) -> str:
    """On how many images A alone is right, on how many B; only they make the difference, and its standard error."""
    better = "A" if found.difference >= 0 else "B"
    return (
        f"Where exactly one is right. A alone is right on {found.first} of {found.total:,} test images, B alone on "
        f"{found.second}: {100 * abs(found.difference):.1f} ± {100 * found.error:.1f} points in favour of {better}. "
        "Above A is right, below B."
    )


def _view(sentence: str, picture: Picture | None) -> list[Widget]:
    words = HTML(f"<p style='margin:8px 0 2px'>{html.escape(sentence)}</p>")
    if picture is None:
        return [words]
    pixels = picture.pixels()
    image = still_image(*pixels.size)
    image.value = quick(pixels)
    return [words, image, spoken(picture.alt)]
