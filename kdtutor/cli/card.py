"""The command that makes a model of weights that somebody has already."""

from typing import Annotated

import typer

from ..jobs.given import Given, model_of
from . import options
from .answers import print_json


@options.with_setting
def card(
    setting: Given,
    weights: Annotated[
        str | None,
        typer.Argument(help="A .safetensors file or a state_dict; none where --arch module:function has them."),
    ] = None,
    out: Annotated[str, typer.Option(help="Folder of the model.")] = "teacher",
    as_json: options.Json = False,
) -> None:
    """Write a card for weights of your own.

    The folder then holds them with their card, as `kdtutor teach` leaves it: a teacher for `kdtutor distil`. With
    --data it is measured on their test images.
    """
    from .teachers import outcome

    net = model_of(setting, weights, out)
    if as_json:
        print_json(net.card)
    else:
        measured = net.card["data"] is not None
        told = outcome(net.card) if measured else "not measured; name images with --data"
        size = " × ".join(map(str, net.card["size"]))
        typer.echo(f"{out}: {told}; for images of {size} pixels" if size else f"{out}: {told}")
