"""The side that judges: it starts the process in which a submission runs, asks it, and ends it."""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy
import safetensors
import torch

from ...course.observe import Case, Observation
from ...course.packed import heard, pack, unpack
from ...course.submission import Answer
from ...errors import LostError
from .inside import received, send

PACKAGE = Path(__file__).resolve().parents[2]
SEEN = ("observe.py", "watch.py", "packed.py")  # of the course, what a process needs that runs a submission
ABSENT = '''"""The course, without its exercises: a submission is graded with this copy."""


def __getattr__(name: str) -> object:
    raise ImportError(f"{name}: exercises and their solutions are not there while a submission is graded")
'''
START = 60.0  # seconds for a process to load torch
FLOOD = 1_000_000  # bytes that one exercise may print
MOST = 64 * 1024**2  # bytes of an answer
SYSTEM = ["/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/ld.so.cache", "/proc/cpuinfo"]
BEGIN = (
    "import sys, json; paths, readable, seconds = json.loads(sys.argv[1]); sys.path[:] = paths; "
    "from kdtutor.cli.grading import inside; inside.main(readable, seconds)"
)


@contextmanager
def bare_package() -> Iterator[Path]:
    """A folder with a copy of this package that holds neither exercises nor solutions, studies and commands."""
    with tempfile.TemporaryDirectory(prefix="kdtutor-grade-") as made:
        folder = Path(made).resolve()
        ignored = shutil.ignore_patterns("__pycache__", "shipped", "course", "cli")
        shutil.copytree(PACKAGE, folder / "kdtutor", ignore=ignored)
        shutil.copy(PACKAGE.parent / "kdtutor_torchvision.py", folder)  # torch loads it by name
        _copied(folder / "kdtutor" / "cli" / "grading", Path(__file__).parent, ("inside.py", "limits.py", "kernel.py"))
        _copied(folder / "kdtutor" / "course", PACKAGE / "course", SEEN, ABSENT)
        yield folder


def _copied(folder: Path, source: Path, names: Sequence[str], about: str = "") -> None:
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(about, encoding="utf-8")
    for name in names:
        shutil.copy(source / name, folder / name)


@dataclass
class Inside:
    """A process that runs functions of one submission; begun when it is first asked, and again after it was lost."""

    package: Path
    seconds: float  # for one exercise
    process: "subprocess.Popen[bytes] | None" = None
    answers: "queue.Queue[bytes | None]" = field(default_factory=queue.Queue)
    asked: int = 0
    printed: int = 0  # bytes, since it was last asked

    def observed(self, answer: Answer, cases: Sequence[Case]) -> tuple[list[Observation], str]:
        """What was seen of a function in each case and once more in the first, and why nothing was, if so."""
        self.asked += 1
        self.printed = 0
        try:
            if self.process is None:
                self._begin()
            assert self.process is not None and self.process.stdin is not None
            send(self.process.stdin, pack([self.asked, answer.program, answer.expression, list(cases)]))
            number, fault, seen = unpack(self._next(self.seconds))
            if number != self.asked or not (fault or len(seen) == len(cases) + 1):
                raise ValueError("an answer to something else")
            return [heard(one) for one in seen], str(fault)
        except _Lost as lost:
            reason = str(lost)
        except (OSError, ValueError, TypeError):
            reason = "its process answered with something that cannot be read, or with more than fits"
        self.end()
        return [], reason

    def _begin(self) -> None:
        paths, readable = _places(self.package)
        words = json.dumps([paths, readable, int(60 * self.seconds)])
        kept = {name: os.environ[name] for name in ("SYSTEMROOT", "PATH", "LD_LIBRARY_PATH") if name in os.environ}
        one = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "KDTUTOR_DEVICE": "cpu", "HOME": str(self.package)}
        one |= {"MPLCONFIGDIR": str(self.package), "MPLBACKEND": "agg"}  # for who imports matplotlib: it need not write
        self.answers = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", BEGIN, words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**kept, **one}, cwd=self.package, start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        threading.Thread(target=_listen, args=(self.process.stdout, self.answers), daemon=True).start()
        threading.Thread(target=self._count, args=(self.process,), daemon=True).start()
        try:
            ready = self._next(START) == b"ready"
        except _Lost:
            ready = False
        if not ready:  # nothing of a student's has run yet: no grade can come of it
            self.end()
            raise LostError("no process for submissions can be started here; see whether `kdtutor doctor` is content")

    def _count(self, process: "subprocess.Popen[bytes]") -> None:
        """Read what is printed, which nobody wants, and end a process that prints without an end."""
        assert process.stderr is not None
        with suppress(OSError, ValueError):
            while chunk := os.read(process.stderr.fileno(), 1 << 16):
                self.printed += len(chunk)
                if self.printed > FLOOD:
                    process.kill()

    def _next(self, seconds: float) -> bytes:
        try:
            message = self.answers.get(timeout=seconds)
        except queue.Empty:
            raise _Lost(f"it took longer than {seconds:g} seconds") from None
        if message is None:
            flood = f"it printed more than {FLOOD // 1000:,} kB" if self.printed > FLOOD else ""
            raise _Lost(flood or "its process ended while it ran, or answered with more than fits")
        return message

    def end(self) -> None:
        """End the process, whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
                with suppress(OSError):
                    stream.close() if stream else None
        self.process = None


class _Lost(Exception):
    """The process gives no answer any more. Says why."""


def _listen(stream: IO[bytes], answers: "queue.Queue[bytes | None]") -> None:
    with suppress(OSError, ValueError):
        while message := received(stream, MOST):
            answers.put(message)
    answers.put(None)


def _places(package: Path) -> tuple[list[str], list[str]]:
    """Where the process finds modules, and what it may read: Python and its libraries, nothing of this package."""
    libraries = {Path(module.__file__ or "").resolve().parents[1] for module in (torch, numpy, safetensors)}
    python = {Path(os.__file__).resolve().parent, Path(sys.base_prefix, "lib"), Path(sys.base_prefix, "DLLs")}
    known = [Path(path).resolve() for path in filter(None, sys.path) if os.path.isdir(path)]
    paths = [path for path in known if path in libraries or any(path.is_relative_to(each) for each in python)]
    readable = [each for place in python | libraries for each in _around(place, libraries)]
    return [str(path) for path in (package, *paths)], [str(path) for path in (package, *readable)] + SYSTEM


def _around(folder: Path, libraries: set[Path]) -> Iterator[Path]:
    """What lies in a folder, named one by one where libraries are in it, so that this package can be left out."""
    if not folder.is_dir() or not any(library.is_relative_to(folder) for library in libraries):
        yield folder
    else:
        inside = [each for each in folder.iterdir() if not each.name.startswith(("kdtutor", "__editable__"))]
        for each in inside:
            yield from _around(each, libraries)
