"""The command itself."""

from typing import Annotated

import typer

from .. import options
from ..answers import WRONG, ended_as_by_ctrl_c, interrupted, print_json


def table(
    pairs: Annotated[
        str, typer.Option(help="Teacher-student, with commas between them; all: those of the published table.")
    ] = "resnet56-resnet20",
    methods: Annotated[
        str, typer.Option(help=f"Some of {options.OF_IMAGES}, with commas; all: those of the published table.")
    ] = "all",
    seeds: Annotated[str, typer.Option(help="Numbers with commas between them.")] = "0,1,2",
    preset: Annotated[str, typer.Option(help="quick-paper: 40 epochs. paper: 240.")] = "quick-paper",
    epochs: Annotated[
        int | None, typer.Option(help="Over all phases, of teachers as well.", show_default="the preset's")
    ] = None,
    images: options.Images = None,
    out: Annotated[str | None, typer.Option(help="Folder of the table.", show_default="runs/table-PRESET")] = None,
    root: options.Root = None,
    device: options.Device = None,
    precision: options.Precision = "float32",
    on: options.On = "pool",
    workers: options.Workers = None,
    gpus_per_run: options.GpusPerRun = None,
    as_json: options.Json = False,
    progress: options.Bar = True,
) -> None:
    """Fill a whole table: every pair by every method, seed by seed.

    Mean and standard deviation, of the last and of the best epoch, beside the published numbers. Trains the teachers
    that are missing. The same command goes on with a table that was interrupted, and may add pairs, methods and seeds.
    """
    from ...jobs.job import seed_list
    from ..groups import Makers
    from .plan import Plan
    from .run import fill

    makers = Makers(on, workers, gpus_per_run)
    plan = Plan(
        pairs=options.words(pairs), methods=options.words(methods), seeds=tuple(seed_list(seeds)), preset=preset,
        epochs=epochs, images=images, root=root, device=device, precision=precision,
    )  # fmt: skip
    try:
        with ended_as_by_ctrl_c():
            filled = fill(plan, out, makers, progress)
    except KeyboardInterrupt:
        raise interrupted("finished cells and whole epochs are kept: continue with the same command") from None
    if as_json:
        print_json(filled.as_json())
    else:
        typer.echo(f"{filled.text()}\n\npage: {filled.folder / 'table.html'}")
    raise typer.Exit(WRONG if filled.failed else 0)
