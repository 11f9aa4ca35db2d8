"""What one run is asked to do: its setting, how its folder is called, and the command that asks for it."""

import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError, require
from ..files import RUNS
from ..methods import ALONE, MAKERS, RUNNABLE, find
from .options import METHODS, Device, Images, Labels, Precision, Root, Size

INSTEAD = {
    "spot_adaptive": "says where another method is matched: name that one, as in `kdtutor distil attention --spots "
    "adaptive`",
    "gan": "is for generators, not for classifiers: lesson 7 runs it, and `kdtutor teach digits-dcgan` trains its "
    "teacher",
    "ghost": "is a kind of layer, which any method can teach: lesson 8 shows it, and `kdtutor distil hinton --student "
    "ghost_resnet20` teaches a net of it",
}
"""What to do with a method that is no method for `kdtutor distil`."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything that is asked of a run but its method, its seed and its folder; None leaves the choice to the preset.

    `data_free` is a method by its name, acronym or alias, and its name afterwards. Raises `UnknownName` for any other.
    """

    data: Annotated[
        str | None, typer.Option(help="Data set instead of the preset's, such as cifar10.", show_default=False)
    ] = None
    teacher: Annotated[
        str | None, typer.Option(help="Name of a teacher, or its .safetensors file.", show_default="the preset's")
    ] = None
    student: Annotated[
        str | None, typer.Option(help="Name of a net, such as resnet20.", show_default="the preset's")
    ] = None
    preset: Annotated[
        str,
        typer.Option(
            help="minute: two CPU cores, what ships. paper: CIFAR-100, 240 epochs on a GPU. quick-paper: the same "
            "pairs, 40 epochs. imagenet: ResNet-34 to 18, 224 pixels."
        ),
    ] = "minute"
    pair: Annotated[
        str | None, typer.Option(help="Teacher-student of the presets paper and quick-paper, as resnet110-resnet32.")
    ] = None
    epochs: Annotated[int | None, typer.Option(help="Over all phases.", show_default="the preset's")] = None
    images: Images = None
    labels: Labels = None
    device: Device = None
    precision: Precision = "float32"
    sync_batch_norm: Annotated[
        bool, typer.Option("--sync-batch-norm", help="Statistics over the GPUs of torchrun, not of each alone.")
    ] = False
    root: Root = None
    size: Size = None
    spots: Annotated[
        str | None,
        typer.Option(
            help="Where each sample is distilled: adaptive, always, random, anti or never.",
            show_default="as the method does it",
        ),
    ] = None
    data_free: Annotated[
        str | None,
        typer.Option(
            help="Learn from images that a generator makes: dfad or dafl.", show_default="from the training split"
        ),
    ] = None
    teacher_of_other_data: Annotated[
        bool, typer.Option("--teacher-of-other-data", help="Allow a teacher that was trained on another data set.")
    ] = False

    def __post_init__(self) -> None:
        if self.data_free is not None:
            object.__setattr__(self, "data_free", find(self.data_free, MAKERS).name)


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
        object.__setattr__(self, "method", runnable(self.method))
        require(abs(self.seed) < 2**63, f"seed {self.seed}: expected a number of at most 63 bits, such as 0")

    @property
    def maker(self) -> str | None:
        """The method whose generator makes the images, if one does."""
        return self.method if self.method in (row.name for row in MAKERS) else self.data_free

    @property
    def sees(self) -> tuple[object, ...]:
        """What its data depend on: jobs of which this is equal learn from the same data."""
        choice = self.seed if self.labels is not None else None  # which images keep their labels
        return self.preset, self.pair, self.data, self.images, self.maker, self.root, self.size, self.labels, choice

    @property
    def folder(self) -> Path:
        """Where the run is kept: `out`, or a name below runs/ that tells what it is."""
        if self.out is not None:
            return Path(self.out)
        teacher = Path(self.teacher).stem if self.teacher else None
        epochs = f"{self.epochs}epochs" if self.epochs else None
        size = f"{self.size}px" if self.size else None
        images = f"{self.images}images" if self.images else None
        labels = f"{self.labels}labels" if self.labels else None
        spots = f"{self.spots}_spots" if self.spots else None
        batches = f"{self.data_free}_batches" if self.data_free else None
        setting = (self.preset, self.pair, self.data, teacher, self.student, size, epochs, images, labels)
        parts = (self.method, spots, batches, *setting, f"seed{self.seed}")
        return RUNS / "-".join(part for part in parts if part)

    @property
    def composition(self) -> str:
        """What is added to the method, in words: its spots, who makes its images, how many labels are left."""
        spots = f", {self.spots} spots" if self.spots else ""
        labels = f", {self.labels} labels a class" if self.labels else ""
        return spots + (f", data-free by {find(self.data_free).acronym}" if self.data_free else "") + labels

    @property
    def command(self) -> str:
        """The command that asks for this job."""
        usual = {field.name: field.default for field in fields(self)}
        names = ("seed", "out", *(field.name for field in fields(Setting)))
        asked = {name: value for name in names if (value := getattr(self, name)) != usual[name]}
        options = [
            f"--{name.replace('_', '-')}" + ("" if value is True else f" {shlex.quote(str(value))}")
            for name, value in asked.items()
        ]
        return " ".join(["kdtutor distil", self.method, *options])


def partner(job: Job) -> Job:
    """The student alone in the setting of `job`, with its seed: it has no teacher, no spots, and needs the labels.

    >>> partner(Job("attention", spots="adaptive", seed=2)).command
    'kdtutor distil alone --seed 2'
    """
    return replace(
        job, method=ALONE, out=None, spots=None, data_free=None, teacher=None, teacher_of_other_data=False
    )  # fmt: skip


def runnable(method: str) -> str:
    """The name of a method that can be run, from its name, acronym or alias in any case; `ALONE` stays."""
    if method.lower() == ALONE:
        return ALONE
    row = find(method, instead=f"Choose from: {ALONE}, {METHODS}.")
    if row not in RUNNABLE:
        raise ConfigError(f"{row.label} {INSTEAD.get(row.name, 'cannot be run by itself')}")
    return row.name


def label(method: str) -> str:
    """How a table calls it: with its acronym, where it has one."""
    return method if method == ALONE else find(method).label


def seed_list(text: str) -> list[int]:
    """The seeds that an option names."""
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ConfigError(f"--seeds {text!r}: expected whole numbers with commas between them, such as 0,1,2") from None
