"""Jobs that are trained together, in this process."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing

from ..errors import Error
from ..jobs.job import Job
from ..jobs.setup import Setup, prepare
from ..nets import Net
from ..train import Entry, History, Progress, together
from ..train.logs import logged
from .distil import report_of
from .report import Report

Outcome = Report | Error
"""What came of a job: an error ends a run, and the others of its group go on."""
Listener = Callable[[Job, Progress], None]
"""Hears after each step whose it was, and where that run stands."""
Train = Callable[..., list[Outcome]]
"""What trains a group, as `train_group` does, and is called as that is."""


def train_group(jobs: Sequence[Job], listener: Listener | None = None) -> list[Outcome]:
    """Train jobs of one group to their end, in this process, and write their reports."""
    setups: list[Setup] = []
    teachers: dict[str, Net] = {}
    for job in jobs:
        setups.append(prepare(job, setups[0].data if setups else None, teachers))
    first = setups[0].job
    histories, seconds = [History() for _ in setups], [0.0] * len(setups)
    errors: dict[int, Error] = {}
    run = together(
        [Entry(s.distiller, s.epochs, s.recipe, s.job.folder) for s in setups], setups[0].data, seed=first.seed,
        device=first.device, precision=first.precision, on_error=errors.__setitem__,
    )  # fmt: skip
    with closing(run), ExitStack() as logs:
        notes = [logs.enter_context(logged(s.job.log, s.job.folder)) for s in setups]
        began = time.perf_counter()
        for number, at in run:
            histories[number] = at.history
            seconds[number] += time.perf_counter() - began
            notes[number](at)
            if listener:
                listener(setups[number].job, at)
            began = time.perf_counter()
    ended = enumerate(zip(setups, histories, seconds, strict=True))
    return [errors[number] if number in errors else report_of(*each) for number, each in ended]
