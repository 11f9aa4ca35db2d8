"""Ready settings: "minute" for two CPU cores and what ships, "paper" for the published setting on a GPU."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import data as sets
from .. import nets
from ..data import Augment, Data
from ..errors import DataError, choose
from ..nets import Net
from ..train import Recipe
from .recipes import ZOO
from .teachers import ALL_TEACHERS, PLANS

RUNS = Path("runs")  # what training writes, below the folder in which a command is given


@dataclass(frozen=True)
class Preset:
    """A data set, a pair of nets, a number of epochs and a recipe.

    `options` are a method's own settings by name of the method. `extra_epochs` are those among them that count epochs
    and come on top of `epochs`: a first phase that the other methods do not have. `spots` are the settings of
    `SpotAdaptive` around a method, `gammas` those that differ by method, `hosts` the method's own settings in there.
    """

    name: str
    data_name: str
    teacher_name: str
    student_name: str
    epochs: int
    recipe: Recipe
    net_options: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra_epochs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    spots: Mapping[str, Any] = field(default_factory=dict)
    gammas: Mapping[str, float] = field(default_factory=dict)
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def epochs_for(self, method: str) -> int:
        """Epochs of a run with this method, over all its phases."""
        return self.epochs + sum(self.extra_epochs.get(method, {}).values())

    def options_for(self, method: str, epochs: int | None = None) -> dict[str, Any]:
        """The method's settings for a run of `epochs` (default: all of `epochs_for`); phases keep their proportion."""
        share = 1.0 if epochs is None else epochs / self.epochs_for(method)
        extra = {name: math.ceil(share * count) for name, count in self.extra_epochs.get(method, {}).items()}
        return {**self.options.get(method, {}), **extra}

    def spots_for(self, method: str) -> dict[str, Any]:
        """The settings of `SpotAdaptive` around this method."""
        return {**self.spots, **({"gamma": self.gammas[method]} if method in self.gammas else {})}

    def data(self, root: str | Path | None = None) -> Data:
        """The data set of the preset."""
        return sets.load(self.data_name, root)

    def teacher(self) -> Net:
        """The trained teacher; "paper" teachers do not ship and say how to train them."""
        return find_teacher(self.teacher_name)

    def student(self) -> Net:
        """A new student with fresh weights."""
        return nets.build(self.student_name, **self.net_options)


MINUTE = Preset(
    "minute",
    data_name="digits",
    teacher_name="digits-resnet14",
    student_name="resnet8x0.25",
    epochs=8,
    recipe=Recipe(lr=0.05, augment=Augment(pad=2)),
    net_options={"classes": 10, "channels": 1, "stem_stride": 2},
    options={  # weights and rates for so small a student, from the lessons' tuning studies
        "hint": {"beta": 30.0},
        "attention": {"beta": 300.0},
        "overhaul": {"beta": 0.01},
        "matching": {"beta": 0.03},
        "boundaries": {"boundary_lr": 1.0},
    },
)

_SAME_FAMILY = (
    ("resnet56", "resnet20"), ("resnet110", "resnet20"), ("resnet110", "resnet32"), ("resnet32x4", "resnet8x4"),
    ("wrn_40_2", "wrn_16_2"), ("wrn_40_2", "wrn_40_1"), ("vgg13", "vgg8"),
)  # fmt: skip
_CROSS = (
    ("vgg13", "mobilenetv2"), ("cifar_resnet50", "mobilenetv2"), ("cifar_resnet50", "vgg8"),
    ("resnet32x4", "resnet32"), ("wrn_40_2", "shufflenetv1"),
)  # fmt: skip
FAMILY_PAIRS = {f"{teacher}-{student}": (teacher, student) for teacher, student in _SAME_FAMILY}
"""The pairs of one family in the distillation zoo's table for CIFAR-100: {name: (teacher, student)}."""
CROSS_PAIRS = {f"{teacher}-{student}": (teacher, student) for teacher, student in _CROSS}
"""The pairs of different architectures in the CIFAR-100 table of spot-adaptive distillation (its authors' README).
Their MobileNetV2 has its full width; the zoo's, whose student alone they quote, has half of it."""
PAIRS = {**FAMILY_PAIRS, **CROSS_PAIRS}
"""Both together."""
SMALL_RATE = {"mobilenetv2": 0.01, "shufflenetv1": 0.01}  # of these students; also from the zoo's train_student.py

# The distillation zoo's weights for its CIFAR-100 table (github.com/HobbitLong/RepDistiller), where it has the method.
PAPER_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "hinton": {"T": 4.0, "alpha": 0.9},
    "hint": {"layer": 2, "beta": 100.0},  # FitNets in one phase, the zoo's form
    "fitnets": {"layer": 2, "T": 4.0, "alpha": 0.9},  # in two, the paper's
    "attention": {"p": 2, "beta": 1000.0},
    "fsp": {"pool": "max"},  # the paper's; the zoo takes means
    "boundaries": {"margin": 1.0, "beta": 3 / 1000},
    "overhaul": {"beta": 1 / 1000},  # the authors': github.com/clovaai/overhaul-distillation
    "matching": {"beta": 1 / 10_000, "every": 2, "images": 20_000},  # the authors': github.com/KaiyuYue/mgd
    "relational": {"distance": 25.0, "angle": 50.0},
    "similarity": {"beta": 3000.0},
    "variational": {"beta": 1.0},
    "probabilistic": {"beta": 30_000.0},
    "selectivity": {"beta": 50.0},
    "correlation": {"form": "consecutive", "beta": 0.02},  # the zoo's form, since the table was made with it
    "factor": {"form": "attention", "beta": 200.0},  # likewise
    "contrastive": {"negatives": 16_384, "beta": 0.8},
    "logits": {},  # of the data-free papers; the zoo has no such row
}
PAPER_EXTRA_EPOCHS: Mapping[str, Mapping[str, int]] = {
    "fitnets": {"hint_epochs": 30},  # ours: as long as the zoo's other first phases
    "fsp": {"flow_epochs": 30},
    "boundaries": {"boundary_epochs": 30},
    "factor": {"paraphraser_epochs": 30},
}

# What the authors of spot-adaptive distillation set (github.com/zju-vipa/spot-adaptive-pytorch): the weight of each
# method in it (other_kd), that of the logits (kd_weight), and gamma (classify_weight).
SAKD_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "hint": {"beta": 1.0},
    "attention": {"beta": 1000.0},
    "relational": {"distance": 25.0, "angle": 50.0},
    "similarity": {"beta": 3000.0},
    "variational": {"beta": 1.0},
    "probabilistic": {"beta": 30_000.0},
    "selectivity": {"beta": 50.0},
    "correlation": {"beta": 0.02},
    "factor": {"beta": 200.0},
    "contrastive": {"beta": 0.8},
    "hinton": {"alpha": 1.0},  # its KL at the logits, which every host has beside its own loss
}
SAKD_SPOTS: Mapping[str, Any] = {"alpha": 1.0, "T": 4.0, "gamma": 1.0}
SAKD_GAMMAS = {"attention": 2.0, "relational": 2.0, "variational": 2.0}


def preset(name: str, pair: str = "resnet56-resnet20") -> Preset:
    """The preset "minute" or "paper"; `pair` chooses teacher and student of the latter (a key of `PAIRS`)."""
    choose("preset", name, ("minute", "paper"))
    if name == "minute":
        return MINUTE
    teacher, student = PAIRS[choose("pair", pair, PAIRS)]
    return Preset(
        "paper",
        data_name="cifar100",
        teacher_name=f"cifar100-{teacher}",
        student_name=student,
        epochs=240,
        recipe=replace(ZOO, lr=SMALL_RATE.get(student, ZOO.lr)),
        net_options={"classes": 100, "channels": 3},
        options=PAPER_OPTIONS,
        extra_epochs=PAPER_EXTRA_EPOCHS,
        spots=SAKD_SPOTS if pair in FAMILY_PAIRS else {**SAKD_SPOTS, "head_start": 0.0},  # its configurations' "homo"
        gammas=SAKD_GAMMAS,
        hosts=SAKD_OPTIONS,
    )


def find_teacher(name: str | Path) -> Net:
    """A teacher that ships, one trained here with `kdtutor teach`, or the one at the path of a .safetensors file.

    Raises `DataError` for a teacher that is known but not trained yet, `UnknownName` for any other name.
    """
    if Path(name).suffix == ".safetensors" or name in {card["name"] for card in nets.teachers()}:
        return nets.teacher(name)
    places = [folder / f"{name}.safetensors" for folder in teacher_folders()]
    for path in places:
        if path.exists():
            return nets.teacher(path)
    choose("teacher", str(name), {*PLANS, *(card["name"] for card in nets.teachers())}, ALL_TEACHERS)
    raise DataError(
        f"the teacher {str(name)!r} is not in {places[0].parent}; train it first with `kdtutor teach {name}`"
    )


def teacher_folders() -> tuple[Path, ...]:
    """Where teachers trained here are looked for: below the current folder, and below that of the course."""
    return RUNS / "teachers", sets.root().parent / RUNS / "teachers"
