"""A command in several processes, as torchrun starts them: `distil` is shared by all, and one speaks for all."""

import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

import typer

from ..errors import Error, require

SHARED = ("distil",)  # the commands
FAILED = 1  # exit code
GRACE = 5.0  # seconds in which a process whose neighbour is lost may find its own words


def processes() -> int:
    """How many processes of this command torchrun has started."""
    return int(os.environ.get("WORLD_SIZE", 1)) if "LOCAL_RANK" in os.environ else 1


def require_shared(command: str | None) -> None:
    """Raise `ConfigError` if several processes were started of a command that one does alone."""
    if processes() > 1 and command not in SHARED and _first_here():
        told = f"torchrun has started {processes()} processes of `kdtutor {command}`"
        require(False, f"{told}, which one does alone; only `kdtutor {SHARED[0]}` can be shared: start it by itself")
    if processes() > 1 and command not in SHARED:
        raise typer.Exit(FAILED)


@contextmanager
def shared(device: str | None) -> Iterator[bool]:
    """The block is run by all processes that torchrun has started, if it has; yields whether this is the first one.

    The others are silent, but the first that meets an error says it.
    """
    if processes() == 1:
        yield True
        return
    from ..train.ranks import joined, rank

    speaks: Callable[[], bool] = _first_here
    try:
        with joined(device) as speaks:
            _end_when_told(speaks)
            if rank() == 0:
                yield True
            else:
                with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
                    warnings.simplefilter("ignore")
                    yield False
    except Error:
        if speaks():
            raise
        raise typer.Exit(FAILED) from None


def _first_here() -> bool:
    return os.environ["LOCAL_RANK"] == "0"


def _end_when_told(speaks: Callable[[], bool]) -> None:
    """End this process with a sentence when torchrun tells it to, as it does when another one is lost.

    A thread does it: the main one may wait for a GPU or a network, where Python's own handlers are not called. Files
    are whole at any moment, so nothing has to be put in order.
    """
    told, teller = socket.socketpair()
    teller.setblocking(False)

    def wait() -> None:
        with told, teller:
            while signal.SIGTERM not in told.recv(1):
                pass
        time.sleep(GRACE)
        if speaks():
            sentence = "the run was ended from outside, or with another of its processes"
            print(f"kdtutor: {sentence}: the same command goes on from what is saved", file=sys.stderr, flush=True)
        os._exit(FAILED)

    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.set_wakeup_fd(teller.fileno())
    threading.Thread(target=wait, name="ends when told", daemon=True).start()
