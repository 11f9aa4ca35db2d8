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
    typer.Option(
        help="Pixels on a side of photographs from a folder.",
        min=1,
        show_default="the teacher's, else as the images have; of imagenet 224, of image-folder 64",
    ),
]
Shown = Annotated[
    int | None,
    typer.Option(
        help="Pixels on a side of photographs from a folder.", min=1, show_default="as the model was trained on"
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        help="What the labels of a table are: classification, multi-label, regression or dense.",
        show_default="as they look",
    ),
]
Memory = Annotated[
    int | None,
    typer.Option(help="MiB of decoded images of one's own that are kept in memory.", min=0, show_default="1024"),
]
Arch = Annotated[
    str | None,
    typer.Option(
        help="The net: kdtutor's (resnet20; for masks unet8), a classifier of torchvision or timm (resnet18), or "
        "module:function.",
        show_default=False,
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        help="File to start from, .safetensors or a state_dict; a classifier of other classes is drawn anew.",
        show_default="fresh weights",
    ),
]
Stages = Annotated[
    str | None,
    typer.Option(
        help="Where the net that is trained shows its features: nodes with commas between them.",
        show_default="where its resolution changes",
    ),
]
Log = Annotated[
    str | None,
    typer.Option(help="Also write curves into the run's folder: tensorboard.", show_default="history.csv alone"),
]
Factory = Annotated[
    str | None,
    typer.Option(help="The function that makes the net, if a card names one: module:function.", show_default=False),
]
