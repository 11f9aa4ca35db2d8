"""Jobs one after the other in this process, in folders: what is finished is read, what was stopped goes on."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from ..errors import Error
from ..nets.models import write_card
from ..train import History, Progress, steps
from . import cards
from .job import Job
from .result import keep
from .setup import Setup, prepare


def series(jobs: Sequence[Job], prepared: Callable[[Job], Setup] = prepare) -> Generator[tuple[Job, Progress]]:
    """Train `jobs` in their order; yields after each step whose it was, and where that run stands.

    Each leaves a `Result` in its folder, also when the generator is closed: its run can then be continued. An error of
    one does not keep the others from their turn; the first is raised at the end.

    >>> job = Job("alone", out=str(folder / "run"), epochs=1, images=64)
    >>> [at.step for _, at in series([job])][0], (folder / "run" / "result.json").is_file()
    (1, True)
    """
    errors: list[Error] = []
    for job in jobs:
        try:
            with closing(_trained(prepared(job))) as run:
                for at in run:
                    yield job, at
        except Error as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _trained(setup: Setup) -> Generator[Progress]:
    job, history, seconds = setup.job, History(), 0.0
    run = steps(
        setup.distiller, setup.data, setup.epochs, recipe=setup.recipe, seed=job.seed, device=job.device,
        precision=job.precision, out=job.folder,
    )  # fmt: skip
    try:
        with closing(run):
            began = time.perf_counter()
            for at in run:
                history, seconds = at.history, seconds + time.perf_counter() - began
                yield at
                began = time.perf_counter()  # whoever looked, or paused, had the time in between
    finally:
        if setup.begun:
            keep(setup, history, seconds)
    if card := cards.of_run(setup, history):
        write_card(job.folder, card)
