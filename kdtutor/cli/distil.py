"""The headless main job: one run from a preset, with its report folder."""

import time

from .. import nets
from ..jobs import cards
from ..jobs.job import Job
from ..jobs.result import keep
from ..jobs.setup import Setup, prepare
from ..train import History, fit
from ..train.ranks import rank
from .report import Report


def distil(job: Job, progress: bool = True) -> Report:
    """Run `job` to its end and write its report folder. A run that was interrupted is continued."""
    return run(prepare(job), progress)


def run(setup: Setup, progress: bool = True) -> Report:
    """Train, and write the report folder."""
    job, started = setup.job, time.perf_counter()
    history = fit(
        setup.distiller, setup.data, setup.epochs, recipe=setup.recipe, seed=job.seed, device=job.device,
        precision=job.precision, out=job.folder, progress=progress, log=job.log,
    )  # fmt: skip
    return report_of(setup, history, time.perf_counter() - started)


def report_of(setup: Setup, history: History, seconds: float) -> Report:
    """Write the report of a finished run into its folder."""
    teacher, student = setup.distiller.teacher, setup.distiller.student
    report = Report(
        setup.job, history, teacher.card if teacher is not None else None, nets.count_parameters(student),
        len(setup.data.test), seconds, setup.generator, cards.of_run(setup, history),
    )  # fmt: skip
    if rank() == 0:
        report.save()
        keep(setup, history, seconds)
    return report
