"""The distillation zoo's setting for CIFAR-100: its pairs of nets, recipe, options, and the table that came of them.

All from github.com/HobbitLong/RepDistiller: recipe and weights of its scripts, accuracies of its README. Overhaul and
matching are not in its table, nor is FitNets in two phases; their numbers here are their authors'.
"""

from collections.abc import Mapping
from typing import Any

from ..data import Augment
from ..errors import choose
from ..methods import named
from ..train import Recipe
from . import spot_adaptive

PAIRS: dict[str, tuple[str, str]] = {
    f"{teacher}-{student}": (teacher, student)
    for teacher, student in (
        ("resnet56", "resnet20"), ("resnet110", "resnet20"), ("resnet110", "resnet32"), ("resnet32x4", "resnet8x4"),
        ("wrn_40_2", "wrn_16_2"), ("wrn_40_2", "wrn_40_1"), ("vgg13", "vgg8"),
    )
}  # fmt: skip
"""The pairs of one family: {name: (teacher, student)}, in the order of the columns of the table."""

EPOCHS = 240
RECIPE = Recipe(
    lr=0.05,
    batch_size=64,
    schedule="steps",
    milestones=(150 / EPOCHS, 180 / EPOCHS, 210 / EPOCHS),
    nesterov=False,
    weight_decay=5e-4,
    augment=Augment(pad=4, flip=True),
    channels_last=True,  # ours: the same numbers in less time (`make bench`)
)
"""Of every run (train_student.py), but for the rates below."""
RATES = {"mobilenetv2": 0.01, "shufflenetv1": 0.01}
"""The learning rates of students that have their own."""

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "matching": {"images": 20_000},  # the authors': github.com/KaiyuYue/mgd
    "correlation": {"form": "consecutive"},  # not the paper's form, but that of the table
    "factor": {"form": "attention"},  # likewise
}
"""What the methods' constructors do not have by default, which is the zoo's number wherever it has one."""
EXTRA_EPOCHS: Mapping[str, Mapping[str, int]] = {
    "fitnets": {"hint_epochs": 30},  # ours: as long as the zoo's other first phases
    "fsp": {"flow_epochs": 30},
    "boundaries": {"boundary_epochs": 30},
    "factor": {"paraphraser_epochs": 30},
}
"""First phases, which come on top of `EPOCHS`."""


def extra_epochs(epochs: int) -> dict[str, dict[str, int]]:
    """`EXTRA_EPOCHS` for runs of `epochs`, in proportion.

    >>> extra_epochs(40)["fsp"]
    {'flow_epochs': 5}
    """
    return {
        method: {phase: round(n * epochs / EPOCHS) for phase, n in phases.items()}
        for method, phases in EXTRA_EPOCHS.items()
    }


_TEACHER: tuple[float | None, ...] = (72.34, 74.31, 74.31, 79.42, 75.61, 75.61, 74.64)
_TABLE: Mapping[str, tuple[float | None, ...]] = {
    "alone": (69.06, 69.06, 71.14, 72.50, 73.26, 71.98, 70.36),
    "hinton": (70.66, 70.67, 73.08, 73.33, 74.92, 73.54, 72.98),
    "hint": (69.21, 68.99, 71.06, 73.50, 73.58, 72.24, 71.02),
    "attention": (70.55, 70.22, 72.31, 73.44, 74.08, 72.77, 71.43),
    "similarity": (69.67, 70.04, 72.69, 72.94, 73.83, 72.43, 72.68),
    "correlation": (69.63, 69.48, 71.48, 72.97, 73.56, 72.21, 70.71),
    "variational": (70.38, 70.16, 72.61, 73.09, 74.11, 73.30, 71.23),
    "relational": (69.61, 69.25, 71.82, 71.90, 73.35, 72.22, 71.48),
    "probabilistic": (70.34, 70.25, 72.61, 73.64, 74.54, 73.45, 72.88),
    "boundaries": (69.47, 69.53, 70.98, 73.17, 72.50, 72.38, 70.94),
    "factor": (69.84, 70.22, 72.37, 72.86, 73.25, 71.59, 70.58),
    "fsp": (69.95, 70.11, 71.89, 72.62, 72.91, None, 70.23),
    "selectivity": (69.60, 69.53, 71.96, 73.30, 73.68, 72.24, 71.53),
    "contrastive": (71.16, 71.46, 73.48, 75.51, 75.48, 74.14, 73.94),
}
METHODS = tuple(_TABLE)
"""The rows of the table by name, "alone" first."""
SOURCE = "Tian, Krishnan, Isola: Contrastive Representation Distillation (2020), github.com/HobbitLong/RepDistiller"
"""Where the table was published."""


def published(pair: str, method: str) -> float | None:
    """Top-1 accuracy in percent on the test images, after the last epoch, of the student of `pair` by `method`.

    `method` is a name or an acronym, or "alone". None where the table has no number: for pairs of two architectures,
    for FSP between unequal widths, and for methods that the zoo does not have. Raises `UnknownName` for other names.

    >>> published("resnet56-resnet20", "KD"), published("wrn_40_2-wrn_40_1", "FSP")
    (70.66, None)
    """
    return _column(_TABLE.get(named(method), ()), pair)


def published_teacher(pair: str) -> float | None:
    """The same of the teacher of `pair`.

    >>> published_teacher("vgg13-vgg8")
    74.64
    """
    return _column(_TEACHER, pair)


def _column(row: tuple[float | None, ...], pair: str) -> float | None:
    choose("pair", pair, (*PAIRS, *spot_adaptive.PAIRS))
    return dict(zip(PAIRS, row, strict=True)).get(pair) if row else None
