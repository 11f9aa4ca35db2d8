"""A small run, a process of its own to make it in, and what may happen to it: a kill, a full disk, a damaged file."""

import errno
import os
import random
import resource
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import kdtutor as kd
from kdtutor import files
from kdtutor.train import History, Progress, Recipe
from kdtutor.train.checkpoint import HISTORY

EPOCHS = 3
DONE, TOLD, RAW = 0, 3, 4  # how a child ends: finished, with a sentence of kdtutor, with any other error


def run(out: Path, seed: int = 0, until: int | None = None) -> Generator[Progress]:
    """A small run of a method whose student, teacher and adapters all have weights; held after the step `until`."""
    whole = kd.data.load("digits")
    assert whole.val is not None
    few = kd.Data("few", whole.train[::35], whole.val[::10], whole.test[::20], whole.classes, whole.mean, whole.std)
    teacher, student = _net(99), _net(seed)
    recipe = Recipe(batch_size=25, steps_per_epoch=4)
    method = kd.papers.fsp.FSP(student, teacher)
    running = kd.train.steps(method, few, EPOCHS, recipe=recipe, seed=seed, device="cpu", out=out)
    next(at for at in running if at.step == until or (at.step == at.total_steps and not at.epoch_ended))
    return running


def _net(seed: int) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2)


def same(a: Path, b: Path) -> bool:
    """Whether two finished runs left the same rows and the same weights, and no file besides."""
    if [p.name for p in sorted(a.iterdir())] != [p.name for p in sorted(b.iterdir())]:
        return False
    weights = all(
        (a / name).read_bytes() == (b / name).read_bytes() for name in ("best.safetensors", "last.safetensors")
    )
    return weights and History.load(a / HISTORY).rows == History.load(b / HISTORY).rows


@contextmanager
def child(work: Callable[[], object]) -> Iterator[int]:
    """A forked process that does `work` and ends with `DONE`, `TOLD` or `RAW`; its id."""
    sys.stdout.flush()
    number = os.fork()
    if number == 0:
        code = RAW
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            work()
            code = DONE
        except kd.Error:
            code = TOLD
        finally:
            os._exit(code)
    yield number


def ended(number: int) -> int:
    """Wait for a child; its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def undisturbed(folder: Path, seed: int = 0) -> Path:
    """A run that nothing disturbs."""
    out = folder / f"undisturbed{seed}"
    run(out, seed)
    return out


def damage(path: Path, rng: random.Random) -> None:
    """Flip a bit; sometimes zero 16 bytes, or cut the file."""
    content = bytearray(path.read_bytes())
    place, kind = rng.randrange(len(content)), rng.random()
    if kind < 0.8:
        content[place] ^= 1 << rng.randrange(8)
    elif kind < 0.9:
        content[place : place + 16] = bytes(len(content[place : place + 16]))
    else:
        del content[place:]
    path.write_bytes(content)


def killed_after(out: Path, step: int) -> None:
    run(out, until=step)
    kill()


def with_disk(at: int, happens: Callable[[], None], out: Path) -> None:
    """A run; at its operation number `at` on the disk (a flush, a rename) something happens."""
    calls = iter(range(1, 1_000_000))
    flush, replace = files._flush, os.replace

    def counted(real: Callable[..., None]) -> Callable[..., None]:
        def operation(*arguments: Any) -> None:
            if next(calls) == at:
                happens()
            real(*arguments)

        return operation

    with patch.object(files, "_flush", counted(flush)), patch.object(os, "replace", counted(replace)):
        run(out)


def with_small_files(size: int, out: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    run(out)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def starve() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
