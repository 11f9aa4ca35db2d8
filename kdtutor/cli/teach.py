"""The command that trains teachers: those that are planned, by name, and any net on one's own images."""

from typing import Annotated

import typer

from ..errors import require
from ..jobs.teaching import TeacherSetting
from . import options
from .answers import interrupted
from .runs import follow


@options.with_setting
def teach(
    setting: TeacherSetting,
    name: Annotated[str | None, typer.Argument(help="As `kdtutor teachers` lists them.", show_default=False)] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder.", show_default="data/teachers for sets that ship, else runs/teachers"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Train a teacher again that is there already.")
    ] = False,
    as_json: options.Json = False,
    progress: options.Bar = True,
) -> None:
    """Train a teacher.

    By NAME one that is planned (with --weights it is not trained: torchvision's file is taken); with --data and --arch
    any net on your own images. Writes its weights and its card. The same command continues a run that was interrupted.
    """
    if name is None:
        require(not overwrite, "--overwrite is for teachers by name; name another folder with --out")
        follow(setting.job(out), True, progress, as_json)
        return
    from .teachers import outcome
    from .teachers import teach as run

    try:
        net = run(name, out, overwrite=overwrite, progress=progress, **setting.planned(name))
    except KeyboardInterrupt:
        raise interrupted("whole epochs are kept: continue with the same command") from None
    typer.echo(outcome(net.card))
