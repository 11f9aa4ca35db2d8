"""The experiments of the lesson on the overhaul: its choices, each switched back alone; labels; weights and rates.

Every method gets 300 steps of 64 images with random shifts, the same first weights and the same batches. Weight and
learning rate were chosen on validation digits with the seeds 10 and 11 (study overhaul_tuning). Each choice is switched
back at the weight of the full method; the method with all of them switched back has a weight of its own.
"""

from typing import Any

from ...data import Data
from ...errors import DivergedError
from ...papers.hinton import Hinton
from ...papers.overhaul import Overhaul
from ...train import Alone, Distiller, Recipe
from . import common
from .common import TUNING_SEEDS, filled, last, minute_for, minute_of, student, train
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

STEPS = 25  # an epoch
EPOCHS = 12
FEW, ALL = 5, 350  # labels a class; 350 are all

FULL, BACK = "overhaul", "all four back"
CHOICES: dict[str, dict[str, Any]] = {
    FULL: {},
    "after the ReLU": {"position": "post"},
    "teacher through a ReLU": {"teacher_transform": "relu"},
    "teacher as it is": {"teacher_transform": "none"},
    "full L2": {"distance": "full"},
    BACK: {"position": "post", "teacher_transform": "none", "distance": "full", "statistics": "running"},
    "teacher in eval mode": {"statistics": "running"},
}
"""What each row of the table changes in the method."""

BETA = {FULL: 0.01, BACK: 0.01}  # for all other rows that of the full method
LR = {"alone": 0.2, "logits": 0.4, FULL: 0.2, BACK: 0.2}
LR_ALL_LABELS = 0.2  # for every method; lesson 1 chose it for the first two
ON_CLOTHES = (*grid(lr=(0.2,), beta=(0.01, 0.03, 0.1)), *grid(lr=(0.1, 0.4, 0.8), beta=(0.03,)))
"""What is tried there for losses of features."""


def recipe(lr: float) -> Recipe:
    return common.recipe(lr, STEPS)


def prepare(method: str, few: Data, seed: int, beta: float | None = None) -> tuple[Distiller, Data]:
    """Who learns what from `few`, which has labels on some of its training images."""
    net, teacher = student(seed), minute_of(few.name).teacher()
    if method == "alone":
        return Alone(net), filled(few.labelled_only())
    if method == "logits":
        return Hinton(net, teacher), few
    weight = BETA.get(method, BETA[FULL]) if beta is None else beta
    return Overhaul(net, teacher, beta=weight, **CHOICES[method]), few


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student of one method: accuracy after the last epoch, on the validation digits also after half of them."""
    method, labels = str(case["method"]), case.get("labels", FEW)
    few = minute_for(case).data().few_labels(labels, seed=seed)
    distiller, data = prepare(method, few, seed, case.get("beta"))
    lr = case.get("lr", LR_ALL_LABELS if labels == ALL else LR.get(method, LR[FULL]))
    history = train(distiller, data, EPOCHS, recipe(lr), seed)
    return {"half": history.curve("val_accuracy")[1][EPOCHS // 2 - 1], **last(history)}


def tune(case: Case, seed: int) -> dict[str, float]:
    """Validation accuracy only, what weights and rates are chosen by; 0 where the training diverged."""
    try:
        return {"val": learn(case, seed)["val"]}
    except DivergedError:
        return {"val": 0.0}


STUDIES = (
    Study(
        "overhaul_choices",
        "Which of the choices matters to a student with few labels?",
        tuple({"method": method} for method in ("alone", "logits", *CHOICES)),
        learn,
    ),
    Study(
        "overhaul_labels",
        "What is left of the gain where every image has a label?",
        tuple({"method": method, "labels": ALL} for method in ("alone", "logits", FULL)),
        learn,
    ),
    Study(
        "overhaul_tuning",
        "Which weight of the features, and which learning rate, suits a student this small?",
        (
            *({"method": method, "lr": lr} for method in ("alone", "logits") for lr in (0.1, 0.2, 0.4)),
            *({"method": FULL, "lr": 0.2, "beta": beta} for beta in (0.001, 0.01, 0.1)),
            {"method": FULL, "lr": 0.1, "beta": 0.01},
            *({"method": BACK, "lr": 0.2, "beta": beta} for beta in (0.001, 0.01, 0.1)),
        ),
        tune,
        seeds=TUNING_SEEDS,
    ),
    *on_clothes(
        "overhaul",
        "What do the features of the overhaul bring on clothes, with few labels and with all?",
        learn,
        (
            Trial(tuple({"method": "alone", "labels": labels} for labels in (FEW, 800)), grid(lr=(0.2, 0.4, 0.8))),
            Trial(tuple({"method": "logits", "labels": labels} for labels in (FEW, 800)), grid(lr=(0.1, 0.2, 0.4))),
            Trial(tuple({"method": FULL, "labels": labels} for labels in (FEW, 800)), ON_CLOTHES),
            Trial(({"method": BACK, "labels": FEW},), ON_CLOTHES),
        ),
    ),
)
