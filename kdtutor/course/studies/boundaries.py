"""The experiments of the lesson on activation boundaries: a start from a teacher's boundaries over the number of
labels, its rivals, what is left of the boundaries in each layer, and how the rates were chosen.

Teacher resnet14 and student resnet8 have equal widths, so no connector stands between them. Every run counts the steps
of both phases, 64 images each, with random shifts. Learning rates were chosen on validation digits (study
boundaries_tuning) with seeds that are not reported.
"""

from collections.abc import Mapping
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from ...data import Data
from ...nets import Net
from ...papers.boundaries import ActivationBoundaries, disagreement
from ...papers.fsp import FSP
from ...papers.hinton import Hinton
from ...train import Alone, Distiller, Recipe, Spot, evaluating
from . import common
from .common import TUNING_SEEDS, filled, last, minute_for, minute_of, student, train
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

EPOCHS, STEPS = 8, 25  # 200 steps of 64 images, over both phases
LABELS = (2, 5, 20, 350)  # a class; 350 are all
ALL = 350
SHARE = 0.75  # of the epochs, for the first phase
FEW = 5  # labels a class where the rivals meet
WIDE, NARROW = "resnet8", "resnet8x0.25"

# What `boundaries_tuning` chose, but for the flow: its two rates are those of lesson 3.
FIRST_LR = {"boundaries, narrow": 1.0, "boundaries": 0.3, "magnitudes": 1.0, "flow": 0.3}
LR = {
    "alone, narrow": 0.2,
    "boundaries, narrow": 0.1,
    "alone": 0.1,
    "boundaries": 0.02,
    "magnitudes": 0.02,
    "flow": 0.02,
    "logits": 0.1,
}
LR_ALL_LABELS = {"alone": 0.1, "boundaries": 0.05}


def magnitude_loss(z_s: Float[Tensor, "B C H W"], z_t: Float[Tensor, "B C H W"]) -> Float[Tensor, ""]:
    """Σ (ReLU(z_s) - ReLU(z_t))², mean over B: how strong a neuron is, where `boundary_loss` asks on which side."""
    return (z_s.relu() - z_t.detach().relu()).square().sum() / len(z_s)


def recipe(lr: float) -> Recipe:
    return common.recipe(lr, STEPS)


def first_epochs(epochs: int) -> int:
    """How many of `epochs` the first phase takes."""
    return round(SHARE * epochs)


def rate(method: str, labels: int) -> float:
    """The learning rate of a method: that of the second phase, where there are two."""
    table = {**LR, **LR_ALL_LABELS} if labels == ALL else LR
    return of(table, method)


def of(table: Mapping[str, float], method: str) -> float:
    """The entry of a method, or of the kind that it is of: "boundaries, then logits" is of the kind "boundaries"."""
    return table.get(method, table[method.split(",")[0]])


def prepare(
    method: str, few: Data, seed: int, epochs: int = EPOCHS, first_lr: float | None = None
) -> tuple[Distiller, Data]:
    """Who learns what from `few`, which has labels on some of its training images."""
    kind, teacher = method.split(",")[0], minute_of(few.name).teacher()
    net = student(seed, NARROW if "narrow" in method else WIDE)
    if kind == "alone":
        return Alone(net), filled(few.labelled_only())
    if kind == "logits":
        return Hinton(net, teacher), few
    first, lr = first_epochs(epochs), first_lr or of(FIRST_LR, method)
    if kind == "flow":
        return FSP(net, teacher, flow_epochs=first, flow_lr=lr), few
    alpha = 0.9 if "then logits" in method else 0.0
    cls = Magnitudes if kind == "magnitudes" else ActivationBoundaries
    return cls(net, teacher, boundary_epochs=first, boundary_lr=lr, alpha=alpha), few


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student: accuracy after the last epoch, and the share of positions on another side, for each stage."""
    method, labels, epochs = str(case["method"]), case["labels"], case.get("epochs", EPOCHS)
    of = minute_for(case)
    distiller, data = prepare(method, of.data().few_labels(labels, seed=seed), seed, epochs, case.get("first_lr"))
    row = last(train(distiller, data, epochs, recipe(case.get("lr", rate(method, labels))), seed))
    return row if "narrow" in method else {**row, **layers(distiller.student, of.teacher(), data)}


def layers(net: Net, teacher: Net, data: Data) -> dict[str, float]:
    """`disagreement` of each stage, on the first 200 test images."""
    images = data.normalise(data.test.images[:200])
    with evaluating(net), evaluating(teacher):
        stages = zip(net.trace(images).stages, teacher.trace(images).stages, strict=True)
        return {f"stage {n}": round(disagreement(z_s, z_t).item(), 4) for n, (z_s, z_t) in enumerate(stages, start=1)}


class Magnitudes(ActivationBoundaries):
    """The two phases, the places and the weights of `ActivationBoundaries`, with magnitudes in place of boundaries."""

    def spots(self) -> tuple[Spot, ...]:
        def one(n: int, spot: Spot) -> Spot:
            return replace(spot, loss=lambda s, t: magnitude_loss(*self.connected(s, t, n)))

        return tuple(one(n, spot) for n, spot in enumerate(super().spots()))


STUDIES = (
    Study(
        "boundaries_tuning",
        "Which learning rates are best on validation digits for each method?",
        (
            *({"method": "alone", "labels": FEW, "lr": lr} for lr in (0.1, 0.2, 0.4)),
            *(
                {"method": method, "labels": FEW, "lr": 0.02, "first_lr": first_lr}
                for method in ("boundaries", "magnitudes")
                for first_lr in (0.1, 0.3, 1.0)
            ),
            {"method": "boundaries", "labels": FEW, "lr": 0.05, "first_lr": 0.3},
            *(
                {"method": method, "labels": FEW, "lr": lr}
                for method in ("logits", "alone, narrow")
                for lr in (0.1, 0.2)
            ),
            *(
                {"method": "boundaries, narrow", "labels": FEW, "lr": lr, "first_lr": first_lr}
                for first_lr, lr in ((0.3, 0.02), (1.0, 0.02), (1.0, 0.05), (1.0, 0.1))
            ),
            *({"method": "alone", "labels": ALL, "lr": lr} for lr in (0.1, 0.2)),
            *({"method": "boundaries", "labels": ALL, "lr": lr, "first_lr": 0.3} for lr in (0.05, 0.1)),
        ),
        learn,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "boundaries_labels",
        "How much does a start from the teacher's boundaries help a student with few labels or many?",
        tuple({"method": method, "labels": labels} for labels in LABELS for method in ("alone", "boundaries")),
        learn,
    ),
    Study(
        "boundaries_rivals",
        "What else could the first phase match, and what else could the student do with its steps?",
        (
            *(
                {"method": method, "labels": FEW}
                for method in ("magnitudes", "flow", "logits", "boundaries, then logits")
            ),
            {"method": "alone", "labels": FEW, "epochs": 2 * EPOCHS},
            *({"method": method, "labels": FEW} for method in ("alone, narrow", "boundaries, narrow")),
        ),
        learn,
    ),
    *on_clothes(
        "boundaries",
        "How much does a start from boundaries help on clothes, and do its rivals do better?",
        learn,
        (
            Trial(tuple({"method": "alone", "labels": labels} for labels in (FEW, 800)), grid(lr=(0.1, 0.2, 0.4))),
            *(
                Trial(({"method": method, "labels": FEW},), grid(lr=(0.02,), first_lr=(0.1, 0.3, 1.0)))
                for method in ("boundaries", "magnitudes")
            ),
            Trial(({"method": "logits", "labels": FEW},), grid(lr=(0.1, 0.2))),
            Trial(({"method": "boundaries", "labels": 800},), grid(lr=(0.05, 0.1), first_lr=(0.3,))),
        ),
    ),
)
