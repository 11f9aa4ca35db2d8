"""Processes that end with the tests, also when those are killed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GUARD = Path(__file__).with_name("guard.py")


@contextmanager
def guarded(command: Sequence[str | Path], seconds: float = 20, **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a command under `guard.py`; it and its children end with the block, or with this process.

    Yields the guard's process, whose end is the command's. Raises `TimeoutExpired` if it does not end in `seconds`.
    """
    # A session of its own: a signal to all processes of the terminal must not end the guard before its command.
    guard = [sys.executable, GUARD, *command]
    process = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True, **options)
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(seconds)


def end_with(process: int, every: float = 1.0) -> None:
    """Let this process end as soon as `process` is gone: a killed run tells nobody, its workers must notice."""

    def watch() -> None:
        while alive(process):
            time.sleep(every)
        os._exit(1)

    threading.Thread(target=watch, name=f"ends with {process}", daemon=True).start()


def alive(process: int) -> bool:
    """Whether a process exists and has not ended; a zombie has."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{process}/stat")
    try:
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
