"""`kdtutor progress`: how far the reader is."""

from typing import Annotated

import typer

from ..errors import require
from . import options
from .answers import print_json


def progress(
    keep: Annotated[bool, typer.Option("--keep", help="Remember from now on which exercises are passed.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove what is kept.")] = False,
    as_json: options.Json = False,
) -> None:
    """Say which exercises are passed, and what comes next.

    Nothing is kept unless you ask for it: then each check that passes is noted in runs/progress.json, in the folder of
    the lessons.
    """
    from ..course import progress as kept

    require(not (keep and forget), "--keep and --forget: give one of them")
    if forget:
        kept.forget()
    if keep:
        kept.keep()
    now = kept.progress()
    if as_json:
        found = {str(lesson.number): sorted(now.passed.intersection(each)) for lesson, each in now.exercises.items()}
        print_json({"kept": now.kept, "passed": found, "next": now.next[1] if now.next else None})
    else:
        typer.echo(repr(now))
