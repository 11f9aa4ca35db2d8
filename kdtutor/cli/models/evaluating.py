"""`kdtutor evaluate`: how good a model is, and against another one."""

from pathlib import Path
from typing import Annotated

import typer

from ...files import require_folder
from .. import options
from ..answers import print_json


def evaluate(
    model: options.Model,
    data: Annotated[
        str | None, typer.Option(help="A folder of images, a CSV, or a data set by name.", show_default="the card's")
    ] = None,
    against: Annotated[str | None, typer.Option(help="Another model, such as its teacher.")] = None,
    out: Annotated[str | None, typer.Option(help="Folder of the report.", show_default="MODEL-evaluation")] = None,
    split: Annotated[str, typer.Option(help="test, val or train.")] = "test",
    root: options.Root = None,
    factory: options.Factory = None,
    size: options.Shown = None,
    device: options.Device = None,
    as_json: options.Json = False,
) -> None:
    """Measure how good a model is.

    Accuracy with its standard error, each class, which it takes for which, and whether it is as sure as it is right;
    of other tasks their measures, output by output. Against another model: where both are right, where only one is.
    """
    from .report import report

    folder = Path(out or f"{Path(model).with_suffix('')}-evaluation")
    require_folder(folder)
    found = report(model, data, against, split, root, size, device, factory)
    found.save(folder)
    if as_json:
        print_json({**found.summary, "folder": str(folder)})
    else:
        typer.echo(f"{found.text()}\n\nreport: {folder / 'report.md'}")
