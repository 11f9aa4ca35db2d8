"""The experiments of the lesson on Hinton's distillation: few labels, temperature and share, and the digit left out."""

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from ...data import Augment, Batch, Data
from ...figures.hinton import chosen_bias
from ...nets import Net, Trace
from ...papers.hinton import Hinton, kd_loss
from ...train import Alone, Distiller, Phase, Recipe, evaluate, predict, task_loss
from ...train.seeds import mean_and_error
from .common import MINUTE, TUNING_SEEDS, filled, last, minute_for, minute_of, student, train
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

if TYPE_CHECKING:
    import pandas as pd

EPOCHS, STEPS = 8, 50  # 400 steps of 64 images for every method
LABELS = (2, 5, 10, 20, 50, 350)  # a class; 350 are all
OMITTED = 3
BIASES = tuple(round(0.5 * i, 1) for i in range(31))  # what is added to the logit of the omitted digit

# The learning rate of each method, chosen on validation digits among `RATES` (study hinton_tuning).
RATES = (0.05, 0.1, 0.2, 0.4)
LR = {
    "alone, no shifts": 0.4,
    "alone": 0.2,
    "alone, twice the steps": 0.2,
    "taught, same images": 0.2,
    "teacher's labels": 0.4,
    "taught": 0.2,
    "taught, stored logits": 0.2,
}


def recipe(lr: float, shifts: bool = True, steps: int = STEPS) -> Recipe:
    return Recipe(lr=lr, augment=Augment(pad=2) if shifts else None, steps_per_epoch=steps)


def answered(data: Data, teacher: Net) -> Data:
    """`data` with the teacher's most probable class as the label of every unlabelled training image."""
    guesses = predict(teacher, data.train, data).argmax(1)
    labels = torch.where(data.train.labelled, data.train.labels, guesses)
    return replace(data, train=replace(data.train, labels=labels))


def prepare(method: str, few: Data, seed: int) -> tuple[Distiller, Data]:
    """Who learns what from `few`, which has labels on some of its training images."""
    teacher = minute_of(few.name).teacher()
    if method.startswith("alone"):
        return Alone(student(seed)), filled(few.labelled_only())
    if method == "taught, same images":
        return Hinton(student(seed), teacher), filled(few.labelled_only())
    if method == "teacher's labels":
        return Alone(student(seed)), answered(few, teacher)
    if method == "taught, stored logits":
        return Stored(student(seed), teacher, predict(teacher, few.train, few)), few
    return Hinton(student(seed), teacher), few


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student of one method with some labels a class: accuracy after the last epoch."""
    method = str(case["method"])
    distiller, data = prepare(method, minute_for(case).data().few_labels(case["labels"], seed=seed), seed)
    steps = 2 * STEPS if method == "alone, twice the steps" else STEPS
    rule = recipe(case.get("lr", LR[method]), shifts=method != "alone, no shifts", steps=steps)
    return last(train(distiller, data, EPOCHS, rule, seed))


def explore(case: Case, seed: int) -> dict[str, float]:
    """A short run (4 epochs of 40 steps, 10 labelled digits a class and no others) at one T and one α."""
    few = MINUTE.data().few_labels(10, seed=seed).labelled_only()
    distiller = Hinton(student(seed), MINUTE.teacher(), T=case["T"], alpha=case["alpha"])
    return {"val": train(distiller, few, 4, recipe(LR["taught"], steps=40), seed).last("val_accuracy")}


def omit(case: Case, seed: int) -> list[dict[str, float]]:
    """Train without a single 3, then raise the logit of the 3s step by step: one row per bias."""
    data = MINUTE.data()
    taught = case["method"] == "taught"
    distiller = Hinton(student(seed), MINUTE.teacher(), case["T"], alpha=1.0) if taught else Alone(student(seed))
    train(distiller, data.without_class(OMITTED), EPOCHS, recipe(LR[case["method"]]), seed)
    val, test = (evaluate(distiller.student, split, data) for split in (data.val, data.test) if split is not None)
    omitted = test.labels == OMITTED
    rows = []
    for bias in BIASES:
        right = with_bias(test.logits, OMITTED, bias).argmax(1) == test.labels
        rows.append(
            {
                "bias": bias,
                "val": share(with_bias(val.logits, OMITTED, bias).argmax(1) == val.labels),
                "test": share(right),
                "omitted": share(right[omitted]),
                "others": share(right[~omitted]),
            }
        )
    return rows


def with_bias(logits: Float[Tensor, "N K"], k: int, bias: float) -> Float[Tensor, "N K"]:
    """The logits of a net whose last layer's bias of class `k` is raised by `bias`."""
    raised = logits.clone()
    raised[:, k] += bias
    return raised


def share(right: Tensor) -> float:
    """The share of samples that are right, to four digits."""
    return round(right.float().mean().item(), 4)


def bias_table(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Accuracy on the omitted digit and on all with the bias chosen on `val`: percent, mean ± standard error."""
    chosen = chosen_bias(frame).fillna({"T": 0.0})
    columns = {"omitted": "3s recognised, %", "others": "the other digits, %", "test": "all digits, %"}
    grouped = (100 * chosen.set_index(["method", "T"])[list(columns)]).groupby(level=["method", "T"])
    cells = grouped.agg(lambda x: "{:.1f} ± {:.1f}".format(*mean_and_error(x))).rename(columns=columns)
    names = [f"taught, T = {T:g}" if method == "taught" else method for method, T in cells.index]
    return cells.set_axis(names)


class Stored(Hinton):
    """Hinton's student with the teacher's logits computed once, before training, and looked up by sample index.

    `logits[i]` belongs to the training image i as it is stored: an image that was shifted gets the answer for the
    unshifted one.
    """

    def __init__(self, student: Net, teacher: Net, logits: Float[Tensor, "N K"], T: float = 4.0, alpha: float = 0.9):
        super().__init__(student, teacher, T, alpha)
        self.logits = logits

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> dict[str, Tensor]:
        return {"task": task_loss(s.logits, batch.labels), "kd": kd_loss(s.logits, self.logits[batch.indices], self.T)}

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        return (Phase("distil", epochs, self.losses, self.weights(), needs_teacher=False),)


STUDIES = (
    Study(
        "hinton_tuning",
        "Which learning rate is best on validation digits for each method?",
        tuple(
            {"method": method, "labels": labels, "lr": lr}
            for method in ("alone, no shifts", "alone", "taught, same images", "teacher's labels", "taught")
            for labels in (5, 50)
            for lr in RATES
        ),
        learn,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "hinton_labels",
        "How many labels a class does a student need, with and without a teacher?",
        (
            *(
                {"method": method, "labels": labels}
                for method in ("alone, no shifts", "alone", "taught")
                for labels in LABELS
            ),
            *(
                {"method": method, "labels": labels}
                for method in ("taught, same images", "teacher's labels")
                for labels in LABELS[:-1]
            ),
            {"method": "alone, twice the steps", "labels": 20},
            {"method": "taught, stored logits", "labels": 20},
        ),
        learn,
    ),
    Study(
        "hinton_explore",
        "What do the temperature and the teacher's share change?",
        tuple({"T": T, "alpha": alpha} for T in (1, 2, 4, 8, 16) for alpha in (0.0, 0.3, 0.6, 0.9, 1.0)),
        explore,
    ),
    Study(
        "hinton_omitted",
        "Can a student recognise a digit that it never saw?",
        ({"method": "alone"}, *({"method": "taught", "T": T} for T in (1, 2, 4, 8, 16))),
        omit,
    ),
    *on_clothes(
        "hinton",
        "How much does a teacher of clothes help a student with few labels or all?",
        learn,
        (
            *(
                Trial(({"method": method, "labels": 20}, {"method": method, "labels": 5}), grid(lr=RATES))
                for method in ("alone", "taught")
            ),
            *(Trial(({"method": method, "labels": 800},), grid(lr=RATES[1:])) for method in ("alone", "taught")),
        ),
    ),
)
