"""The commands that train students."""

from typing import Annotated

import typer

from ..jobs.job import Job, Setting, seed_list
from . import options
from .answers import INTERRUPTED, ended_as_by_ctrl_c, interrupted, print_json
from .torchrun import shared

REPORT = "report.md"


@options.with_setting
def distil(
    method: Annotated[str, typer.Argument(help=f"{options.METHODS}, or alone (the student without a teacher).")],
    setting: Setting,
    seed: int = 0,
    out: Annotated[
        str | None, typer.Option(help="Folder of the report.", show_default="runs/METHOD-PRESET-seedSEED")
    ] = None,
    as_json: options.Json = False,
    progress: options.Bar = True,
) -> None:
    """Teach a student.

    Shows a progress bar and a table, and leaves a folder with configuration, history, curves, weights and report.
    The same command continues a run that was interrupted. `torchrun --nproc-per-node N -m kdtutor distil …` shares it
    between N processes, on a GPU each.
    """
    with shared(setting.device) as first:
        follow(Job(method, seed, out, **vars(setting)), first, progress, as_json)


def follow(job: Job, first: bool, progress: bool, as_json: bool) -> None:
    """Run a job, and tell of it; `first`: whether this is the process that speaks, of those that share the run."""
    from ..jobs.looking import stages_found
    from ..jobs.setup import prepare
    from .distil import run

    setup = prepare(job)
    folder = setup.job.folder
    if folder != job.folder and first:
        typer.echo(f"kdtutor: {job.folder} holds a run of another teacher; this one is in {folder}", err=True)
    if job.own and first and (found := stages_found(setup)):
        typer.echo(found, err=True)
    finished = setup.begun and (folder / REPORT).is_file()  # the report of a run is written when it has ended
    try:
        report = run(setup, progress)
    except KeyboardInterrupt:
        kept = f"the run is kept in {folder} to its last whole epoch: continue with `{setup.job.command}`"
        told = kept if setup.begun else "no epoch was whole yet, so nothing is kept"
        raise (interrupted(told) if first else typer.Exit(INTERRUPTED)) from None
    if finished and first:
        typer.echo(f"kdtutor: finished already, nothing was trained: the report is {folder / REPORT}", err=True)
    if as_json:
        print_json(report.summary())
    else:
        typer.echo(f"{report.table()}\n\nreport: {folder / REPORT}")


@options.with_setting
def compare(
    methods: Annotated[list[str], typer.Argument(help=f"One or more of {options.METHODS}.")],
    setting: Setting,
    seeds: Annotated[str, typer.Option(help="Numbers with commas between them.")] = "0,1,2",
    out: Annotated[str | None, typer.Option(help="Folder of the runs' folders.", show_default="runs")] = None,
    on: options.On = "pool",
    workers: options.Workers = None,
    gpus_per_run: options.GpusPerRun = None,
    as_json: options.Json = False,
    progress: options.Bar = True,
) -> None:
    """Compare methods with the student alone.

    The runs of one seed share each batch and one pass of the teacher; on CPUs several seeds are trained at a time.
    Differences of test accuracy are paired over seeds: their mean and its standard error. Runs that `kdtutor distil`
    has already made are used, and interrupted ones continued.
    """
    from .compare import compare as run
    from .groups import Makers

    makers = Makers(on, workers, gpus_per_run)
    try:
        with ended_as_by_ctrl_c():
            comparison = run(methods, seed_list(seeds), setting, out, progress, makers)
    except KeyboardInterrupt:
        raise interrupted("finished runs and whole epochs are kept: continue with the same command") from None
    if as_json:
        print_json(comparison.summary())
    else:
        typer.echo(comparison.table())
