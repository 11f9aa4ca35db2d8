"""What a worker does for a table: it trains a teacher, or cells of one pair and seed together."""

import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...errors import DivergedError
from ...settings.teachers import reduced
from ...train import Progress
from ...train.checkpoint import CHECKPOINT, LAST, read_checkpoint
from ...train.devices import device as find_device
from ..group import Listener, Outcome, train_group
from ..job import Job
from ..report import Report
from ..teachers import teach
from .diary import Diary


def train_cells(jobs: Sequence[Job], listener: Listener | None = None) -> list[Outcome]:
    """`train_group`, with a diary for each run. One that has diverged is on record as failed."""
    device = find_device(jobs[0].device)
    diaries = {job: Diary(job.folder, _facts(job), device) for job in jobs}
    seconds = _stopwatch()

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


def train_teacher(asked: Mapping[str, Any], folder: str) -> None:
    """Train a teacher as `kdtutor teach` with the arguments `asked`; its log and its record are in `folder`."""
    facts = {"teacher": reduced(asked["name"], asked["epochs"], asked["images"]), "command": "kdtutor teach"}
    diary, seconds = Diary(Path(folder), facts, find_device(asked["device"])), _stopwatch()
    card = teach(**asked, progress=False, on_epoch=lambda at: diary.step(at, seconds())).card
    diary.done(command=card["command"], last=card["accuracy"], digests={"weights": card["sha256"]})


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


def _stopwatch() -> Callable[[], float]:
    """A function that tells the seconds since it was last called: none the first time, when all has been set up."""
    before: float | None = None

    def seconds() -> float:
        nonlocal before
        now = time.perf_counter()
        passed, before = now - (now if before is None else before), now
        return passed

    return seconds
