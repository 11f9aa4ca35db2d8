"""The experiments of the lesson on mutual learning: two students without a teacher, and shaken weights."""

import time
from collections.abc import Callable
from functools import cache

from ... import nets
from ...data import Data
from ...papers.hinton import Hinton, entropy
from ...papers.mutual import Mutual
from ...train import Alone, Distiller, Progress, evaluate
from ...train.flatness import losses_when_shaken
from .common import TUNING_SEEDS, filled, minute_of, recipe, student, train
from .runner import Case, Study, stored_results

EPOCHS, STEPS = 8, 25  # 200 steps of 64 images for every net
LONGER = 50  # steps an epoch of the runs in which rates are tried, and of those that are twice as long
LABELS = 20  # a class
SETS = ("digits", "fashion")
TUNED = ("alone", "together", "taught")
PEER = 50  # what is added to the seed for the first weights of the second net
SAME = "same images"  # the labelled ones alone, for everybody

RATES = (0.1, 0.2, 0.4)  # tried for each method and set, on validation images (study mutual_tuning)
BEYOND = (
    ("digits", "alone", 0.8),
    ("digits", "together", 0.8),
    ("fashion", "alone", 0.8),
    ("fashion", "together", 0.05),
)
"""Tried as well, where the best of the others was the last: of several such methods these."""
SIGMAS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1)  # of the noise in every parameter
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)  # of the length of every filter
DRAWS = 5


def seen(method: str, few: Data) -> Data:
    """The images of a method: all of them, or those with a label."""
    return filled(few.labelled_only()) if method == "alone" or SAME in method else few


@cache
def tuned(data: str, method: str) -> float:
    """The rate of a method that was best in the stored tuning, whatever images it sees."""
    kind = next(name for name in TUNED if method.startswith(name))
    tuning = stored_results("mutual_tuning")
    mine = tuning[(tuning["data"] == data) & (tuning["method"] == kind)]
    return float(mine.groupby("lr")["val"].mean().idxmax())


def rate(case: Case) -> float:
    """The rate of a case: its own, where rates are tried, else the best one of its method."""
    return float(case["lr"] if "lr" in case else tuned(str(case["data"]), str(case["method"])))


def lone(case: Case, few: Data, seed: int) -> nets.Net:
    """A student alone, trained; its seed is that of its weights and of its batches."""
    method = Alone(student(seed))
    train(method, seen("alone", few), EPOCHS, recipe(tuned(str(case["data"]), "alone"), STEPS), seed)
    return method.student.eval()


def distiller(case: Case, few: Data, seed: int) -> Distiller:
    """Who learns from whom."""
    method = str(case["method"])
    if method == "alone":
        return Alone(student(seed))
    if method.startswith("together"):
        return Mutual(student(seed), student(seed + PEER))
    if method == "taught by two":
        teacher = nets.Ensemble([lone(case, few, seed), lone(case, few, seed + PEER)])
        return Hinton(student(seed), teacher)
    return Hinton(student(seed), minute_of(str(case["data"])).teacher())


def learn(case: Case, seed: int) -> list[dict[str, float]]:
    """The first student of a method: its accuracy and entropy after each epoch; after the last one also its peer's and
    that of both together, and the seconds of a processor that it took to have this student."""
    method, data = str(case["method"]), minute_of(str(case["data"])).data()
    few = data.few_labels(LABELS, seed=seed)
    rows: list[dict[str, float]] = []
    before = time.process_time()
    learner = distiller(case, few, seed)
    rule = recipe(rate(case), LONGER if "lr" in case else int(case.get("steps", STEPS)))
    history = train(learner, seen(method, few), EPOCHS, rule, seed, noting(learner, few, rows))
    if "lr" in case:  # which rate is the best is chosen on validation images
        return [{"val": history.last("val_accuracy")}]
    rows[-1] |= {"test": history.last("test_accuracy"), "cpu": round(time.process_time() - before, 1)}
    if method == "alone" and "steps" not in case:
        other = lone(case, few, seed + PEER)
        pair = nets.Ensemble([learner.student, other])
        rows[-1] |= {name: evaluate(net, data.test, data).accuracy for name, net in (("peer", other), ("both", pair))}
    if isinstance(learner, Mutual):
        rows[-1] |= {"peer": history.last("test_accuracy_2"), "both": history.last("test_ensemble_accuracy")}
    return [{name: round(value, 4) for name, value in row.items()} for row in rows]


def noting(learner: Distiller, data: Data, rows: list[dict[str, float]]) -> Callable[[Progress], None]:
    """Writes a row after each epoch: validation accuracy and entropy of the student's probabilities there."""

    def note(at: Progress) -> None:
        assert data.val is not None
        asked = evaluate(learner.student, data.val, data)
        certain = entropy(asked.logits.softmax(1)).mean().item()
        rows.append({"epoch": at.epoch, "val": asked.accuracy, "entropy": certain})

    return note


def shake(case: Case, seed: int) -> list[dict[str, float]]:
    """The loss of the first student on its labelled training images, with noise in its weights: a row for each σ."""
    method, data = str(case["method"]), minute_of(str(case["data"])).data()
    few = data.few_labels(LABELS, seed=seed)
    learner = distiller(case, few, seed)
    train(learner, seen(method, few), EPOCHS, recipe(rate(case), STEPS), seed)
    rows = []
    for kind, sigmas in (("absolute", SIGMAS), ("relative", SHARES)):
        known = few.labelled_only()
        losses = losses_when_shaken(learner.student, known.train, known, sigmas, DRAWS, kind == "relative", seed)
        means = losses.mean(1).tolist()
        rows += [
            {"relative": kind == "relative", "sigma": s, "loss": round(x, 5)}
            for s, x in zip(sigmas, means, strict=True)
        ]
    return rows


RIVALS = ("alone", f"together, {SAME}", "together", "taught", "taught by two")


STUDIES = (
    Study(
        "mutual_tuning",
        "Which learning rate is best on validation images for each method and set?",
        (
            *({"data": data, "method": method, "lr": lr} for data in SETS for method in TUNED for lr in RATES),
            *({"data": data, "method": method, "lr": lr} for data, method, lr in BEYOND),
        ),
        learn,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "mutual_rivals",
        "What are two students worth who teach each other, beside all their rivals?",
        tuple({"data": "digits", "method": method} for method in RIVALS),
        learn,
    ),
    Study(
        "mutual_longer",
        "And in twice the steps, on digits and on clothes?",
        tuple({"data": data, "method": method, "steps": LONGER} for data in SETS for method in ("alone", "together")),
        learn,
    ),
    Study(
        "mutual_shaken",
        "What becomes of the training loss when the weights are shaken?",
        tuple({"data": "digits", "method": method} for method in RIVALS[:3]),
        shake,
    ),
)
