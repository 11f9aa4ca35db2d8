"""How commands answer, whichever they are."""

import json
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

WRONG, MISUSED, INTERRUPTED = 1, 2, 130  # exit codes


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


def interrupted(state: str) -> typer.Exit:
    """The end of a command after Ctrl-C, with what is kept."""
    typer.echo(f"\nkdtutor: interrupted; {state}", err=True)
    return typer.Exit(INTERRUPTED)


@contextmanager
def said() -> Iterator[None]:
    """A warning in the block is a line as other sentences, without the place in the code that it comes from."""

    def say(message: Warning | str, category: type[Warning], *_: object) -> None:
        typer.echo(f"kdtutor: {message}", err=True)

    before = warnings.showwarning
    warnings.showwarning = say  # type: ignore[assignment]
    try:
        yield
    finally:
        warnings.showwarning = before


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM, which a batch system sends when time is over, ends what is done in the block as Ctrl-C does."""

    def end(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # where Python lets nobody listen
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
