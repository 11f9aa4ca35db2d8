"""`Lab`: method, spots, data and nets chosen on one panel, trained live, and kept on a board."""

import html
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ipywidgets import HTML

from ..errors import ConfigError, require
from ..files import RUNS
from ..jobs.job import Job, label
from ..jobs.result import Result
from ..jobs.series import series
from ..methods import ALONE
from ..train import History, Progress
from .board import Leaderboard, difference_of
from .controls import in_words
from .live import Board
from .run import LiveRun
from .setting import SettingPanel, ended
from .side import SideBySide

FOLDER = RUNS / "lab"
ALT = (
    "Left the loss, right the validation accuracy of the run in progress, over the epochs; the runs before it are "
    "drawn in broken lines."
)


class Lab(Board):
    """One panel for everything in the course that can be combined, and a board of what came of it.

        lab = Lab()                        # its runs are kept in runs/lab, and are there again the next time
        lab = Lab("runs", preset="quick-paper", data=["cifar10"], teachers=["my_teacher.safetensors"])

    Start trains the student alone and the student that is taught, with each seed; what is there already is read, and
    what was stopped goes on. Runs are folders as `kdtutor distil` writes them, and the board is what it finds in them:
    those of other programs appear at the next refresh. Tests call `run_once`.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        preset: str = "minute",
        data: Sequence[str] = (),
        teachers: Sequence[str] = (),
        students: Sequence[str] = (),
    ) -> None:
        self.folder = Path(FOLDER if folder is None else folder)
        require(not self.folder.is_file(), f"{self.folder} is a file; name a folder for the lab's runs")
        self.panel = SettingPanel(self.folder, preset, data, teachers, students)
        self._now = HTML()
        self._jobs: list[Job] = []
        self.run = LiveRun(self._begin, name="lab-run", alt=ALT, on_start=self._ask)
        self.run.on_turn(self._turned)
        self.board = Leaderboard(self.folder)
        self.side = SideBySide(self.board, self.panel.refusals)
        super().__init__(
            (self.panel, self._now, self.run, self.board, self.side), name="lab",
            alt=f"A panel to combine methods, data and networks; below it the run in progress. {ALT}",
        )  # fmt: skip
        for control in self.panel.controls.values():
            control.observe(lambda _: self._enable(), "value")
        self._enable()

    def run_once(self, timeout: float | None = None, **values: Any) -> list[Result]:
        """Set controls, train all that they ask for, and return the results in its order, or raise what went wrong."""
        self.choose(**values)
        jobs = self.panel.jobs()
        self.run.start()
        self.run.wait(timeout)
        return [Result.load(job.folder) for job in jobs]

    def png(self) -> bytes:
        return self.run.png()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {in_words(self.panel.controls)}: {self.alt}>"

    def choose(self, **values: Any) -> None:
        """Set controls by their names: method, spots, source, data, labels, teacher, student, epochs, seeds."""
        self.panel.choose(**values)
        self._enable()

    def _enable(self) -> None:
        self.run.allow(not self.panel.why_not)

    def _ask(self) -> None:
        """Start was pressed: this is what for."""
        self._jobs = [] if self.panel.why_not else self.panel.jobs()

    def _turned(self, running: bool) -> None:
        """A run begins, or has ended: meanwhile nothing else is asked of nets and random numbers."""
        self.panel.lock(running)
        if not running:
            self.board.refresh()
            self._now.value = self._outcome()
            self.run._start.disabled = bool(self.panel.why_not)

    def _outcome(self) -> str:
        """What came of the last Start, and what to do next."""
        row = self.board.standing(Result.load(self._jobs[-1].folder).setting) if self._ended() else None
        if row is None or row.accuracy is None:
            return "Not all runs have ended. Start goes on where it was stopped." if self._jobs else ""
        gain = f", {difference_of(row)} points over the student alone" if row.difference else ""
        return (
            f"<b>{html.escape(row.name)}: {100 * row.accuracy:.1f} % of the test images{gain}.</b> Look at the board, "
            "lay two of its rows side by side, or change one thing above and press Start again."
        )

    def _ended(self) -> bool:
        return bool(self._jobs) and all(ended(job) for job in self._jobs)

    # In the thread of the run.

    def _begin(self) -> Generator[Progress]:
        require(bool(self._jobs), self.panel.why_not, ConfigError)
        yield from self._train(self._jobs)

    def _train(self, jobs: Sequence[Job]) -> Generator[Progress]:
        histories: dict[Job, History] = {}
        with closing(series(jobs, self.panel.refusals.prepared)) as made:
            for job, at in made:
                if job not in histories:
                    self._turn(job, jobs, histories)
                histories[job] = at.history
                yield at

    def _turn(self, job: Job, jobs: Sequence[Job], before: dict[Job, History]) -> None:
        """The next run begins: those that its curves are to be compared with go into the background."""
        self.board.refresh()
        name = label(job.method) + job.composition
        self._now.value = f"<b>Run {jobs.index(job) + 1} of {len(jobs)}: {name}, seed {job.seed}</b>"
        self.run.curves.begin()
        behind = {f"seed {other.seed}": run for other, run in before.items() if other.method == job.method}
        alone = next(
            (other for other in before if other.method == ALONE != job.method and other.seed == job.seed), None
        )
        self.run.compare(behind if alone is None else {"alone": before[alone], **behind})
