"""Ready settings: "minute" for two CPU cores and what ships, "paper" for the published setting on a GPU."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import data as sets
from .. import nets
from ..data import Augment, Data
from ..errors import DataError, choose
from ..nets import Net
from .recipe import ZOO, Recipe
from .teachers import PLANS

RUNS = Path("runs")  # what training writes, below the folder in which a command is given


@dataclass(frozen=True)
class Preset:
    """A data set, a pair of nets, a number of epochs and a recipe.

    `options` are a method's own settings by name of the method. `extra_epochs` are those among them that count epochs
    and come on top of `epochs`: a first phase that the other methods do not have.
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

    def epochs_for(self, method: str) -> int:
        """Epochs of a run with this method, over all its phases."""
        return self.epochs + sum(self.extra_epochs.get(method, {}).values())

    def options_for(self, method: str, epochs: int | None = None) -> dict[str, Any]:
        """The method's settings for a run of `epochs` (default: all of `epochs_for`); phases keep their proportion."""
        share = 1.0 if epochs is None else epochs / self.epochs_for(method)
        extra = {name: math.ceil(share * count) for name, count in self.extra_epochs.get(method, {}).items()}
        return {**self.options.get(method, {}), **extra}

    def data(self, root: str | Path | None = None) -> Data:
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
)

PAIRS = {"resnet56-resnet20": ("resnet56", "resnet20"), "wrn_40_2-wrn_16_2": ("wrn_40_2", "wrn_16_2")}


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
        recipe=ZOO,
        net_options={"classes": 100, "channels": 3},
        options={"hinton": {"T": 4.0, "alpha": 0.9}},
        extra_epochs={"fsp": {"flow_epochs": 30}},
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
    choose("teacher", str(name), {*PLANS, *(card["name"] for card in nets.teachers())})
    raise DataError(
        f"the teacher {str(name)!r} is not in {places[0].parent}; train it first with `kdtutor teach {name}`"
    )


def teacher_folders() -> tuple[Path, ...]:
    """Where teachers trained here are looked for: below the current folder, and below that of the course."""
    return RUNS / "teachers", sets.root().parent / RUNS / "teachers"
