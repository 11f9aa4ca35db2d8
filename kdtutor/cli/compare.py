"""Methods side by side: the student alone and each method, with the same seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import choose, require
from ..papers import METHODS
from .distil import ALONE, DATA, Job, Report, distil, require_sound
from .tables import percent, plain_table, points

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """Several methods and the student alone, each with every seed."""

    reports: tuple[Report, ...]

    def frame(self) -> "pd.DataFrame":
        """One run a row: method, seed, epochs, test_accuracy."""
        import pandas as pd

        rows = [
            (r.job.method, r.job.seed, sum(n for _, n in r.history.config["phases"]), r.test_accuracy)
            for r in self.reports
        ]
        return pd.DataFrame(rows, columns=["method", "seed", "epochs", "test_accuracy"])

    def differences(self) -> "pd.DataFrame":
        """Each method minus the student alone, paired over seeds: see `studies.paired`."""
        from ..course.studies.runner import paired

        return paired(self.frame(), "method", ALONE, "test_accuracy")

    def table(self) -> str:
        frame = self.frame()
        level, epochs = (frame.groupby("method")[column].mean() for column in ("test_accuracy", "epochs"))
        lines = [[ALONE, f"{epochs[ALONE]:.0f}", percent(level[ALONE]), "", ""]]
        order = list(dict.fromkeys(frame["method"]))
        for row in self.differences().sort_values("method", key=lambda names: names.map(order.index)).itertuples():
            difference = points(row.mean, None if row.n == 1 else row.se)
            lines.append(
                [row.method, f"{epochs[row.method]:.0f}", percent(row.level), difference, f"{row.wins} of {row.n}"]
            )
        heads = ["method", "epochs", "test accuracy", "difference (points)", "seeds won"]
        seeds = ", ".join(map(str, sorted(set(frame["seed"]))))
        how = "± one standard error" if len(set(frame["seed"])) > 1 else "one seed, so no standard error"
        told = next((r.job.composition for r in self.reports if r.job.method != ALONE), "")
        note = f"Weights of the last epoch{told}; differences to the student alone, paired over seeds {seeds}, {how}."
        return f"{plain_table(heads, lines)}\n\n{note}"

    def summary(self) -> dict[str, Any]:
        differences = self.differences().astype(object)
        return {
            "runs": [report.summary() for report in self.reports],
            "differences": differences.where(differences.notna(), None).to_dict("records"),
        }


def compare(methods: Sequence[str], seeds: Sequence[int], like: Job, progress: bool = True) -> Comparison:
    """The student alone and each method with every seed. Runs that are already in their folders are not run again.

    `like` tells everything but method and seed; its `out` is the folder of the runs' folders. What cannot be run is
    said before the first run begins.
    """
    for name in methods:
        choose("method", name, METHODS)
    require(len(set(seeds)) == len(seeds) > 0, f"seeds {list(seeds)}: give at least one, and none twice")
    alone = replace(like, method=ALONE, spots=None, batches=DATA)  # it has no spots to choose from, and needs labels
    wanted = (alone, *(replace(like, method=name) for name in dict.fromkeys(methods)))
    jobs = [_placed(replace(job, seed=seed), like.out) for seed in seeds for job in wanted]
    for job in jobs:
        require_sound(job)
    return Comparison(tuple(distil(job, progress) for job in jobs))


def _placed(job: Job, parent: str | None) -> Job:
    return job if parent is None else replace(job, out=str(Path(parent) / replace(job, out=None).folder.name))
