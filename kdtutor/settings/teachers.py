"""How the teachers are trained, and where they are found. Those on the digits ship; the others need a GPU."""

from dataclasses import asdict, dataclass
from pathlib import Path

from .. import data as sets
from .. import nets
from ..data import Augment
from ..errors import DataError, choose
from ..files import RUNS
from ..nets import Net
from ..train import Alone, Recipe, environment, evaluate, fit, seed_everything
from . import ghost, quick, zoo


@dataclass(frozen=True)
class TeacherPlan:
    """Data, net, epochs, recipe and seed of one teacher."""

    data: str
    net: dict[str, object]
    epochs: int
    recipe: Recipe
    seed: int = 0


_DIGITS = {"classes": 10, "channels": 1}
_CIFAR = {"classes": 100, "channels": 3}
_CIFAR_200 = Recipe(
    lr=0.1, batch_size=256, schedule="steps", milestones=(80 / 200, 160 / 200), nesterov=False,
    augment=Augment(pad=4, flip=True), channels_last=True,
)  # fmt: skip

LISTED = "`kdtutor teachers` lists them all."
TEACHER_PLANS: dict[str, TeacherPlan] = {
    "digits-resnet14": TeacherPlan(
        "digits", {"name": "resnet14", **_DIGITS, "stem_stride": 2}, 40, Recipe(lr=0.1, augment=Augment(pad=2))
    ),
    "digits-lenet5": TeacherPlan("digits", {"name": "lenet5", **_DIGITS}, 40, Recipe(lr=0.02, augment=Augment(pad=2))),
    # Without shifts: a teacher for the data-free lessons, whose students never see a shifted digit either.
    "digits-lenet5-plain": TeacherPlan(
        "digits",
        {"name": "lenet5", **_DIGITS},
        15,
        Recipe(lr=1e-3, optimiser="adam", schedule="steps", milestones=(0.7,), weight_decay=0.0),
    ),
    "digits-16-resnet8": TeacherPlan(  # no teacher of a lesson, but the judge of made images
        "digits-16", {"name": "resnet8", **_DIGITS}, 20, Recipe(lr=0.1, augment=Augment(pad=1))
    ),
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
}
"""The plan of every teacher by name."""


def find_teacher(name: str | Path) -> Net:
    """A teacher that ships, one trained here with `kdtutor teach`, or the one at the path of a .safetensors file.

    Raises `DataError` for a teacher that is known but not trained yet, `UnknownName` for any other name.

    >>> find_teacher("digits-resnet14").name
    'resnet14'
    """
    if Path(name).suffix == ".safetensors" or name in {card["name"] for card in nets.teachers()}:
        return nets.teacher(name)
    places = [folder / f"{name}.safetensors" for folder in teacher_folders()]
    for path in places:
        if path.exists():
            return nets.teacher(path)
    choose("teacher", str(name), {*TEACHER_PLANS, *(card["name"] for card in nets.teachers())}, LISTED)
    raise DataError(
        f"the teacher {str(name)!r} is not in {places[0].parent}; train it first with `kdtutor teach {name}`"
    )


def teacher_folders() -> tuple[Path, ...]:
    """Where teachers trained here are looked for: below the current folder, and below that of the course.

    >>> teacher_folders()[0].as_posix()
    'runs/teachers'
    """
    return RUNS / "teachers", sets.root().parent / RUNS / "teachers"


def train_teacher(
    name: str, folder: str | Path, root: str | None = None, device: str | None = None, progress: bool = True
) -> Net:
    """Train the teacher `name` of `TEACHER_PLANS` and save its weights and card in `folder`.

    The run itself is kept in `folder/NAME.run`; interrupted, it continues. The card has the last epoch's accuracy.
    """
    plan = TEACHER_PLANS[choose("teacher", name, TEACHER_PLANS, LISTED)]
    data = sets.load(plan.data, root)
    seed_everything(plan.seed)
    net = nets.build(**plan.net)  # type: ignore[arg-type]
    history = fit(
        Alone(net), data, plan.epochs, recipe=plan.recipe, seed=plan.seed, device=device, progress=progress,
        out=Path(folder) / f"{name}.run",
    )  # fmt: skip
    answers = evaluate(net, data.test, data)
    card = {
        "data": plan.data,
        "recipe": {"epochs": plan.epochs, **asdict(plan.recipe)},
        "seed": plan.seed,
        "accuracy": answers.accuracy,
        "correct": answers.correct,
        "total": len(data.test),
        "val_accuracy": history.last("val_accuracy") if data.val is not None else None,
        "protocol": "test split, weights of the last epoch",
        "command": f"kdtutor teach {name}",
        "environment": environment(),
    }
    path = nets.save_teacher(net, name, card, folder=folder, overwrite=True)
    return nets.teacher(path)
