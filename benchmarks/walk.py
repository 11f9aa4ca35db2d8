"""Which functions a batch, a run, a page and a folder of images walk through: `python -m benchmarks.walk`.

A stop is a call of one of kdtutor's functions that is not the one before. The inside of a net is one stop: how a net
computes is its own affair. Functions within functions count as the function around them.
"""

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from inspect import CO_OPTIMIZED
from itertools import pairwise
from pathlib import Path
from pkgutil import walk_packages
from types import FrameType
from typing import Any

import torch

import kdtutor as kd

PACKAGE = Path(kd.__file__).parent
NETS = "nets/"


@dataclass(frozen=True)
class Stop:
    """A function and its file in kdtutor/."""

    file: str
    function: str


@dataclass(frozen=True)
class Walk:
    """Stops in the order in which they were entered."""

    name: str
    stops: tuple[Stop, ...]

    @property
    def first_visits(self) -> tuple[Stop, ...]:
        """Every stop once, where it was first entered."""
        return tuple(dict.fromkeys(self.stops))

    def counts(self) -> dict[str, int]:
        """How long the walk is."""
        return {
            "stops": len(self.stops),
            "functions": len(set(self.stops)),
            "files": len({stop.file for stop in self.stops}),
            "moves between files": sum(a.file != b.file for a, b in pairwise(self.stops)),
        }


class _Recorder:
    """A profile function that notes what is entered, from the first call of `start` until that of `end` returns."""

    def __init__(self, start: str, end: str) -> None:
        self.start, self.end = start, end
        self.stops: list[Stop] = []
        self.going = not start
        self.inside: FrameType | None = None  # of a net
        self.last: FrameType | None = None  # the frame of `end`

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame is self.inside:
            self.inside = None
        if event == "return" and frame is self.last:
            self.going = False
        if event != "call" or self.inside is not None or not _is_ours(frame):
            return
        stop = _stop(frame)
        self.going = self.going or (stop.function == self.start and self.last is None)
        if not self.going:
            return
        if stop.function == self.end and self.last is None:
            self.last = frame
        if stop.file.startswith(NETS):
            self.inside = frame
        if not self.stops or self.stops[-1] != stop:
            self.stops.append(stop)


def _is_ours(frame: FrameType) -> bool:
    """A function of the package: neither a module nor the body of a class, which are run while they are imported."""
    code = frame.f_code
    resumed = code.co_name == "<genexpr>"  # goes on after each of its values, and nobody calls it
    return code.co_filename.startswith(str(PACKAGE)) and bool(code.co_flags & CO_OPTIMIZED) and not resumed


def _stop(frame: FrameType) -> Stop:
    around = frame.f_code.co_qualname.partition(".<locals>")[0]
    return Stop(Path(frame.f_code.co_filename).relative_to(PACKAGE).as_posix(), around)


def walk(name: str, work: Callable[[], object], start: str = "", end: str = "") -> Walk:
    """What `work` walks through, from the first call of the function `start` to the end of `end`.

    Everything is imported before, for what a module does when it is loaded belongs to no walk.
    """
    for found in walk_packages(kd.__path__, "kdtutor."):
        import_module(found.name)
    recorder = _Recorder(start, end)
    before = sys.getprofile()
    sys.setprofile(recorder)
    try:
        work()
    finally:
        sys.setprofile(before)
    return Walk(name, tuple(recorder.stops))


def few_digits() -> kd.Data:
    """Seventy digits to learn from: one batch an epoch."""
    whole = kd.data.load("digits")
    assert whole.val is not None
    return replace(whole, train=whole.train[::50], val=whole.val[::50], test=whole.test[::50])


def batch(around: Callable[[kd.Distiller], kd.Distiller] = lambda method: method, name: str = "a batch of FSP") -> Walk:
    """The first batch of FSP: from the data to its terms on record."""
    data, teacher = few_digits(), kd.nets.build("resnet14", classes=10)
    method = around(kd.papers.fsp.FSP(kd.nets.build("resnet8", classes=10), teacher))
    run = kd.train.steps(method, data, 3, device="cpu")
    with contextlib.closing(run):
        return walk(name, lambda: next(run), "Batches.epoch", "Record.add")


def adaptive_batch() -> Walk:
    """The first batch of FSP at spots that a policy chooses."""
    return batch(lambda method: kd.papers.spot_adaptive.SpotAdaptive(method), "a batch of SpotAdaptive(FSP)")


def run() -> Walk:
    """`kdtutor distil hinton --epochs 1`, from the command line to the report."""
    app = import_module("kdtutor.cli.app" if (PACKAGE / "cli").is_dir() else "kdtutor.course.cli").app
    digits: Any = import_module("kdtutor.data.digits")
    data = few_digits()
    loaded = digits.digits
    digits.digits = lambda *_: data
    try:
        with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(io.StringIO()):
            words = ["distil", "hinton", "--epochs", "1", "--device", "cpu", "--out", f"{out}/run"]
            with contextlib.redirect_stderr(io.StringIO()):
                return walk("a run", lambda: app(words, standalone_mode=False), "distil")
    finally:
        digits.digits = loaded


def page() -> Walk:
    """A lesson's cells: an explorer is made and its slider moves, a live run trains, an answer is checked."""
    from kdtutor.course import check
    from kdtutor.papers.hinton import Hinton
    from kdtutor.widgets import LiveRun
    from kdtutor.widgets.hinton import TemperatureExplorer

    data = few_digits()
    teacher, student = (kd.nets.build(name, classes=10) for name in ("resnet14", "resnet8"))
    asked = kd.evaluate(teacher, data.test, data)

    def cells() -> None:
        explorer = TemperatureExplorer(data.test.images[:6], asked.logits[:6], asked.labels[:6], data.classes)
        explorer.controls["T"].value = 8.0
        live = LiveRun(lambda: kd.train.steps(Hinton(student, teacher), data, 1, device="cpu"), name="taught")
        live.start()
        live.wait()
        check.soften(lambda z, T: torch.softmax(z / T, dim=1))

    return walk("a page", cells)


def folder() -> Walk:
    """A folder of images, from the command line to a student elsewhere: teach, distil, evaluate, export."""
    from kdtutor.cli.app import app

    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        kd.data.write_flowers("made", images=45, size=16)
        Path("made/train").rename("flowers")  # class folders that nobody has split
        net, brief = "resnet8x0.25", ["--epochs", "1", "--batch-size", "10", "--device", "cpu", "--no-progress"]
        commands = (
            ["teach", "--data", "flowers", "--arch", net, "--out", "teacher", *brief],
            [
                "distil",
                "hinton",
                "--data",
                "flowers",
                "--teacher",
                "teacher",
                "--student",
                net,
                "--out",
                "student",
                *brief,
            ],
            ["evaluate", "student"],
            ["export", "student", "--to", "safetensors"],
        )

        def all_of_them() -> None:
            for words in commands:
                app(words, standalone_mode=False)

        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return walk("a folder of images", all_of_them, "teach")


WALKS: tuple[Callable[[], Walk], ...] = (batch, adaptive_batch, run, page, folder)


def lines(found: Walk) -> Iterator[str]:
    """A walk as text: its counts, then each function where it is first entered."""
    yield f"{found.name}: " + ", ".join(f"{count} {what}" for what, count in found.counts().items())
    for stop in found.first_visits:
        yield f"  {stop.file:32} {stop.function}"


def main(short: bool = False) -> None:
    """Print all walks; `--short`: the counts alone."""
    torch.set_num_threads(1)
    for make in WALKS:
        told = list(lines(make()))
        print("\n".join(told[:1] if short else told))


if __name__ == "__main__":
    main("--short" in sys.argv)
