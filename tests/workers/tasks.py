"""What workers are given to do in these tests; here, because a worker looks functions up by their modules."""

import os
import signal
import time
from multiprocessing.util import Finalize
from pathlib import Path

import torch

from kdtutor.errors import ConfigError


def threads_and_square(number: int) -> tuple[int, int]:
    return torch.get_num_threads(), number * number


def process(folder: Path) -> int:
    """This process, once every one of two is at work. Before it ends it clears up."""
    Finalize(None, (folder / f"cleared {os.getpid()}").touch, exitpriority=0)
    (folder / str(os.getpid())).touch()
    while len(list(folder.glob("[0-9]*"))) < 2:
        time.sleep(0.01)
    return os.getpid()


def refuse(number: int, folder: Path) -> None:
    (folder / str(number)).touch()
    time.sleep(0.1 * (number > 0))  # of the first one they hear meanwhile
    raise ConfigError(f"{number} is refused")


def sleep(folder: Path, seconds: float) -> int:
    """Note which process sleeps, then sleep; without seconds return at once."""
    if seconds:
        (folder / str(os.getpid())).touch()
        time.sleep(seconds)
    return os.getpid()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
