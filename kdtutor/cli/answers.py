"""How commands answer: exit codes, JSON, and what an interrupted one says."""

import json
from typing import Any

import typer

WRONG, MISUSED, INTERRUPTED = 1, 2, 130  # exit codes


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


def interrupted(state: str) -> typer.Exit:
    """What to raise after Ctrl-C: `state` says what is kept, and how to go on."""
    typer.echo(f"\nkdtutor: interrupted; {state}", err=True)
    return typer.Exit(INTERRUPTED)
