"""The experiments of the lesson on contrast, and on what a divergence hides.

A student of the preset "minute" sees 20 labelled images of each class and no others, whichever method teaches it, so
that what differs is what is compared, and not on how many images. Every method gets 240 steps of 64 images with random
shifts, the same first weights and the same batches. Weight and learning rate are those that were best on validation
images with other seeds (contrastive_tuning); every study reads them from there.
"""

import copy
from functools import cache
from typing import Any

import torch

from ...data import Data
from ...nets import Net
from ...papers.contrastive import Contrastive
from ...papers.decoupled import Decoupled
from ...papers.hinton import Hinton
from ...papers.standardized import Standardized, StandardizedLogits
from ...papers.stronger import Stronger
from ...train import Alone, Distiller
from .common import TUNING_SEEDS, filled, last, minute_of, recipe, student, train
from .runner import Case, Study, stored_results
from .sets import Trial, best, grid, on_clothes

STEPS, EPOCHS = 40, 6
LABELS = 20  # images a class, all of them with a label
VOLUME = 4.0  # what a loud teacher's logits are multiplied by
RATES = (0.1, 0.2, 0.4)
LOWER = (0.05, 0.1, 0.2)  # where the teacher's terms weigh more

ALONE = "alone"
TRIALS = tuple(
    Trial(({"method": method},), settings)
    for method, settings in {
        ALONE: grid(lr=RATES),
        "KD": grid(lr=RATES),
        "CRD": (*grid(lr=RATES, beta=(0.8,)), {"lr": 0.2, "beta": 0.2}),
        "CRD + KD": (*grid(lr=RATES, beta=(0.8,)), {"lr": 0.2, "beta": 0.2}),
        "DKD": (*grid(lr=LOWER, beta=(8.0,)), {"lr": 0.1, "beta": 2.0}),
        "DIST": (*grid(lr=LOWER, T=(4.0,)), *grid(lr=RATES[:2], T=(1.0,))),
        "LSKD": (*grid(lr=LOWER, beta=(9.0,)), {"lr": 0.1, "beta": 3.0}),
        "LSKD on DKD": grid(lr=LOWER, beta=(8.0,)),
    }.items()
)
"""Every method of the comparison, and what is tried for it."""
METHODS = tuple(str(trial.cases[0]["method"]) for trial in TRIALS)


def teach(method: str, net: Net, teacher: Net, **options: Any) -> Distiller:
    """The method by its name in the tables. `options` are its weight beta, and DIST's temperature; else the papers'."""
    match method:
        case "alone":
            return Alone(net)
        case "KD":
            return Hinton(net, teacher)
        case "CRD":
            return Contrastive(net, teacher, **options)
        case "CRD + KD":
            return Contrastive(net, teacher, alpha=0.9, **options)  # the share that KD gives to the teacher's logits
        case "DKD":
            return Decoupled(net, teacher, **options)
        case "DIST":
            return Stronger(net, teacher, **options)
        case "LSKD":
            return Standardized(net, teacher, **options)
    return StandardizedLogits(Decoupled(net, teacher, T=2.0, **options))


def few(data: Data, seed: int) -> Data:
    """The labelled images that all methods learn from, repeated until they fill a batch."""
    return filled(data.few_labels(LABELS, seed=seed).labelled_only())


def louder(teacher: Net, volume: float) -> Net:
    """The teacher with `volume` times its logits: the same answers in the same order, said more or less loudly."""
    loud = copy.deepcopy(teacher)
    with torch.no_grad():
        for name, parameter in loud.named_parameters():
            if name.rsplit(".", 1)[0] in loud.head_names or name in loud.head_names:
                parameter.mul_(volume)
    return loud


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student: its accuracies after the last epoch."""
    minute = minute_of(case.get("data", "digits"))
    teacher = louder(minute.teacher(), case.get("volume", 1.0))
    options = {name: case[name] for name in ("beta", "T") if name in case}
    distiller = teach(case["method"], student(seed), teacher, **options)
    return last(train(distiller, few(minute.data(), seed), EPOCHS, recipe(case["lr"], STEPS), seed))


def tune(case: Case, seed: int) -> dict[str, float]:
    """Validation accuracy only, what settings are chosen by."""
    return {"val": learn(case, seed)["val"]}


@cache
def chosen() -> dict[str, Case]:
    """What was best for each method on validation digits."""
    tuning = stored_results("contrastive_tuning")
    return {method: best(tuning, trial) for method, trial in zip(METHODS, TRIALS, strict=True)}


def compare(case: Case, seed: int) -> dict[str, float]:
    """One student of a method with the settings that were best for it."""
    return learn({**case, **chosen()[case["method"]]}, seed)


TUNED_ON_CLOTHES, ON_CLOTHES = on_clothes(
    "contrastive", "Do contrast, parts of the logits and correlations help on clothes, too?", learn, TRIALS
)

STUDIES = (
    Study(
        "contrastive_tuning",
        "Which learning rate and which weight is best on validation digits for each method?",
        tuple({**trial.cases[0], **setting} for trial in TRIALS for setting in trial.settings),
        tune,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "contrastive_rivals",
        "On the same labelled images, does it help to contrast, to weigh parts of the logits, or to correlate them?",
        tuple({"method": method} for method in METHODS),
        compare,
    ),
    TUNED_ON_CLOTHES,
    ON_CLOTHES,
    Study(
        "contrastive_loud",
        "What does a student learn from a teacher that gives the same answers, four times as loud?",
        tuple({"method": method, "volume": VOLUME} for method in ("KD", "DIST", "LSKD")),
        compare,
    ),
)
