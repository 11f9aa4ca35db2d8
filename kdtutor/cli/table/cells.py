"""What a worker does for a table: it trains a teacher, or all cells of one pair and seed together."""

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from ... import nets
from ...nets.digest import digest
from ...settings.teachers import reduced
from ...train import History, Progress
from ...train.checkpoint import LAST
from ...train.devices import device as find_device
from ...train.together import Entry, together
from ..distil import Setup, prepare
from ..job import Job
from ..report import Report
from ..teachers import teach
from .diary import Diary


def train_cells(jobs: Sequence[Job]) -> None:
    """Make runs of one pair and seed, which share batches and the teacher's pass. Each leaves its report, its record
    and its log in its folder; one that diverges is on record as failed, and the others go on."""
    setups = _prepared(jobs)
    data, device = setups[0].data, find_device(jobs[0].device)
    known = digest(data)
    diaries = [Diary(s.job.folder, _facts(s), device) for s in setups]
    entries = [Entry(s.distiller, s.epochs, s.recipe, s.job.folder) for s in setups]
    run = together(
        entries, data, seed=jobs[0].seed, device=device, precision=jobs[0].precision,
        on_divergence=lambda number, error: diaries[number].failed(str(error)),
    )  # fmt: skip
    with closing(run):
        before = time.perf_counter()
        for number, at in run:
            now = time.perf_counter()
            diaries[number].step(at, now - before)
            before = now
            if at.step == at.total_steps and not at.epoch_ended:
                _close(setups[number], at.history, diaries[number], known)


def _prepared(jobs: Sequence[Job]) -> list[Setup]:
    """The setups of all jobs, with one data set and one teacher between them."""
    setups: list[Setup] = []
    teacher = None
    for job in jobs:
        setup = prepare(job, setups[0].data if setups else None, teacher)
        teacher = teacher if setup.distiller.teacher is None else setup.distiller.teacher
        setups.append(setup)
    return setups


def _facts(setup: Setup) -> dict[str, Any]:
    job = setup.job
    return {"pair": job.pair, "method": job.method, "seed": job.seed, "command": job.command}


def _close(setup: Setup, history: History, diary: Diary, data: str) -> None:
    """Write what a finished run leaves for readers and for the table."""
    folder, teacher = setup.job.folder, setup.distiller.teacher
    card = teacher.card if teacher is not None else None
    size = nets.count_parameters(setup.distiller.student)
    report = Report(setup.job, history, card, size, len(setup.data.test), diary.record["seconds"])
    report.save()
    digests = {"weights": sha256((folder / LAST).read_bytes()).hexdigest(), "data": data}
    diary.done(
        last=report.test_accuracy,
        best={"epoch": report.best_epoch, "accuracy": history.best(report.held_out)},
        held_out=report.held_out,
        curve=history.curve(report.held_out),
        digests=digests if card is None else {**digests, "teacher": card["sha256"]},
    )


def train_teacher(asked: Mapping[str, Any], folder: str) -> None:
    """Train a teacher as `kdtutor teach` with the arguments `asked`; its log and its record are in `folder`."""
    facts = {"teacher": reduced(asked["name"], asked["epochs"], asked["images"]), "command": ""}
    diary = Diary(Path(folder), facts, find_device(asked["device"]))
    before = time.perf_counter()

    def note(at: Progress) -> None:
        nonlocal before
        now = time.perf_counter()
        diary.step(at, now - before)
        before = now

    card = teach(**asked, progress=False, on_epoch=note).card
    diary.done(command=card["command"], last=card["accuracy"], digests={"weights": card["sha256"]})
