"""Methods side by side: the student alone and each method, with the same seeds."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Error, require
from ..figures.history import is_share, words_of
from ..jobs.job import Job, Setting, label, runnable
from ..methods import ALONE, find
from .groups import HERE, Makers, placed, train_jobs
from .measures import difference, told
from .report import Report
from .tables import plain_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """Several methods and the student alone, each with every seed."""

    reports: tuple[Report, ...]

    @property
    def tested(self) -> str:
        """The term that is compared: the first measure of the test split, of classes "test_accuracy"."""
        return self.reports[0].tested

    def frame(self) -> "pd.DataFrame":
        """One run a row: method, seed, epochs, and what is compared, of classes test_accuracy."""
        import pandas as pd

        rows = [
            (r.job.method, r.job.seed, sum(n for _, n in r.history.config["phases"]), r.history.last(self.tested))
            for r in self.reports
        ]
        return pd.DataFrame(rows, columns=["method", "seed", "epochs", self.tested])

    def differences(self) -> "pd.DataFrame":
        """Each method minus the student alone, paired over seeds: see `studies.paired`."""
        from ..course.studies.runner import paired

        return paired(self.frame(), "method", ALONE, self.tested)

    def table(self) -> str:
        frame, term = self.frame(), self.tested
        level, epochs = (frame.groupby("method")[column].mean() for column in (term, "epochs"))
        lines = [[ALONE, f"{epochs[ALONE]:.0f}", told(term, level[ALONE]), "", ""]]
        order = list(dict.fromkeys(frame["method"]))
        for row in self.differences().sort_values("method", key=lambda names: names.map(order.index)).itertuples():
            gain = difference(term, row.mean, None if row.n == 1 else row.se)
            won = f"{row.wins} of {row.n}"
            lines.append([label(row.method), f"{epochs[row.method]:.0f}", told(term, row.level), gain, won])
        points = " (points)" if is_share(term) else ""
        heads = ["method", "epochs", words_of(term), f"difference{points}", "seeds won"]
        seeds = ", ".join(map(str, sorted(set(frame["seed"]))))
        error = "± one standard error" if len(set(frame["seed"])) > 1 else "one seed, so no standard error"
        composition = next((r.job.composition for r in self.reports if r.job.method != ALONE), "")
        note = (
            f"Weights of the last epoch{composition}; differences to the student alone, paired over seeds {seeds}, "
            f"{error}."
        )
        return f"{plain_table(heads, lines)}\n\n{note}"

    def summary(self) -> dict[str, Any]:
        differences = self.differences().astype(object)
        differences.insert(1, "acronym", [find(name).acronym for name in differences["method"]])
        return {
            "runs": [report.summary() for report in self.reports],
            "differences": differences.where(differences.notna(), None).to_dict("records"),
        }


def compare(
    methods: Sequence[str],
    seeds: Sequence[int],
    setting: Setting,
    out: str | None = None,
    progress: bool = True,
    makers: Makers = HERE,
) -> Comparison:
    """The student alone and each method with every seed. Runs that are already in their folders are not run again.

    The runs of one seed are trained together: one batch, one pass of the teacher for all. `makers` are those who make
    such groups: by default this process, one after the other. `out` is the folder of the runs' folders.
    What cannot be run is said before the first run begins; an error of a run when its group has ended.
    """
    require(len(set(seeds)) == len(seeds) > 0, f"seeds {list(seeds)}: give at least one, and none twice")
    names = tuple(dict.fromkeys(map(runnable, methods)))
    require(ALONE not in names, "the student alone is compared with anyway: name one or more methods")
    alone = replace(setting, spots=None, data_free=None)  # it has no spots to choose from, and needs labels
    settings = {ALONE: alone, **dict.fromkeys(names, setting)}
    jobs = [_inside(out, Job(name, seed, **vars(settings[name]))) for seed in seeds for name in settings]
    jobs = placed(jobs)
    reports = {}
    with closing(train_jobs(jobs, makers, progress)) as made:
        for number, outcome in made:
            if isinstance(outcome, Error):
                raise outcome
            reports[number] = outcome
    return Comparison(tuple(reports[number] for number in range(len(jobs))))


def _inside(parent: str | None, job: Job) -> Job:
    return job if parent is None else replace(job, out=str(Path(parent) / job.folder.name))
