"""Options that several commands have in common. Each is declared once: its name, its default and its help."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from ..errors import choose, require
from ..jobs.options import METHODS, OF_IMAGES, Device, Factory, Images, Precision, Root, Shown, Size
from ..jobs.recipe_options import ADJUSTMENTS
from ..methods import find

__all__ = [
    "METHODS", "NOTEBOOKS", "OF_IMAGES", "Bar", "Batches", "Device", "Factory", "GpusPerRun", "Images", "Json", "Model",
    "On", "Precision", "Root", "Seconds", "Shown", "Size", "Workers", "with_setting", "words",
]  # fmt: skip

NOTEBOOKS = "Notebooks by number, by method (name or acronym) or by file"

Seconds = Annotated[float, typer.Option(help="Limit for one cell.", min=1)]
Model = Annotated[
    str, typer.Argument(help="A folder that `teach` or `distil` has made, a .safetensors file, or a teacher's name.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Bar = Annotated[bool, typer.Option("--progress/--no-progress", help="Show a progress bar.")]
On = Annotated[
    str,
    typer.Option(
        help="Who makes the runs: pool (processes here), ray (a Ray of this machine) or ray://HOST:PORT (a cluster)."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Runs at a time, one thread each.",
        min=1,
        show_default="every core, of results 2; on a cluster as many as have room",
    ),
]
GpusPerRun = Annotated[
    float | None, typer.Option(help="Share of a GPU that Ray gives each run, such as 0.25.", show_default="none")
]
Batches = Annotated[str | None, typer.Option(hidden=True)]  # what `--data-free` was called


def words(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def with_setting(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with an option for each field of a setting in the place of its parameter `setting`, whose annotation is
    the setting's class."""
    own = signature(command).parameters
    kind = own["setting"].annotation
    batches = Parameter("batches", Parameter.KEYWORD_ONLY, default=None, annotation=Batches)
    named = sorted(signature(kind).parameters.values(), key=lambda option: option.name in ADJUSTMENTS)  # these last
    shared = (*named, *([batches] if "data_free" in kind.__dataclass_fields__ else []))

    @wraps(command)
    def called(**options: Any) -> None:
        asked = {option.name: options.pop(option.name) for option in shared}
        old = asked.pop("batches", None)
        command(setting=kind(**(asked if old is None else _renamed(old, asked))), **options)

    listed = [each for one in own.values() for each in (shared if one.name == "setting" else (one,))]
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
