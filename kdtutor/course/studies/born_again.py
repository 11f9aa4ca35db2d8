"""The experiments of the lesson on self-distillation: generations, what is taken over from one to the next, and exits.

The net is twice as wide as the student of the other lessons, so that it can learn a wrong label by heart. Two settings:
"noisy", 100 labelled images a class, four tenths of whose labels are wrong; and "few", 20 a class, all right. Nobody
sees any other image, and all are shifted by up to two pixels. Every training takes 400 steps of 64 images; within a seed
all have the same images, batches and wrong labels, and nets of equal number the same first weights.

Learning rates and weight decays were chosen on validation images, whose labels are right, with seeds that are not
reported (study born_again_tuning).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from ... import nets
from ...data import Data
from ...nets import Net
from ...papers.born_again import BornAgain
from ...papers.hinton import Hinton
from ...train import Alone, Distiller, Recipe, evaluate, seed_everything
from . import common
from .common import MINUTE, TUNING_SEEDS, train
from .runner import Case, Study

NET = "resnet8x0.5"
STEPS, EPOCHS = 50, 8
LAST = 3  # the number of the last generation


@dataclass(frozen=True)
class Setting:
    """How many training images a class have a label, and the share of these labels that are wrong."""

    labels: int
    wrong: float = 0.0


SETTINGS = {"noisy": Setting(100, 0.4), "few": Setting(20)}

RATES, DECAYS = (0.05, 0.1, 0.2, 0.4), (5e-4, 5e-3)
RULES: Mapping[str, Mapping[str, Any]] = {
    "alone": {"lr": 0.2},
    "four times as long": {"lr": 0.2},
    "taught": {"lr": 0.2},
}
"""Learning rate and weight decay, as born_again_tuning chose them on the noisy digits."""
KNOWLEDGE = ("BAN", "BAN and labels", "DKPP", "CWTM", "KD, T = 4")


def with_wrong_labels(data: Data, share: float, seed: int) -> Data:
    """`data` with this share of the training labels replaced by another class, each of the others equally likely."""
    generator = torch.Generator().manual_seed(seed)
    labels, count = data.train.labels.clone(), round(share * len(data.train))
    rows = torch.randperm(len(labels), generator=generator)[:count]
    other = torch.randint(1, data.num_classes, (count,), generator=generator)
    labels[rows] = (labels[rows] + other) % data.num_classes
    return replace(data, train=replace(data.train, labels=labels))


def images(setting: str, seed: int) -> Data:
    """The training images of a setting, with their labels, and all held-out ones."""
    chosen = SETTINGS[setting]
    few = MINUTE.data().few_labels(chosen.labels, seed=seed).labelled_only()
    return with_wrong_labels(few, chosen.wrong, seed)


def fresh(seed: int, number: int = 0, name: str = NET) -> Net:
    """The net of a generation, with first weights of its own."""
    seed_everything(1000 * number + seed)
    return nets.build(name, **MINUTE.net_options)


def recipe(rule: Mapping[str, Any], times: int = 1) -> Recipe:
    return replace(common.recipe(rule["lr"], times * STEPS), weight_decay=rule.get("weight_decay", 5e-4))


def measured(net: Net, data: Data) -> dict[str, float]:
    """Accuracy on validation and test images."""
    assert data.val is not None
    return {"val": evaluate(net, data.val, data).accuracy, "test": evaluate(net, data.test, data).accuracy}


def taught(knowledge: str, net: Net, parent: Net) -> Distiller:
    """What a net takes over from the generation before it."""
    if knowledge == "KD, T = 4":
        return Hinton(net, parent, T=4.0, alpha=1.0)
    form, alpha = {"BAN": ("ban", 1.0), "BAN and labels": ("ban", 0.5), "DKPP": ("dkpp", 1.0), "CWTM": ("cwtm", 1.0)}[
        knowledge
    ]
    return BornAgain(net, parent, alpha, form)  # type: ignore[arg-type]  # it is one of its forms


def tune(case: Case, seed: int) -> dict[str, float]:
    """Validation accuracy of one method with one rule. A generation's parent has the rule of "alone"."""
    data = images("noisy", seed)
    method, times = str(case["method"]), 4 if case["method"] == "four times as long" else 1
    if method in ("alone", "four times as long"):
        distiller: Distiller = Alone(fresh(seed))
    else:
        parent = fresh(seed)
        train(Alone(parent), data, EPOCHS, recipe(RULES["alone"]), seed)
        distiller = taught(method, fresh(seed, 1), parent)
    return {"val": train(distiller, data, EPOCHS, recipe(case, times), seed).last("val_accuracy")}


STUDIES = (
    Study(
        "born_again_tuning",
        "Which learning rate and weight decay suit each method?",
        (
            *({"method": "alone", "lr": lr, "weight_decay": wd} for lr in RATES for wd in DECAYS),
            *({"method": "four times as long", "lr": lr, "weight_decay": wd} for lr in RATES[:3] for wd in DECAYS),
            *({"method": method, "lr": lr} for method in KNOWLEDGE for lr in RATES[1:]),
        ),
        tune,
        seeds=TUNING_SEEDS,
    ),
)
