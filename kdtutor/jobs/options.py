"""Options that a run has in common with other commands. Each is declared once: its name, its default and its help."""

from typing import Annotated

import typer

from ..methods import MAKERS, RUNNABLE

METHODS = ", ".join(row.label for row in RUNNABLE)
"""Every method that can be run, for the help: by its name or its acronym."""
OF_IMAGES = ", ".join(row.label for row in RUNNABLE if row not in MAKERS)
"""Those of them that learn from images which are there."""

Device = Annotated[str | None, typer.Option(help="cpu, cuda or mps.", show_default="the best one here")]
Root = Annotated[
    str | None, typer.Option(help="Folder that holds the data set.", show_default="KDTUTOR_DATA, then data/")
]
Images = Annotated[
    int | None, typer.Option(help="Only so many training images, of each class equally many.", show_default="all")
]
Labels = Annotated[
    int | None,
    typer.Option(
        help="Only so many images of each class keep their label; the others are still shown.",
        min=1,
        show_default="all",
    ),
]
Precision = Annotated[str, typer.Option(help="float32 or bf16.")]
Size = Annotated[
    int | None,
    typer.Option(help="Pixels on a side of photographs from a folder.", min=1, show_default="64, of imagenet 224"),
]
