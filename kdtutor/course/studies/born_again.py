"""The experiments of the lesson on self-distillation: generations, and what is taken over from one to the next.

The net is twice as wide as the student of the other lessons, so that it can learn wrong labels by heart. Two settings:
"noisy", 100 labelled images a class, four tenths of whose labels are wrong; and "few", 20 a class, all right. Nobody
sees any other image, and all are shifted by up to two pixels. A training takes 400 steps of 64 images. Within a seed
all have the same images, batches and wrong labels, and nets of equal number the same first weights.

Learning rates and weight decays were chosen on validation images, whose labels are right, with seeds that are not
reported (study born_again_tuning).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from ... import nets
from ...data import Data
from ...nets import Ensemble, Net
from ...papers.born_again import BornAgain, Form
from ...papers.hinton import Hinton
from ...train import Alone, Distiller, Recipe, evaluate, seed_everything
from . import common
from .common import MINUTE, TUNING_SEEDS, last, minute_of, train
from .runner import Case, Study

NET = "resnet8x0.5"
STEPS, EPOCHS = 50, 8
LAST = 3  # the number of the last generation
Rule = Mapping[str, float]


@dataclass(frozen=True)
class Setting:
    """How many training images a class have a label, and the share of these labels that are wrong."""

    labels: int
    wrong: float = 0.0


SETTINGS = {"noisy": Setting(100, 0.4), "few": Setting(20)}
KNOWLEDGE: Mapping[str, tuple[Form, float]] = {
    "BAN": ("ban", 1.0), "BAN and labels": ("ban", 0.5), "DKPP": ("dkpp", 1.0), "CWTM": ("cwtm", 1.0),
}  # fmt: skip
"""What is taken over from the generation before, and its share of the objective. Beside them Hinton's at T = 4."""
SOFTER = "KD, T = 4"
LONG = "four times as long"

DECAYS = (5e-4, 5e-3, 2e-2)
USUAL: Rule = {"lr": 0.2, "weight_decay": 5e-3}
RULES: Mapping[str, Mapping[str, Rule]] = {
    "digits": {
        "alone": USUAL,
        LONG: {"lr": 0.05, "weight_decay": 2e-2},
        "BAN": {"lr": 0.4, "weight_decay": 5e-4},
    },
    "fashion": {
        "alone": {"lr": 0.1, "weight_decay": 5e-3},
        LONG: {"lr": 0.05, "weight_decay": 2e-2},  # as on digits
        "BAN": {"lr": 0.4, "weight_decay": 5e-4},
    },
}
"""Learning rate and weight decay of each method on each set, by born_again_tuning. Whatever else is taken over from a
parent has the rule of "BAN"."""


def with_wrong_labels(data: Data, share: float, seed: int) -> Data:
    """`data` with this share of the training labels replaced by another class, each of the others equally likely."""
    generator = torch.Generator().manual_seed(seed)
    labels, count = data.train.labels.clone(), round(share * len(data.train))
    rows = torch.randperm(len(labels), generator=generator)[:count]
    other = torch.randint(1, data.num_classes, (count,), generator=generator)
    labels[rows] = (labels[rows] + other) % data.num_classes
    return replace(data, train=replace(data.train, labels=labels))


def images(setting: str, seed: int, name: str = "digits") -> Data:
    """The training images of a setting, with their labels, and all held-out ones, of the set `name`."""
    chosen = SETTINGS[setting]
    few = minute_of(name).data().few_labels(chosen.labels, seed=seed).labelled_only()
    return with_wrong_labels(few, chosen.wrong, seed)


def fresh(seed: int, number: int = 0, exits: bool = False) -> Net:
    """The net of a generation, with first weights of its own."""
    seed_everything(1000 * number + seed)
    return nets.build(NET, **MINUTE.net_options, exits=exits)


def rule_of(method: str, name: str = "digits") -> Rule:
    """The rule of a method on a set; what a net is taught without being tuned for it is taught as "BAN"."""
    return RULES[name].get(method, RULES[name]["BAN"])


def recipe(rule: Rule, times: int = 1) -> Recipe:
    """The recipe of a training, `times` as long as one generation's."""
    return replace(common.recipe(rule["lr"], times * STEPS), weight_decay=rule["weight_decay"])


def taught(knowledge: str, net: Net, parent: Net) -> Distiller:
    """How a net learns from the generation before it."""
    if knowledge == SOFTER:
        return Hinton(net, parent, T=4.0, alpha=1.0)
    form, alpha = KNOWLEDGE[knowledge]
    return BornAgain(net, parent, alpha, form)


def learn(distiller: Distiller, data: Data, rule: Rule, seed: int, times: int = 1) -> dict[str, float]:
    """Train; accuracy on validation and test images after the last epoch."""
    return last(train(distiller, data, EPOCHS, recipe(rule, times), seed))


def together(members: Sequence[Net], data: Data) -> dict[str, float]:
    """The same of several nets as one."""
    splits = {part: split for part, split in data.splits().items() if part != "train"}
    return {part: evaluate(Ensemble(members), split, data).accuracy for part, split in splits.items()}


def compare(case: Case, seed: int) -> list[dict[str, Any]]:
    """Generations, and what else could be had for as many steps: a row each. Generation 0 is the net alone."""
    name = str(case["set"])
    data, own, taken = images("noisy", seed, name), rule_of("alone", name), rule_of("BAN", name)
    born, others = ([fresh(seed, number) for number in range(LAST + 1)] for _ in "bo")
    rows = {"generation 0": learn(Alone(born[0]), data, own, seed)}
    for number in range(1, LAST + 1):
        method = taught("BAN", born[number], parent=born[number - 1])
        rows[f"generation {number}"] = learn(method, data, taken, seed)
    others[0] = born[0]  # equal numbers, equal first weights, and this one has no parent
    alone = [learn(Alone(net), data, own, seed) for net in others[1:]]
    rows["another net alone"] = alone[0]
    rows["alone, as long as all"] = learn(Alone(fresh(seed)), data, rule_of(LONG, name), seed, times=LAST + 1)
    rows["ensemble of generations"] = together(born, data)
    rows["ensemble of nets alone"] = together(others, data)
    return [{"method": method, **row} for method, row in rows.items()]


def take_over(case: Case, seed: int) -> list[dict[str, Any]]:
    """From generation 0 of `compare` a child for each kind of knowledge that generation 1 does not have: a row each."""
    data, parent = images("noisy", seed, str(case["set"])), fresh(seed)
    learn(Alone(parent), data, rule_of("alone"), seed)
    kinds = [kind for kind in (*KNOWLEDGE, SOFTER) if kind != "BAN"]
    return [
        {"method": kind, **learn(taught(kind, fresh(seed, 1), parent), data, rule_of(kind), seed)} for kind in kinds
    ]


def tune(case: Case, seed: int) -> dict[str, float]:
    """Validation accuracy of one method with one rule. The parent of a generation has the usual rule."""
    method, data = str(case["method"]), images("noisy", seed, str(case["set"]))
    rule, times = {"lr": case["lr"], "weight_decay": case["weight_decay"]}, 4 if case["method"] == LONG else 1
    if method in ("alone", LONG):
        return {"val": learn(Alone(fresh(seed)), data, rule, seed, times)["val"]}
    parent = fresh(seed)
    learn(Alone(parent), data, USUAL, seed)
    return {"val": learn(taught(method, fresh(seed, 1), parent), data, rule, seed)["val"]}


def _tuned(name: str, method: str, rates: tuple[float, ...], decays: tuple[float, ...]) -> list[Case]:
    return [{"set": name, "method": method, "lr": lr, "weight_decay": decay} for lr in rates for decay in decays]


def _grid() -> Iterator[Case]:
    """What is tuned: the net alone and its child on both sets, on the digits also the long training."""
    yield from _tuned("digits", "alone", (0.1, 0.2, 0.4), DECAYS)
    yield from _tuned("digits", LONG, (0.05,), DECAYS[1:])
    yield from _tuned("digits", "BAN", (0.2, 0.4), DECAYS[:2])
    yield from _tuned("fashion", "alone", (0.1, 0.2), DECAYS[1:2])
    yield from _tuned("fashion", "BAN", (0.2, 0.4), DECAYS[:1])


STUDIES = (
    Study(
        "born_again_tuning",
        "Which learning rate and weight decay suit each method?",
        tuple(_grid()),
        tune,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "born_again_generations",
        "Is a net better if it learns from one of its own kind, and does that beat what as many steps could buy?",
        ({"set": "digits"},),
        compare,
    ),
    Study(
        "born_again_clothes",
        "The same on clothes, a part of whose labels are wrong.",
        ({"set": "fashion"},),
        compare,
    ),
    Study(
        "born_again_knowledge",
        "Which part of what a teacher knows does the next generation need?",
        ({"set": "digits"},),
        take_over,
    ),
)
