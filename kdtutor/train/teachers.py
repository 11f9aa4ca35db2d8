"""How the teachers were trained. Those on the digits ship; those on CIFAR-100 are trained where a GPU is."""

from dataclasses import asdict, dataclass
from pathlib import Path

from .. import data as sets
from .. import nets
from ..data import Augment
from ..errors import choose
from ..nets import Net
from .devices import seed_everything
from .distiller import Alone
from .evaluation import evaluate
from .history import environment
from .loop import fit
from .recipe import ZOO, Recipe


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

PLANS: dict[str, TeacherPlan] = {
    "digits-resnet14": TeacherPlan(
        "digits", {"name": "resnet14", **_DIGITS, "stem_stride": 2}, 40, Recipe(lr=0.1, augment=Augment(pad=2))
    ),
    "digits-lenet5": TeacherPlan("digits", {"name": "lenet5", **_DIGITS}, 40, Recipe(lr=0.02, augment=Augment(pad=2))),
    **{
        f"cifar100-{name}": TeacherPlan("cifar100", {"name": name, **_CIFAR}, 240, ZOO)
        for name in ("resnet56", "resnet110", "resnet32x4", "wrn_40_2", "vgg13")
    },
}


def train_teacher(
    name: str, folder: str | Path, root: str | None = None, device: str | None = None, progress: bool = True
) -> Net:
    """Train the teacher `name` of `PLANS` and save its weights and card in `folder`.

    The run itself is kept in `folder/NAME.run`; interrupted, it continues. The card has the last epoch's accuracy.
    """
    plan = PLANS[choose("teacher", name, PLANS)]
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
