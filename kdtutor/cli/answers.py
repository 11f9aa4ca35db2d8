"""How commands answer, whichever they are."""

import json
from typing import Any

import typer

WRONG, MISUSED, INTERRUPTED = 1, 2, 130  # exit codes


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


def interrupted(state: str) -> typer.Exit:
    """The end of a command after Ctrl-C, with what is kept."""
    typer.echo(f"\nkdtutor: interrupted; {state}", err=True)
    return typer.Exit(INTERRUPTED)
