"""The experiments of the lesson on matching: what the matching itself brings, and what is kept of a group of maps.

Teacher resnet14 with 16, 32 and 64 channels, student resnet8x0.25 with 4, 8 and 16: each student channel owns four of
the teacher's. 20 labels a class, random shifts, 300 steps of 64 images for every method. Learning rates and weights
were chosen on validation digits with seeds that are not reported (study matching_tuning); logits have the rate of the
study hinton_tuning.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from torch import Tensor

from ...data import Data, Source
from ...nets import Net
from ...papers.hinton import Hinton
from ...papers.matching import MatchingGuided
from ...papers.overhaul import Overhaul
from ...train import Alone, Distiller
from . import common
from .common import TUNING_SEEDS, filled, last, minute_for, minute_of, student
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

STEPS, EPOCHS = 25, 12  # 300 steps for every method
LABELS = 20  # a class

# The learning rate and the weight of each method, chosen on validation digits (study matching_tuning).
LR = {"alone": 0.2, "logits": 0.2, "matched": 0.1, "by position": 0.1, "adapter": 0.1}
BETA = {"matched": 0.03, "by position": 0.03, "adapter": 0.03}


class ByPosition(MatchingGuided):
    """Never matched: student channel j keeps the teacher's channels j, j + C_s, j + 2 C_s, … to the end."""

    def start_epoch(self, epoch: int, source: Source, seed: int) -> None:
        """The channels stay as they are numbered."""


METHODS: dict[str, Callable[..., Distiller]] = {
    "alone": lambda net, _, **options: Alone(net),
    "logits": lambda net, teacher, **options: Hinton(net, teacher),
    "matched": MatchingGuided,
    "by position": ByPosition,
    "adapter": Overhaul,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "matched once": {"every": EPOCHS},
    "matched, random drop": {"how": "random"},
    "matched, sparse": {"how": "sparse"},
}


def family(method: str) -> str:
    """The method whose class, learning rate and weight this one has: "matched once" → "matched"."""
    return next(name for name in METHODS if method.startswith(name))


def prepare(method: str, net: Net, few: Data, beta: float | None = None) -> tuple[Distiller, Data]:
    """Who learns what from `few`, which has labels on some of its training images."""
    name = family(method)
    options = {"beta": BETA[name] if beta is None else beta} if name in BETA else {}
    distiller = METHODS[name](net, minute_of(few.name).teacher(), **options, **OPTIONS.get(method, {}))
    return distiller, filled(few.labelled_only()) if name == "alone" else few


def moved(before: Tensor, after: Tensor) -> int:
    """How many teacher channels have another owner in the second flow matrix than in the first (or one, or none)."""
    return int((before != after).any(0).sum())


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student of one method: accuracy after the last epoch. A method "…, later" begins after half of the steps,
    which the student has alone. Where channels are matched anew: the share that changes its owner, first and last."""
    method = str(case["method"])
    few = minute_for(case).data().few_labels(LABELS, seed=seed)
    net, epochs = student(seed), EPOCHS
    if method.endswith(", later"):
        epochs = EPOCHS // 2
        train(*prepare("alone", net, few), EPOCHS - epochs, LR["alone"], seed)
    distiller, data = prepare(method, net, few, case.get("beta"))
    row, flows = train(distiller, data, epochs, case.get("lr", LR[family(method)]), seed)
    matchings = flows[:: getattr(distiller, "every", 1)]
    if type(distiller) is MatchingGuided and len(matchings) > 1:
        shares = [
            sum(moved(*stage) for stage in zip(a, b, strict=True)) / sum(M.shape[1] for M in a)
            for a, b in pairwise(matchings)
        ]
        row |= {"moved first": round(shares[0], 4), "moved last": round(shares[-1], 4)}
    return row


def train(
    distiller: Distiller, data: Data, epochs: int, lr: float, seed: int
) -> tuple[dict[str, float], list[tuple[Tensor, ...]]]:
    """Accuracy after the last epoch, and the flow matrices of each epoch."""
    flows: list[tuple[Tensor, ...]] = []

    def record(_: object) -> None:
        flows.append(tuple(M.clone() for M in getattr(distiller, "flows", ())))

    return last(common.train(distiller, data, epochs, common.recipe(lr, STEPS), seed, record)), flows


STUDIES = (
    Study(
        "matching_tuning",
        "Which learning rate and which weight are best on validation digits for each method?",
        (
            *({"method": "alone", "lr": lr} for lr in (0.1, 0.2, 0.4)),
            *({"method": "matched", "lr": lr, "beta": beta} for lr in (0.1, 0.2) for beta in (0.003, 0.01, 0.03)),
            *(
                {"method": method, "lr": 0.1, "beta": beta}
                for method in ("by position", "adapter")
                for beta in (0.003, 0.01, 0.03)
            ),
            *({"method": method, "lr": 0.1, "beta": 0.1} for method in ("matched", "by position", "adapter")),
        ),
        learn,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "matching_rivals",
        "What does matching the channels bring, and what is kept of a group?",
        tuple(
            {"method": method}
            for method in (
                "alone",
                "matched",
                "by position",
                "matched once",
                "matched, random drop",
                "matched, sparse",
                "adapter",
                "logits",
                "matched, later",
                "by position, later",
            )
        ),
        learn,
    ),
    *on_clothes(
        "matching",
        "What does matching the channels bring on clothes?",
        learn,
        (
            Trial(({"method": "alone"},), grid(lr=(0.2, 0.4, 0.8))),
            Trial(({"method": "logits"},), grid(lr=(0.2, 0.4, 0.8))),
            *(
                Trial(({"method": method}, {"method": f"{method}, later"}), grid(lr=(0.1,), beta=(0.03, 0.1, 0.3, 1.0)))
                for method in ("matched", "by position")
            ),
        ),
    ),
)
