"""What a worker does for a table: it trains cells of one pair and seed together."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from ...errors import DivergedError
from ...jobs.job import Job
from ...train import Progress
from ...train.checkpoint import CHECKPOINT, LAST, read_checkpoint
from ...train.devices import device as find_device
from ..group import Listener, Outcome, train_group
from ..report import Report
from .diary import Diary, stopwatch


def train_cells(jobs: Sequence[Job], listener: Listener | None = None) -> list[Outcome]:
    """`train_group`, with a diary for each run. One that has diverged is on record as failed."""
    device = find_device(jobs[0].device)
    diaries = {job: Diary(job.folder, _facts(job), device) for job in jobs}
    seconds = stopwatch()

    def note(job: Job, at: Progress) -> None:
        diaries[job].step(at, seconds())
        if listener:
            listener(job, at)

    outcomes = train_group(jobs, note)
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, Report):
            diaries[job].done(**_result(outcome))
        elif isinstance(outcome, DivergedError):  # as it would again; of any other error the table says nothing
            diaries[job].failed(str(outcome))
    return outcomes


def _facts(job: Job) -> dict[str, Any]:
    return {"pair": job.pair, "method": job.method, "seed": job.seed, "command": job.command}


def _result(report: Report) -> dict[str, Any]:
    """What a table shows of a finished run."""
    folder = report.job.folder
    identity = read_checkpoint(folder / CHECKPOINT)["identity"]
    digests = {
        "weights": sha256((folder / LAST).read_bytes()).hexdigest(),
        "teacher": report.teacher["sha256"] if report.teacher else "",
        "training images": identity["train split"],
        "test images": identity["test split"],
    }
    return {
        "last": report.test_accuracy,
        "best": {"epoch": report.best_epoch, "accuracy": report.history.best(report.held_out)},
        "held_out": report.held_out,
        "curve": report.history.curve(report.held_out),
        "digests": digests,
    }
