"""What one run is asked to do, how its folder is called, and the command that asks for it."""

import shlex
from dataclasses import dataclass, fields
from pathlib import Path

from ..errors import require
from ..methods import find
from ..settings import RUNS
from .options import MAKERS, RUNNABLE, Setting

ALONE = "alone"
INSTEAD = {
    "spot_adaptive": "says where another method is matched: name that one, as in `kdtutor distil attention --spots "
    "adaptive`",
    "gan": "is for generators, not for classifiers: lesson 7 runs it, and `kdtutor teach digits-dcgan` trains its "
    "teacher",
    "ghost": "is a kind of layer, which any method can teach: lesson 8 shows it, and `kdtutor distil hinton --student "
    "ghost_resnet20` teaches a net of it",
}
"""What to do with a method that is no method for `kdtutor distil`."""


@dataclass(frozen=True)
class Job(Setting):
    """What one run is asked to do, as on the command line: a method in a setting, with a seed.

    `method` is a name, an acronym or an alias, and the name afterwards. Raises `UnknownName` for any other, and
    `ConfigError` for what is no method to run, with what to do instead.
    """

    method: str
    seed: int = 0
    out: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "method", named(self.method))

    @property
    def maker(self) -> str | None:
        """The method whose generator makes the images, if one does."""
        return self.method if self.method in (row.name for row in MAKERS) else self.data_free

    @property
    def folder(self) -> Path:
        """Where the run is kept: `out`, or a name below runs/ that tells what it is."""
        if self.out is not None:
            return Path(self.out)
        teacher = Path(self.teacher).stem if self.teacher else None
        epochs = f"{self.epochs}epochs" if self.epochs else None
        spots = f"{self.spots}_spots" if self.spots else None
        batches = f"{self.data_free}_batches" if self.data_free else None
        setting = (self.preset, self.pair, self.data, teacher, self.student, epochs)
        parts = (self.method, spots, batches, *setting, f"seed{self.seed}")
        return RUNS / "-".join(part for part in parts if part)

    @property
    def composition(self) -> str:
        """What is added to the method, in words: its spots, who makes its images."""
        spots = f", {self.spots} spots" if self.spots else ""
        return spots + (f", data-free by {find(self.data_free).acronym}" if self.data_free else "")

    @property
    def command(self) -> str:
        """The command that asks for this job."""
        usual = Job(self.method)
        names = ("seed", "out", *(field.name for field in fields(Setting)))
        asked = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(usual, name)}
        options = [
            f"--{name.replace('_', '-')}" + ("" if value is True else f" {shlex.quote(str(value))}")
            for name, value in asked.items()
        ]
        return " ".join(["kdtutor distil", self.method, *options])


def named(method: str) -> str:
    """The name of a method that can be run, from its name, acronym or alias in any case; `ALONE` stays."""
    if method.lower() == ALONE:
        return ALONE
    row = find(method, instead=f"Choose from: {ALONE}, {', '.join(row.name for row in RUNNABLE)}.")
    require(row in RUNNABLE, f"{row.label} {INSTEAD.get(row.name, 'cannot be run by itself')}")
    return row.name


def label(method: str) -> str:
    """How a table calls it: with its acronym, where it has one."""
    return method if method == ALONE else find(method).label
