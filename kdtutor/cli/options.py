"""Options that several commands have in common. Each is declared once: its name, its default and its help."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from ..errors import choose, require
from ..methods import DATA, ROWS, find, matched

MAKERS = tuple(row for row in ROWS if row.question == DATA)
"""The methods whose generator makes the images."""
RUNNABLE = (*matched(), *MAKERS)
METHODS = ", ".join(row.label for row in RUNNABLE)
"""Every method that can be run, for the help: by its name or its acronym."""
NOTEBOOKS = "Notebooks by number, by method (name or acronym) or by file"

Seconds = Annotated[float, typer.Option(help="Limit for one cell.", min=1)]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or mps.", show_default="the best one here")]
Root = Annotated[
    str | None, typer.Option(help="Folder that holds the data set.", show_default="KDTUTOR_DATA, then data/")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Bar = Annotated[bool, typer.Option("--progress/--no-progress", help="Show a progress bar.")]
Batches = Annotated[str | None, typer.Option(hidden=True)]  # what `--data-free` was called


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything that is asked of a run but its method, its seed and its folder; None leaves the choice to the preset.

    `data_free` is a method by its name, acronym or alias, and its name afterwards. Raises `UnknownName` for any other.
    """

    data: Annotated[
        str | None, typer.Option(help="Data set instead of the preset's, such as cifar10.", show_default=False)
    ] = None
    teacher: Annotated[
        str | None, typer.Option(help="Name of a teacher, or its .safetensors file.", show_default="the preset's")
    ] = None
    student: Annotated[
        str | None, typer.Option(help="Name of a net, such as resnet20.", show_default="the preset's")
    ] = None
    preset: Annotated[str, typer.Option(help="minute: two CPU cores, what ships. paper: CIFAR-100, a GPU.")] = "minute"
    pair: Annotated[
        str | None, typer.Option(help="Teacher-student of the preset paper, such as resnet110-resnet32.")
    ] = None
    epochs: Annotated[int | None, typer.Option(help="Over all phases.", show_default="the preset's")] = None
    device: Device = None
    precision: Annotated[str, typer.Option(help="float32 or bf16.")] = "float32"
    root: Root = None
    spots: Annotated[
        str | None,
        typer.Option(
            help="Where each sample is distilled: adaptive, always, random, anti or never.",
            show_default="as the method does it",
        ),
    ] = None
    data_free: Annotated[
        str | None,
        typer.Option(
            help="Learn from images that a generator makes: dfad or dafl.", show_default="from the training split"
        ),
    ] = None
    teacher_of_other_data: Annotated[
        bool, typer.Option("--teacher-of-other-data", help="Allow a teacher that was trained on another data set.")
    ] = False

    def __post_init__(self) -> None:
        if self.data_free is not None:
            object.__setattr__(self, "data_free", find(self.data_free, MAKERS).name)


_SHARED = (
    *signature(Setting).parameters.values(),
    Parameter("batches", Parameter.KEYWORD_ONLY, default=None, annotation=Batches),
)


def with_setting(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with the options of a `Setting` in the place of its parameter `setting`."""

    @wraps(command)
    def called(**options: Any) -> None:
        asked = {option.name: options.pop(option.name) for option in _SHARED}
        old = asked.pop("batches")
        command(setting=Setting(**(asked if old is None else _renamed(old, asked))), **options)

    own = signature(command).parameters.values()
    listed = [each for one in own for each in (_SHARED if one.name == "setting" else (one,))]
    called.__signature__ = Signature(  # type: ignore[attr-defined]
        [option.replace(kind=Parameter.KEYWORD_ONLY) for option in listed]
    )
    return called


def _renamed(batches: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a setting, where `batches` says what `data_free` says now."""
    choose("source of batches", batches, ("data", "adversarial", "data-free"))
    named = None if batches == "data" else find(batches).name
    require(
        options["data_free"] in (None, named),
        f"--batches {batches} and --data-free: leave the former, its old name, out",
    )
    now = f"say --data-free {find(named).acronym.lower()} from now on" if named else "leave it out"
    typer.echo(f"kdtutor: --batches {batches} is deprecated: {now}", err=True)
    return {**options, "data_free": named}
