"""The experiments of the lesson on FitNets: a plain net of 38 thin layers that hardly starts to learn within 200 steps.

The teacher is the resnet14 of the preset "minute". Every student has 38 layers of 4, 8 and 16 channels, all labels,
random shifts and 8 epochs of 25 steps of 64 images; where there are two phases, both are counted. Rates and weights
were chosen on validation digits with two seeds of their own (study fitnets_tuning): for each method the best of those
tried there. The weight of hints was chosen at layer 2 and is used at the other layers too.

Attention maps are also tried where labels are scarce, on a student that starts by itself: the resnet8 of the preset, 5
labels a class, the other digits without a label, 12 epochs (study fitnets_attention, and its tuning).
"""

from typing import Any

from ...data import Data
from ...nets import Net
from ...papers.attention import Attention
from ...papers.fitnets import FitNets, Hint
from ...papers.hinton import Hinton
from ...train import Alone, Distiller, History, Recipe
from . import common
from .common import MINUTE, TUNING_SEEDS, by_steps, filled, last, minute_for, train
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

STUDENT, SHORTCUTS = "plain38x0.25", "resnet38x0.25"
EPOCHS, STEPS = 8, 25
FEW, FEW_EPOCHS, FEW_LR = 5, 12, 0.2  # labels a class where they are scarce
FEW_BETA = {"hint": 30.0, "attention": 300.0}
HINT_EPOCHS, HINT_LR = 5, 1.0  # of the first phase

# Learning rate, and where there is a choice the weight of the features, of each method.
LR = {"alone": 0.1, "two phases": 0.05, "hint": 0.1, "attention": 0.1, "logits": 0.02, "shortcuts": 0.1}
BETA = {"hint": 100.0, "attention": 3.0}


def student(seed: int, name: str = STUDENT) -> Net:
    """A new student; equal seeds, equal first weights."""
    return common.student(seed, name)


def recipe(lr: float) -> Recipe:
    return common.recipe(lr, STEPS)


def prepare(case: Case, seed: int) -> Distiller:
    """The student of `case`, and who teaches it."""
    method = case["method"]
    net = student(seed, SHORTCUTS if method == "shortcuts" else STUDENT)
    beta, layer = case.get("beta", BETA.get(method)), case.get("layer", 2)
    if method in ("alone", "shortcuts"):
        return Alone(net)
    teacher = minute_for(case).teacher()
    if method == "logits":
        return Hinton(net, teacher)
    if method == "attention":
        return Attention(net, teacher, beta=beta)
    if method == "hint":
        return Hint(net, teacher, layer, beta=beta)
    return FitNets(net, teacher, layer, hint_epochs=HINT_EPOCHS * EPOCHS // 8, hint_lr=HINT_LR, alpha=0.0)


def trained(case: Case, seed: int) -> History:
    lr = case.get("lr", LR[case["method"]])
    return train(prepare(case, seed), minute_for(case).data(), EPOCHS, recipe(lr), seed)


def tune(case: Case, seed: int) -> dict[str, Any]:
    """Validation accuracy after the last epoch."""
    return {"val": trained(case, seed).last("val_accuracy")}


def learn(case: Case, seed: int) -> list[dict[str, float]]:
    """One student: validation accuracy after each epoch, and test accuracy after the last."""
    return by_steps(trained(case, seed), STEPS)


def scarce(case: Case, seed: int) -> History:
    """A student of the preset with few labels; the others' images are there for whoever can use them."""
    method, net = case["method"], student(seed, MINUTE.student_name)
    few: Data = MINUTE.data().few_labels(FEW, seed=seed)
    beta = case.get("beta", FEW_BETA.get(method, 0.0))
    distiller: Distiller = {
        "alone": lambda: Alone(net),
        "logits": lambda: Hinton(net, MINUTE.teacher()),
        "hint": lambda: Hint(net, MINUTE.teacher(), beta=beta),
        "attention": lambda: Attention(net, MINUTE.teacher(), beta=beta),
    }[method]()
    data = filled(few.labelled_only()) if method == "alone" else few
    return train(distiller, data, FEW_EPOCHS, recipe(case.get("lr", FEW_LR)), seed)


def tune_scarce(case: Case, seed: int) -> dict[str, Any]:
    """Validation accuracy after the last epoch."""
    return {"val": scarce(case, seed).last("val_accuracy")}


def learn_scarce(case: Case, seed: int) -> dict[str, Any]:
    """Validation and test accuracy after the last epoch."""
    return last(scarce(case, seed))


STUDIES = (
    Study(
        "fitnets_tuning",
        "Which learning rate, and which weight of the features, is best on validation digits for each method?",
        (
            *({"method": "alone", "lr": lr} for lr in (0.02, 0.05, 0.1, 0.2, 0.4)),
            *({"method": "two phases", "lr": lr} for lr in (0.02, 0.05, 0.1, 0.2)),
            *({"method": "hint", "lr": 0.1, "beta": beta} for beta in (30.0, 100.0, 300.0)),
            *({"method": "hint", "lr": lr, "beta": 100.0} for lr in (0.05, 0.2)),
            *({"method": "attention", "lr": 0.1, "beta": beta} for beta in (3.0, 10.0, 30.0)),
            {"method": "attention", "lr": 0.05, "beta": 10.0},
            *({"method": "logits", "lr": lr} for lr in (0.02, 0.05, 0.1, 0.2)),
        ),
        tune,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "fitnets_start",
        "What starts a plain net of 38 thin layers?",
        (
            *({"method": method} for method in ("alone", "shortcuts", "logits", "two phases", "attention")),
            *({"method": "hint", "layer": layer} for layer in (2, 1, 3)),
        ),
        learn,
    ),
    Study(
        "fitnets_attention_tuning",
        "With 5 labels a class, which learning rate and which weight is best on validation digits?",
        (
            *({"method": "alone", "lr": lr} for lr in (0.1, 0.2, 0.4)),
            *({"method": "attention", "beta": beta} for beta in (100.0, 300.0, 1000.0)),
            *({"method": "hint", "beta": beta} for beta in (3.0, 10.0, 30.0, 100.0)),
        ),
        tune_scarce,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "fitnets_attention",
        "Do attention maps help where labels are scarce?",
        tuple({"method": method, "labels": FEW} for method in ("alone", "attention", "hint", "logits")),
        learn_scarce,
    ),
    *on_clothes(
        "fitnets",
        "Does a hint start a plain net of 38 thin layers on clothes, too?",
        learn,
        (
            Trial(({"method": "alone"}, {"method": "shortcuts"}), grid(lr=(0.05, 0.1, 0.2))),
            Trial(
                ({"method": "hint"},),
                (*grid(lr=(0.1,), beta=(30.0, 100.0, 300.0)), *grid(lr=(0.05, 0.2), beta=(100.0,))),
            ),
            Trial(({"method": "two phases"},), grid(lr=(0.02, 0.05, 0.1, 0.2))),
        ),
    ),
)
