"""The experiments on nets with exits: what the deepest classifier teaches the others, and what an early answer costs.

The setting is "few" of the studies of generations: 20 labelled images a class, all labels right, shifted by up to two
pixels; 400 steps of 64 images. A small net is the part of the whole up to an exit, that exit included, trained by
itself: so it costs what the exit costs. Learning rates, and the share of the deepest exit, were chosen on validation
digits with seeds that are not reported (study own_teacher_tuning).
"""

from typing import Any, cast

import torch

from ...data import Data
from ...nets import MultiExit, exit_costs, first_sure
from ...papers.own_teacher import OwnTeacher
from ...train import Alone, Distiller, predict
from .born_again import EPOCHS, Rule, fresh, images, recipe
from .common import TUNING_SEEDS, train
from .runner import Case, Study

EXITS = 3
THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)
RATES, ALPHAS = (0.1, 0.2, 0.4), (0.3, 0.7)
OWN = {"alpha": 0.7, "beta": 0.03, "T": 3.0}
LABELS = {"alpha": 0.0, "beta": 0.0}
LR = {"own teacher": 0.2, "exits, labels alone": 0.4, "net 1": 0.4, "net 2": 0.4, "net 3": 0.2}
"""Learning rates, as own_teacher_tuning chose them of 0.1, 0.2 and 0.4; net i is the whole up to exit i."""


def with_exits(seed: int) -> MultiExit:
    """The net with an exit after each stage."""
    return cast(MultiExit, fresh(seed, exits=True))


def made(method: str, seed: int, **options: float) -> Distiller:
    """Who learns: a net with exits, or a part of it alone."""
    if method.startswith("net "):
        return Alone(with_exits(seed).at(int(method[-1])))
    return OwnTeacher(with_exits(seed), **{**(OWN if method == "own teacher" else LABELS), **options})


def tune(case: Case, seed: int) -> dict[str, float]:
    """Mean validation accuracy of all exits that are trained."""
    options = {"alpha": case["alpha"]} if "alpha" in case else {}
    distiller, data = made(str(case["method"]), seed, **options), images("few", seed)
    history = train(distiller, data, EPOCHS, recipe(_rule(case["lr"])), seed)
    names = [name for name in ("val_exit1", "val_exit2", "val_accuracy") if name in history.terms]
    return {"val": sum(history.last(name) for name in names) / len(names)}


def compare(case: Case, seed: int) -> list[dict[str, Any]]:
    """A row for each exit of both nets with exits, and for each small net; and rows for each threshold."""
    data = images("few", seed, str(case["set"]))
    costs = exit_costs(with_exits(seed), torch.zeros(1, 1, 28, 28))
    rows: list[dict[str, Any]] = []
    for method in LR:
        distiller = made(method, seed)
        history = train(distiller, data, EPOCHS, recipe(_rule(LR[method])), seed)
        if not isinstance(distiller, OwnTeacher):
            rows.append({"method": "net of that size", "exit": int(method[-1]), "test": history.last("test_accuracy")})
            continue
        for number, term in enumerate(("test_exit1", "test_exit2", "test_accuracy"), start=1):
            rows.append({"method": method, "exit": number, "test": history.last(term)})
        rows += [{"method": method, **row} for row in early(distiller.student, data, costs)]
    return rows


def early(net: MultiExit, data: Data, costs: tuple[int, ...]) -> list[dict[str, float]]:
    """Test accuracy and mean multiply-adds for each threshold."""
    logits = torch.stack([predict(net.at(number), data.test, data) for number in range(1, EXITS + 1)])
    rows = []
    for threshold in THRESHOLDS:
        left = first_sure(logits, threshold)
        right = logits[left, torch.arange(len(left))].argmax(1) == data.test.labels
        spent = torch.tensor(costs).double()[left].mean()
        rows.append({"threshold": threshold, "test": round(float(right.double().mean()), 4), "cost": float(spent)})
    return rows


def _rule(lr: float) -> Rule:
    return {"lr": lr, "weight_decay": 5e-4}


STUDIES = (
    Study(
        "own_teacher_tuning",
        "Which learning rate suits nets with exits and parts of them, and how much should the deepest exit say?",
        (
            *({"method": "own teacher", "lr": lr, "alpha": alpha} for lr in RATES for alpha in ALPHAS),
            *({"method": method, "lr": lr} for method in LR if method != "own teacher" for lr in RATES),
        ),
        tune,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "own_teacher_exits",
        "Are exits that the deepest one teaches better than exits without a teacher, and than nets of their size?",
        ({"set": "digits"},),
        compare,
    ),
)
