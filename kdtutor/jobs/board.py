"""Many results as the rows of a board: each setting with its mean over the seeds, and what it gains over the student
alone."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..methods import ALONE
from ..train.seeds import mean_and_error
from .job import Job, label
from .result import Result


@dataclass(frozen=True)
class Standing:
    """One setting with every seed that has ended. `difference` is its test accuracy minus that of the student alone
    with the same seeds, those in `pairs`: mean and standard error (NaN of one seed); None without such a partner."""

    runs: tuple[Result, ...]
    stopped: tuple[Result, ...]
    difference: tuple[float, float] | None
    pairs: tuple[int, ...]

    @property
    def setting(self) -> Job:
        """What all its runs have in common."""
        return (self.runs or self.stopped)[0].setting

    @property
    def first(self) -> Result:
        """One that has ended, if any has."""
        return (self.runs or self.stopped)[0]

    @property
    def accuracy(self) -> float | None:
        """The mean over the seeds; None while no run has ended."""
        known = [run.accuracy for run in self.runs if run.accuracy is not None]
        return sum(known) / len(known) if known else None

    @property
    def seconds(self) -> float:
        """Of a run, in the mean."""
        those = self.runs or self.stopped
        return sum(run.seconds for run in those) / len(those)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the runs that have ended."""
        return tuple(run.job.seed for run in self.runs)

    @property
    def name(self) -> str:
        """The method and what is added to it, in words."""
        return label(self.setting.method) + self.setting.composition

    @property
    def around(self) -> str:
        """Everything else of the setting: data, nets, epochs."""
        first = self.first
        nets = f"{first.teacher} → {first.student}" if first.teacher else first.student
        return f"{first.data}, {nets}, {first.epochs} epoch{'s' if first.epochs > 1 else ''}"


def standings(results: Iterable[Result]) -> list[Standing]:
    """One for each setting, in the order in which they first appear; runs in the order of their seeds."""
    groups: dict[Job, list[Result]] = {}
    for result in sorted(results, key=lambda result: result.job.seed):
        groups.setdefault(result.setting, []).append(result)
    runs = [run for group in groups.values() for run in group]
    alone = {(run.baseline, run.job.seed): run.accuracy for run in runs if run.job.method == ALONE}
    return [_standing(group, alone) for group in groups.values()]


def _standing(runs: Sequence[Result], alone: dict[tuple[Job, int], float | None]) -> Standing:
    ended = tuple(run for run in runs if run.accuracy is not None)
    partners = {run.job.seed: alone.get((run.baseline, run.job.seed)) for run in ended if run.job.method != ALONE}
    gains = {
        run.job.seed: run.accuracy - other
        for run in ended
        if run.accuracy is not None and (other := partners.get(run.job.seed)) is not None
    }
    mean, error = mean_and_error(list(gains.values())) if gains else (0.0, 0.0)
    difference = (float(mean), float(error)) if gains else None
    return Standing(ended, tuple(run for run in runs if run.accuracy is None), difference, tuple(gains))


HEADS = (
    "method", "setting", "data", "teacher", "student", "labels", "epochs", "seed", "accuracy", "mean_difference",
    "standard_error", "pairs", "seconds", "parameters", "command", "folder",
)  # fmt: skip


def as_csv(rows: Iterable[Standing]) -> str:
    """One line a run, with the mean difference of its setting; a stopped run has no accuracy.

    >>> as_csv([]).startswith("method,setting,data")
    True
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADS)
    for row in rows:
        mean, error = row.difference or ("", "")
        for run in (*row.runs, *row.stopped):
            job = run.job
            table.writerow(
                [job.method, row.name, run.data, run.teacher, run.student, job.labels or "all", run.epochs, job.seed,
                 "" if run.accuracy is None else run.accuracy, mean, "" if error != error else error, len(row.pairs),
                 run.seconds, run.parameters, job.command, Path(job.folder).as_posix()]
            )  # fmt: skip
    return text.getvalue()
