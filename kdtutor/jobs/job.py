"""What one run is asked to do: its setting, how its folder is called, and the command that asks for it."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError, require
from ..files import RUNS
from ..methods import ALONE, MAKERS, RUNNABLE, find
from .options import Device, Factory, Images, Labels, Log, Memory, Precision, Root, Size, Stages, Task, Weights
from .recipe_options import Adjusted

INSTEAD = {
    "spot_adaptive": "says where another method is matched: name that one, as in `kdtutor distil attention --spots "
    "adaptive`",
    "gan": "is for generators, not for classifiers: lesson 7 runs it, and `kdtutor teach digits-dcgan` trains its "
    "teacher",
    "ghost": "is a kind of layer, which any method can teach: lesson 8 shows it, and `kdtutor distil hinton --student "
    "ghost_resnet20` teaches a net of it",
    **{
        name: f"{what}: lesson {lesson} shows it (`kdtutor lab`), and `kd.fit({call}, data, epochs)` runs it"
        for name, lesson, what, call in (
            ("mutual", 13, "trains several students and has no teacher", "Mutual(net_1, net_2)"),
            ("born_again", 14, "has a teacher of the student's own kind", "BornAgain(net, teacher)"),
            ("own_teacher", 14, "trains a net with exits and has no teacher", "OwnTeacher(MultiExit(net))"),
            ("amalgamation", 15, "has teachers of different classes", "Amalgamation(net, kd.Specialists([low, high]))"),
            ("common_features", 15, "has teachers of different classes", "CommonFeatures(net, specialists)"),
            ("sequence", 17, "is for language models", "Sequence(student, teacher)"),
            ("on_policy", 17, "is for language models", "OnPolicy(student, teacher)"),
            ("minillm", 17, "is for language models", "MiniLLM(student, teacher)"),
            ("deit", 18, "wants a student with a distillation token", "Deit(kd.nets.build('deit7'), teacher)"),
        )
    },
}
"""What to do with a method that is no method for `kdtutor distil`."""
LONG = 24  # characters


@dataclass(frozen=True, kw_only=True)
class Setting(Adjusted):
    """Everything that is asked of a run but its method, its seed and its folder; None leaves the choice to the preset.

    `data_free` is a method by its name, acronym or alias, and its name afterwards. Raises `UnknownName` for any other.
    """

    data: Annotated[
        str | None,
        typer.Option(
            help="Data set instead of the preset's, such as cifar10; or your images: a folder of class folders, a CSV.",
            show_default=False,
        ),
    ] = None
    teacher: Annotated[
        str | None,
        typer.Option(
            help="Name of a teacher, its .safetensors file, or the folder of a model; several with commas between "
            "them answer as one.",
            show_default="the preset's",
        ),
    ] = None
    student: Annotated[
        str | None,
        typer.Option(help="Name of a net, such as resnet20 or mobilenet_v3_small.", show_default="the preset's"),
    ] = None
    preset: Annotated[
        str | None,
        typer.Option(
            help="minute: two CPU cores, what ships. own: your images, 30 epochs. paper: CIFAR-100, 240 epochs on a "
            "GPU. quick-paper: the same pairs, 40 epochs. imagenet: ResNet-34 to 18, 224 pixels.",
            show_default="minute, for your images own",
        ),
    ] = None
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
    task: Task = None
    memory: Memory = None
    weights: Weights = None
    stages: Stages = None
    factory: Factory = None
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
    log: Log = None

    def __post_init__(self) -> None:
        if self.data_free is not None:
            object.__setattr__(self, "data_free", find(self.data_free, MAKERS).name)
        if self.preset is None:
            object.__setattr__(self, "preset", self.usual_preset)
        if self.data is None and self.preset == "minute":
            object.__setattr__(self, "data", _chosen())

    @property
    def own(self) -> bool:
        """Whether the data are images of one's own, named by their path."""
        if self.data is None:
            return False
        from .. import data as sets  # which loads torch: only where a path may be meant

        return sets.is_own(self.data, sets.names())

    @property
    def usual_preset(self) -> str:
        """The preset where none is named."""
        return "own" if self.own else "minute"


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
        require(0 <= self.seed < 2**63, f"seed={self.seed}: expected a whole number of at least 0, and at most 63 bits")

    @property
    def maker(self) -> str | None:
        """The method whose generator makes the images, if one does."""
        return self.method if self.method in (row.name for row in MAKERS) else self.data_free

    @property
    def sees(self) -> tuple[object, ...]:
        """What its data depend on: jobs of which this is equal learn from the same data."""
        choice = self.seed if self.labels is not None else None  # which images keep their labels
        reading = (self.root, self.size, self.task, self.memory, self.teacher if self.own else None)  # of its card
        return self.preset, self.pair, self.data, self.maker, self.images, self.labels, choice, *reading

    @property
    def folder(self) -> Path:
        """Where the run is kept: `out`, or a name below runs/ that tells what it is."""
        if self.out is not None:
            return Path(self.out)
        parts = (self.method, *self._setting, f"seed{self.seed}")
        return RUNS / "-".join(part for part in parts if part)

    @property
    def _setting(self) -> tuple[str | None, ...]:
        """What the name of the folder tells of the setting."""
        named = Path(self.teacher) if self.teacher else None
        teacher = None if named is None else named.name if named.is_dir() else named.stem
        data = Path(self.data).stem if self.data and self.own else self.data
        student = _as_file(self.student) if self.student else None
        start = f"from_{Path(self.weights).stem}" if self.weights else None
        stages = f"{_as_file(self.stages)}_stages" if self.stages else None
        epochs = f"{self.epochs}epochs" if self.epochs else None
        size = f"{self.size}px" if self.size else None
        images = f"{self.images}images" if self.images else None
        labels = f"{self.labels}labels" if self.labels else None
        spots = f"{self.spots}_spots" if self.spots else None
        batches = f"{self.data_free}_batches" if self.data_free else None
        nets = (teacher, student, start, stages)
        recipe = [f"{_short(value)}_{name}" for name, value in self.adjustments.items()]
        return (spots, batches, self.preset, self.pair, data, self.task, *nets, size, epochs, images, labels, *recipe)

    @property
    def composition(self) -> str:
        """What is added to the method, in words: its spots, its images, its labels, what its recipe has of its own."""
        spots = [f"{self.spots} spots"] if self.spots else []
        images = [f"data-free by {find(self.data_free).acronym}"] if self.data_free else []
        labels = [f"{self.labels} labels a class"] if self.labels else []
        recipe = [f"{name.replace('_', ' ')} {value}" for name, value in self.adjustments.items()]
        return "".join(f", {part}" for part in (*spots, *images, *labels, *recipe))

    @property
    def command(self) -> str:
        """The command that asks for this job."""
        return " ".join(["kdtutor distil", self.method, *self._options({})])

    def _options(self, renamed: Mapping[str, str]) -> list[str]:
        """What is asked for as options of the command; some under other names."""
        usual = {field.name: field.default for field in fields(self)} | {"preset": self.usual_preset}
        names = ("seed", "out", *(field.name for field in fields(Setting)))
        asked = {renamed.get(name, name): value for name in names if (value := getattr(self, name)) != usual[name]}
        return [
            f"--{name.replace('_', '-')}" + ("" if value is True else f" {shlex.quote(str(value))}")
            for name, value in asked.items()
        ]


@dataclass(frozen=True)
class Teaching(Job):
    """A net that learns from labels alone, to be a teacher: the student of a job without a method."""

    method: str = ALONE

    @property
    def folder(self) -> Path:
        """Where the run and the model are kept: `out`, or a name below runs/teachers/ that tells what it is."""
        told = "-".join(part for part in (*self._setting, f"seed{self.seed}" * bool(self.seed)) if part)
        return Path(self.out) if self.out is not None else RUNS / "teachers" / told

    @property
    def command(self) -> str:
        return " ".join(["kdtutor teach", *self._options({"student": "arch"})])


def _chosen() -> str | None:
    """The set that the reader has chosen, where it is not the usual one: a run says in its name what it learns from."""
    from ..settings import chosen  # which loads torch: not before a job is made

    name = chosen.chosen_set()
    return None if name == chosen.USUAL else name


def _as_file(name: str) -> str:
    """A name as part of a file's: that of a net of one's own may be a path."""
    return re.sub(r"[^\w.,+-]", "_", name)


def _short(value: object) -> str:
    """A value for the name of a folder: a hundred class weights are too long for one, and told by their digest."""
    text = str(value)
    return text if len(text) <= LONG else sha256(text.encode()).hexdigest()[:8]


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
    listed = ", ".join(row.label if row.lesson else row.name for row in RUNNABLE)  # a sentence is to stay one
    row = find(method, instead=f"Choose from: {ALONE}, {listed}.")
    if row not in RUNNABLE:
        raise ConfigError(f"{row.label} {INSTEAD.get(row.name, 'cannot be run by itself')}")
    return row.name


def label(method: str) -> str:
    """How a table calls it: with its acronym, where it has one."""
    return method if method == ALONE else find(method).label


def seed_list(text: str) -> list[int]:
    """The seeds that an option names.

    >>> seed_list("0, 1,2")
    [0, 1, 2]
    """
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ConfigError(f"--seeds {text!r}: expected whole numbers with commas between them, such as 0,1,2") from None
