"""Options that several commands of the command line have in common."""

from typing import Annotated

import typer

from ..methods import matched

METHODS = ", ".join(row.label for row in matched())
"""Every method, for the help: by its name or its acronym."""

Batches = Annotated[str, typer.Option(help="data, or from a generator: adversarial, data-free.", show_default="data")]
Seconds = Annotated[float, typer.Option(help="Limit for one cell.", min=1)]
Data = Annotated[
    str | None, typer.Option(help="Data set instead of the preset's, such as cifar10.", show_default=False)
]
Teacher = Annotated[
    str | None, typer.Option(help="Name of a teacher, or its .safetensors file.", show_default="the preset's")
]
Student = Annotated[str | None, typer.Option(help="Name of a net, such as resnet20.", show_default="the preset's")]
Preset = Annotated[str, typer.Option(help="minute: two CPU cores, what ships. paper: CIFAR-100, a GPU.")]
Pair = Annotated[str | None, typer.Option(help="Teacher-student of the preset paper, such as resnet110-resnet32.")]
Epochs = Annotated[int | None, typer.Option(help="Over all phases.", show_default="the preset's")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or mps.", show_default="the best one here")]
Precision = Annotated[str, typer.Option(help="float32 or bf16.")]
Root = Annotated[
    str | None, typer.Option(help="Folder that holds the data set.", show_default="KDTUTOR_DATA, then data/")
]
Spots = Annotated[
    str | None,
    typer.Option(
        help="Where each sample is distilled: adaptive, always, random, anti or never.",
        show_default="as the method does it",
    ),
]
OtherData = Annotated[
    bool, typer.Option("--teacher-of-other-data", help="Allow a teacher that was trained on another data set.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Bar = Annotated[bool, typer.Option("--progress/--no-progress", help="Show a progress bar.")]
