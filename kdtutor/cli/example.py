"""The command that writes flowers to try things on."""

from pathlib import Path
from typing import Annotated

import typer

from . import options


def example(
    folder: Annotated[Path, typer.Argument(help="A new folder.", metavar="DIR")],
    images: Annotated[int, typer.Option(help="How many, of all classes together.")] = 600,
    size: Annotated[int, typer.Option(help="Pixels on a side.")] = 96,
    seed: Annotated[int, typer.Option(help="Other seeds draw other flowers.")] = 0,
    progress: options.Bar = True,
) -> None:
    """Draw a small set of images to try everything on.

    Flowers of five classes, in train/, val/ and test/. Beside them tags.csv (several labels an image), size.csv (a
    number) and masks.csv (a class for each pixel) of the same images, for the other tasks.
    """
    from tqdm.auto import tqdm

    from ..data.example import write_flowers

    with tqdm(total=images, unit="image", disable=not progress, dynamic_ncols=True, leave=False) as bar:
        made = write_flowers(folder, images, size, seed, told=lambda _: bar.update() and None)
    typer.echo(f"{made}: {images:,} flowers of {size} × {size} pixels\n\nTry:")
    typer.echo(f"  kdtutor teach --data {made} --arch resnet14 --size 64 --epochs 20 --out teacher")
    typer.echo(f"  kdtutor distil AT --data {made} --teacher teacher --student resnet8x0.25 --out student")
