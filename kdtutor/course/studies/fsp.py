"""The experiments of the lesson on FSP: the paper's three claims at the size of this course, pooling, and rivals.

Teacher resnet14 and student resnet8 have equal widths, as the paper asks. Every run counts the steps of both phases, 64
images each, with random shifts. Learning rates, and the share of the first phase, were chosen on validation digits with
the seeds 10 to 12, none of those that are reported: for the student alone among 0.05 … 0.4, for the flow among
0.1 … 1.0, for the task after the flow among 0.01 … 0.1.
"""

from typing import Any

from ... import nets
from ...data import Data, only
from ...nets import Net
from ...papers.fsp import FSP
from ...papers.hinton import Hinton
from ...train import Alone, Distiller, Recipe, seed_everything
from . import common
from .common import MINUTE, by_steps, filled, minute_for, minute_of, student, train
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

STEPS = 25  # an epoch
EPOCHS = 16
ALL = 350  # labels a class: every training digit has one
SHARE = 0.75  # of the epochs, for the first phase
FLOW_LR = 0.3
WIDE, NARROW = "resnet8", "resnet8x0.25"
LR = {"alone": 0.1, "taught": 0.02, "logits": 0.1, "alone, narrow": 0.2, "taught, narrow": 0.03}
LR_TAUGHT_ALL_LABELS = 0.05
LR_TRANSFER = 0.03
OPTIONS: dict[str, dict[str, Any]] = {
    "taught, average pooling": {"pool": "avg", "flow_lr": 1.0},
    "taught, then logits": {"alpha": 0.9},
}


def recipe(lr: float, shifts: bool = True) -> Recipe:
    return common.recipe(lr, STEPS, shifts)


def taught(student: Net, teacher: Net, epochs: int = EPOCHS, **options: Any) -> FSP:
    """FSP with the shares and rates of the lesson, unless `options` say otherwise."""
    return FSP(student, teacher, **{"flow_epochs": round(SHARE * epochs), "flow_lr": FLOW_LR, **options})


def rate(method: str, labels: int) -> float:
    """The learning rate of a method: that of the second phase, where there are two."""
    if method == "taught" and labels == ALL:
        return LR_TAUGHT_ALL_LABELS
    return LR.get(method, LR[method.split(",")[0]])


def prepare(method: str, few: Data, seed: int, epochs: int, **options: Any) -> tuple[Distiller, Data]:
    """Who learns what from `few`, which has labels on some of its training images; `options` are those of `FSP`."""
    teacher = minute_of(few.name).teacher()
    net = student(seed, NARROW if "narrow" in method else WIDE)
    if method.startswith("alone"):
        return Alone(net), filled(few.labelled_only())
    if method == "logits":
        return Hinton(net, teacher), few
    return taught(net, teacher, epochs, **{**OPTIONS.get(method, {}), **options}), few


def learn(case: Case, seed: int) -> list[dict[str, float]]:
    """One student: validation accuracy after each epoch, and test accuracy after the last."""
    epochs, method, labels = case.get("epochs", EPOCHS), str(case["method"]), case["labels"]
    options = {key: case[key] for key in ("flow_lr",) if key in case}
    few = minute_for(case).data().few_labels(labels, seed=seed)
    distiller, data = prepare(method, few, seed, epochs, **options)
    rule = recipe(case.get("lr", rate(method, labels)), shifts="no shifts" not in method)
    return by_steps(train(distiller, data, epochs, rule, seed), STEPS)


def learn_to_the_end(case: Case, seed: int) -> dict[str, float]:
    """One student: accuracy after the last epoch."""
    return learn(case, seed)[-1]


def transfer(case: Case, seed: int) -> list[dict[str, Any]]:
    """Digits 5 to 9 with some labels a class: a student alone, one that a teacher of the digits 0 to 4 gave its flow,
    and one that learnt 0 to 4 itself, with all their labels. Test accuracy after equally many steps, a row for each."""
    digits = MINUTE.data()
    known, asked = only(digits, range(5)), only(digits, range(5, 10))

    def run(distiller: Distiller, data: Data, epochs: int, lr: float) -> float:
        return train(distiller, data, epochs, recipe(lr), seed).last("test_accuracy")

    seed_everything(seed)
    teacher = nets.build("resnet14", **{**MINUTE.net_options, "classes": 5})
    rows: list[dict[str, Any]] = [
        {"method": "teacher", "labels": 0, "test": run(Alone(teacher), known, 12, LR["alone"])}
    ]
    for labels in (2, 5, 20):
        few = asked.few_labels(labels, seed=seed)
        shown = filled(few.labelled_only())
        alone, given, before = (student(seed, WIDE, classes=5) for _ in range(3))
        run(Alone(before), known, EPOCHS // 2, LR["alone"])
        results = {
            "alone": run(Alone(alone), shown, EPOCHS, LR["alone"]),
            "taught": run(taught(given, teacher, flow_epochs=EPOCHS // 2), few, EPOCHS, LR_TRANSFER),
            "pretrained": run(Alone(before), shown, EPOCHS // 2, LR_TRANSFER),
        }
        rows += [{"method": method, "labels": labels, "test": value} for method, value in results.items()]
    return rows


STUDIES = (
    Study(
        "fsp_budget",
        "How many steps, of both phases, does a student need for an accuracy?",
        tuple(
            {"method": method, "labels": labels, "epochs": epochs}
            for labels in (20, ALL)
            for epochs in (4, 8, 16, 32)
            for method in ("alone", "taught")
        ),
        learn,
    ),
    Study(
        "fsp_labels",
        "How much does the flow help a student with few labels or many, and which part of it matters?",
        (
            *({"method": method, "labels": labels} for labels in (5, 50) for method in ("alone", "taught")),
            *(
                {"method": method, "labels": 20}
                for method in (
                    "alone, no shifts",
                    "taught, no shifts",
                    "taught, average pooling",
                    "taught, then logits",
                    "logits",
                    "alone, narrow",
                    "taught, narrow",
                )
            ),
        ),
        learn_to_the_end,
    ),
    Study(
        "fsp_transfer",
        "Does the flow of a teacher of other digits help?",
        ({"task": "5 to 9", "teacher knows": "0 to 4"},),
        transfer,
    ),
    *on_clothes(
        "fsp",
        "How much does the flow help a student with few labels or all on clothes?",
        learn_to_the_end,
        (
            Trial(({"method": "alone", "labels": 5}, {"method": "alone", "labels": 800}), grid(lr=(0.1, 0.2, 0.4))),
            Trial(
                ({"method": "taught", "labels": 5},),
                (*grid(lr=(0.02,), flow_lr=(0.1, 0.3, 1.0)), *grid(lr=(0.01, 0.05), flow_lr=(0.3,))),
            ),
            Trial(({"method": "taught", "labels": 800},), grid(lr=(0.02, 0.05, 0.1))),
        ),
    ),
)
