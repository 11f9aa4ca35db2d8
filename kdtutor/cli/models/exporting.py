"""`kdtutor export`: a model for other programs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .. import options
from ..answers import print_json

CHECKED = 32
"""Images on which what is written is held against the net."""
CUT = "upright; the largest square in the middle, resized, divided by 255, minus mean, divided by std"
MEASURES = ("accuracy", "correct", "total", "map", "r2", "mae", "miou", "pixel_accuracy", "protocol")


def export(
    model: options.Model,
    to: Annotated[str, typer.Option(help="onnx, torch-export or safetensors.")] = "onnx",
    data: Annotated[
        str | None,
        typer.Option(help="Images to check it on: a folder, a CSV or a data set.", show_default="the card's"),
    ] = None,
    out: Annotated[str | None, typer.Option(help="A new folder.", show_default="MODEL-FORMAT")] = None,
    root: options.Root = None,
    factory: options.Factory = None,
    as_json: options.Json = False,
) -> None:
    """Write a model for other programs.

    Into a new folder: the model, its card (classes, normalisation, measures) and use.py, which tells what an image is
    without kdtutor. It has to answer as the net does on real images, to 1e-4, or nothing is written.
    """
    from ... import nets
    from ...nets.export import FORMATS, require_format
    from .reading import model_at

    require_format(to)
    net = model_at(model, factory)
    folder = Path(out or f"{Path(model).with_suffix('')}-{to}")
    images, told = for_card(net, data, root)
    made = nets.export(net, to, folder, images, told)
    card = written(made)
    if as_json:
        print_json({"folder": str(made), **card})
    else:
        size = (made / FORMATS[to]).stat().st_size
        typer.echo(
            f"{made / FORMATS[to]}: {size / 1e6:.2f} MB, as the net to {card['difference']:.1e} on "
            f"{card['images checked']} images\ncard: {made / 'model.json'}\ntry: python {made / 'use.py'} IMAGE"
        )


def for_card(net: Any, data: str | None, root: str | None) -> tuple[Any, dict[str, Any]]:
    """Images to check an export on, normalised, and what its card says."""
    import torch

    from ...data import is_own, names
    from ...errors import require
    from ...jobs.cards import of_data
    from .reading import called, data_for

    found = data_for(net, data, root)
    require(bool(found.size), f"{found.name} are points; what is exported reads images")
    rows = torch.arange(min(CHECKED, len(found.test)))
    images = found.normalise(next(iter(found.test.chunks(iter([rows])))))
    card = net.card
    named = data or card.get("data")
    return images, {
        "name": called(net, "model"),
        **of_data(found),
        "classes": list(card.get("classes") or found.classes),
        "cut": CUT,
        "resample": "bilinear" if is_own(named, names()) else "bicubic",
        "measures": {name: card[name] for name in MEASURES if name in card},
        "data": card.get("data"),
    }


def written(folder: Path) -> dict[str, Any]:
    """The card of an export."""
    from ...files import read_json

    return read_json((folder / "model.json").read_bytes())
