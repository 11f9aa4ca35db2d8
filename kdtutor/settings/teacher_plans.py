"""The plan of every teacher: data, net, epochs and recipe."""

from dataclasses import dataclass, replace

from ..data import Augment
from ..train import Recipe
from . import ghost, halves, imagenet, quick, zoo


@dataclass(frozen=True)
class TeacherPlan:
    """Data, net, epochs, recipe and seed of one teacher.

    A net without a number of classes has those of the data. `weights` is where torchvision publishes such a teacher.
    """

    data: str
    net: dict[str, object]
    epochs: int
    recipe: Recipe
    seed: int = 0
    weights: str | None = None


_DIGITS = {"classes": 10, "channels": 1}
# Without shifts: a teacher for the data-free lessons, whose students never see a shifted image either.
_PLAIN = TeacherPlan(
    "digits",
    {"name": "lenet5", **_DIGITS},
    15,
    Recipe(lr=1e-3, optimiser="adam", schedule="steps", milestones=(0.7,), weight_decay=0.0),
)
_VIT = TeacherPlan(
    "digits",
    {"name": "vit7", **_DIGITS},
    60,
    Recipe(lr=3e-3, optimiser="adamw", weight_decay=0.05, augment=Augment(pad=2)),
)
_CIFAR = {"classes": 100, "channels": 3}
_CIFAR_200 = Recipe(
    lr=0.1, batch_size=256, schedule="steps", milestones=(80 / 200, 160 / 200), nesterov=False,
    augment=Augment(pad=4, flip=True), channels_last=True,
)  # fmt: skip

TEACHER_PLANS: dict[str, TeacherPlan] = {
    "digits-resnet14": TeacherPlan(
        "digits", {"name": "resnet14", **_DIGITS, "stem_stride": 2}, 40, Recipe(lr=0.1, augment=Augment(pad=2))
    ),
    "digits-lenet5": TeacherPlan("digits", {"name": "lenet5", **_DIGITS}, 40, Recipe(lr=0.02, augment=Augment(pad=2))),
    # Clothes may be mirrored, and lie in the middle: smaller shifts, more decay.
    "fashion-resnet14": TeacherPlan(
        "fashion",
        {"name": "resnet14", **_DIGITS, "stem_stride": 2},
        60,
        Recipe(lr=0.1, weight_decay=1e-3, augment=Augment(pad=1, flip=True)),
    ),
    # Transformers, for the lesson that asks what a student takes over from which kind of net.
    "digits-vit7": _VIT,
    "fashion-vit7": replace(_VIT, data="fashion", epochs=30),
    "digits-lenet5-plain": _PLAIN,
    "fashion-lenet5-plain": replace(_PLAIN, data="fashion"),
    # no teachers of a lesson, but the judges of made images
    "digits-16-resnet8": TeacherPlan(
        "digits-16", {"name": "resnet8", **_DIGITS}, 20, Recipe(lr=0.1, augment=Augment(pad=1))
    ),
    "fashion-16-resnet8": TeacherPlan(
        "fashion-16", {"name": "resnet8", **_DIGITS}, 20, Recipe(lr=0.1, augment=Augment(pad=1, flip=True))
    ),
    **{name: TeacherPlan(*plan) for name, plan in halves.PLANS.items()},
    # The teachers of the data-free papers' tables: github.com/VainF/Data-Free-Adversarial-Distillation
    "mnist-lenet5": TeacherPlan(
        "mnist",
        {"name": "lenet5", **_DIGITS},
        10,
        Recipe(lr=0.01, batch_size=256, schedule="constant", nesterov=False, weight_decay=1e-4),
    ),
    **{
        f"{data}-cifar_resnet34": TeacherPlan(
            data, {"name": "cifar_resnet34", "classes": classes, "channels": 3}, 200, _CIFAR_200
        )
        for data, classes in (("cifar10", 10), ("cifar100", 100))
    },
    **{
        f"{family}-{name}": TeacherPlan("cifar100", {"name": name, **_CIFAR}, setting.EPOCHS, setting.RECIPE)
        for family, setting in (("cifar100", zoo), ("cifar100-quick", quick))
        for name in ("resnet56", "resnet110", "resnet32x4", "wrn_40_2", "vgg13", "cifar_resnet50")
    },
    **{
        f"cifar10-{name}": TeacherPlan(
            "cifar10", {"name": name, "classes": 10, "channels": 3}, ghost.EPOCHS, ghost.RECIPE
        )
        for name in ghost.NETS
    },
    "imagenet-resnet34": TeacherPlan(
        "imagenet",
        {"name": imagenet.TEACHER, "channels": 3},
        imagenet.EPOCHS,
        imagenet.RECIPE,
        weights=imagenet.WEIGHTS,
    ),
}
"""The plan of every teacher by name."""
