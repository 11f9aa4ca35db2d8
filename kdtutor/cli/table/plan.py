"""What a table is asked to show, and the runs that this takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ... import nets
from ...data import Data
from ...errors import Error, choose, require
from ...files import RUNS
from ...jobs.job import Job, label, runnable
from ...jobs.setup import load, prepare
from ...methods import ALONE, MAKERS
from ...settings import FAMILY_PAIRS, PAIRED, PAIRS, TEACHER_PLANS, Preset, preset, zoo
from ...settings.teachers import reduced
from ...train.checkpoint import require_free
from ...train.devices import device as find_device
from ...train.loop import PRECISIONS

ALL = ("all",)


class Cell(NamedTuple):
    """One number of a table: a student of a pair, taught by a method (or alone), with a seed."""

    pair: str
    method: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.pair}-{self.method}-seed{self.seed}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Pairs, methods and seeds, and the setting that all cells have in common.

    Methods are names, acronyms or aliases, and names afterwards; the student alone is always the first of them. "all"
    are the pairs, or the methods, of the published table. Raises `UnknownName` and `ConfigError` for what cannot be.
    """

    pairs: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    preset: str = "quick-paper"
    epochs: int | None = None
    images: int | None = None
    root: str | None = None
    device: str | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        choose("preset of a table", self.preset, PAIRED)
        choose("precision", self.precision, PRECISIONS)
        find_device(self.device)
        require(self.epochs is None or self.epochs >= 1, f"epochs={self.epochs}: at least one epoch is needed")
        pairs = tuple(FAMILY_PAIRS) if self.pairs == ALL else self.pairs
        methods = zoo.METHODS if self.methods == ALL else tuple(map(runnable, self.methods))
        making = [row.label for row in MAKERS if row.name in methods]
        told = "makes its images, and a table is of methods that learn from the same ones; try it by `kdtutor distil`"
        require(not making, f"--methods: {', '.join(making)} {told}")
        for pair in pairs:
            choose("pair", pair, PAIRS)
        for what, asked in (("pairs", pairs), ("seeds", self.seeds)):
            told = ",".join(map(str, asked))
            require(len(set(asked)) == len(asked) > 0, f"--{what} {told!r}: give at least one, and none twice")
        taught = tuple(method for method in dict.fromkeys(methods) if method != ALONE)
        require(bool(taught), "--methods: the student alone is shown anyway; name one or more methods")
        object.__setattr__(self, "pairs", pairs)
        object.__setattr__(self, "methods", (ALONE, *taught))

    @property
    def folder(self) -> Path:
        """Where the table is kept, unless a folder is given: each setting has its own."""
        epochs = f"{self.epochs}epochs" if self.epochs else None
        images = f"{self.images}images" if self.images else None
        precision = self.precision if self.precision != "float32" else None
        return RUNS / "-".join(filter(None, ("table", self.preset, epochs, images, precision)))

    def chosen(self, pair: str) -> Preset:
        return preset(self.preset, pair)

    def teacher(self, pair: str) -> str:
        """The name of the teacher of a pair: one trained on the schedule of the table."""
        return reduced(self.chosen(pair).teacher_name, self.epochs, self.images)

    def job(self, cell: Cell, folder: Path) -> Job:
        """What `kdtutor distil` is asked to do for a cell of the table in `folder`."""
        usual, teacher = self.chosen(cell.pair).teacher_name, self.teacher(cell.pair)
        named = teacher if teacher != usual else None
        return Job(
            cell.method, cell.seed, str(folder / "cells" / cell.name), teacher=named, preset=self.preset,
            pair=cell.pair, epochs=self.epochs, images=self.images, device=self.device, precision=self.precision,
            root=self.root,
        )  # fmt: skip

    def cells(self) -> Iterator[Cell]:
        """All cells, those that are trained together (of one pair and seed) side by side."""
        for pair in self.pairs:
            for seed in self.seeds:
                for method in self.methods:
                    yield Cell(pair, method, seed)

    @cached_property
    def data(self) -> Data:
        """The data set, or the part of it that was asked for. Raises `DataError` where it is not found."""
        return load(self.job(next(self.cells()), self.folder), self.chosen(self.pairs[0]))

    def unfit(self, folder: Path) -> dict[tuple[str, str], str]:
        """The pairs that a method cannot teach, and why: there the table has a dash. Raises `ConfigError` for whatever
        else would keep a run from beginning, and for a method that can teach none of the pairs."""
        found: dict[tuple[str, str], str] = {}
        for cell in self.cells():
            require_free(folder / "cells" / cell.name)
        for pair in self.pairs:
            net = nets.build(**TEACHER_PLANS[self.chosen(pair).teacher_name].net)  # type: ignore[arg-type]
            net.eval().requires_grad_(False)  # untrained: whether a method fits is a question of the nets' shapes
            instead = dict.fromkeys((self.chosen(pair).teacher_name, self.teacher(pair)), net)
            for method in self.methods:
                job = self.job(Cell(pair, method, self.seeds[0]), folder)
                try:
                    setup = prepare(job, self.data, instead)
                except Error as error:
                    require(method != ALONE, str(error), type(error))
                    found[pair, method] = str(error)
                else:
                    setup.check()
        for method in self.methods:
            reasons = [found[pair, method] for pair in self.pairs if (pair, method) in found]
            require(len(reasons) < len(self.pairs), f"{label(method)} cannot teach any of the pairs: {reasons[:1]}")
        return found
