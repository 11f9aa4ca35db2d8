"""The experiments of the lesson on RKD: few labels, and classes that nobody saw in training.

Classification is the setting of lesson 1 (studies/hinton.py: the same images, first weights, batches and 400 steps), so
that its students alone and taught by logits are paired with those of this lesson.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch

from ... import data as sets
from ... import nets
from ...data import ClassBatches, Data, apart, episodes
from ...nets import Net
from ...papers.metric import RelationalMetric, Triplets
from ...papers.relational import ANGLE, DISTANCE, Relational
from ...train import Distiller, Recipe, embed, few_shot, fit, recall_at, seed_everything
from . import hinton
from .common import TUNING_SEEDS, last, minute_for, minute_of, student, train
from .runner import Case, Study
from .sets import CLOTHES, Trial, grid, on_clothes

# -- classification ---------------------------------------------------------------------------------------------------

RATES = (0.05, 0.1, 0.2)
OPTIONS: dict[str, dict[str, float]] = {
    "D": {"distance": DISTANCE, "angle": 0.0},
    "A": {"distance": 0.0, "angle": ANGLE},
    "DA": {},
    "DA + KD": {"alpha": 0.9},
}
LR = {"D": 0.1, "A": 0.1, "DA": 0.1, "DA + KD": 0.1}  # chosen on validation digits (study relational_tuning)
LABELS = (5, 20)


def classify(case: Case, seed: int) -> dict[str, float]:
    """One student of one method with some labels a class: accuracy after the last epoch."""
    method = str(case["method"])
    of = minute_for(case)
    few = of.data().few_labels(case["labels"], seed=seed)
    distiller = Relational(student(seed), of.teacher(), **OPTIONS[method])
    return last(train(distiller, few, hinton.EPOCHS, hinton.recipe(case.get("lr", LR[method])), seed))


# -- metric learning --------------------------------------------------------------------------------------------------

SEEN, UNSEEN = range(7), range(7, 10)  # digits that train, digits that are asked for
WIDE, NARROW = "resnet8", "resnet8x0.25"  # embeddings of 64 and of 16 numbers
STEPS = 200  # of a student; the teacher has twice as many
CLASSES, PER_CLASS = 16, 4  # of a batch
FEW = 50  # characters
HELD_OUT = 164  # of the 964 background characters, on which learning rates are chosen
WEIGHTS: dict[str, Any] = {"distance": 4.0, "angle": 8.0}
TEACHER_LR = 0.01
METRIC_RATES = (0.01, 0.03, 0.1)
METRIC_LR = {"triplet": 0.1, "RKD-DA": 0.1, "triplet + RKD-DA": 0.03}  # study relational_omniglot_tuning
SHOTS = {"one_shot": 1, "five_shot": 5}

Row = dict[str, Any]


def omniglot() -> Data:
    """The background characters, and every third of those that are asked for."""
    whole = sets.load("omniglot-28")
    return apart(whole, whole.train.labels.unique().tolist(), whole.test.labels.unique()[::3].tolist())


def characters(seed: int, among: Iterable[int]) -> list[int]:
    """The few characters whose images a student sees."""
    order = torch.randperm(len(known := list(among)), generator=torch.Generator().manual_seed(seed))
    return [known[i] for i in order[:FEW].tolist()]


def net(name: str, data: Data, seed: int) -> Net:
    """A new net; equal seeds, equal first weights. Its last layer takes no part in metric learning."""
    seed_everything(seed)
    return nets.build(name, classes=data.num_classes, channels=1, stem_stride=2)


def train_metric(distiller: Distiller, data: Data, seed: int, lr: float, steps: int | None = None) -> Net:
    """Adam and a one-cycle rate, batches of some classes with equally many images."""
    classes = min(CLASSES, len(data.train.labels.unique()))
    per_class = CLASSES * PER_CLASS // classes
    source = ClassBatches(data.train, data, classes, per_class, steps or STEPS, augment=hinton.recipe(lr).augment)
    rule = Recipe(lr=lr, optimiser="adam", weight_decay=1e-5)
    fit(distiller, data, 1, recipe=rule, seed=seed, device="cpu", source=source, progress=False)
    return distiller.student


def measured(trained: Net, data: Data, normalise: bool) -> Row:
    """Recall and few-shot accuracy on the classes that were never seen."""
    e, labels = embed(trained, data.test, data), data.test.labels
    way = min(5, len(labels.unique()))
    shots = {
        name: few_shot(e, episodes(labels, way, shot, queries=5, count=200), normalise).mean().item()
        for name, shot in SHOTS.items()
    }
    found = {**recall_at(e, labels, (1, 5), normalise), **shots}
    return {name: round(value, 4) for name, value in found.items()}


def learner(method: str, student: Net, teacher: Net) -> tuple[Distiller, bool]:
    """A method of metric learning, and whether its embeddings are compared at unit length."""
    if method == "triplet":
        return Triplets(student), True
    if method == "RKD-DA":
        return RelationalMetric(student, teacher, **WEIGHTS), False
    return RelationalMetric(student, teacher, **WEIGHTS, triplet=float("triplet" in method), normalise=True), True


def one(method: str, teacher: Net, shown: Data, seed: int, lr: float | None = None) -> tuple[Net, Row]:
    """A narrow student of one method: the student, and what it is worth."""
    distiller, normalise = learner(method, net(NARROW, shown, seed), teacher)
    trained = train_metric(distiller, shown, seed, lr or METRIC_LR.get(method, METRIC_LR["RKD-DA"]))
    return trained, measured(trained, shown, normalise)


def wide_teacher(data: Data, seed: int) -> tuple[Net, Row]:
    teacher = train_metric(Triplets(net(WIDE, data, seed)), data, seed, TEACHER_LR, 2 * STEPS)
    return teacher, measured(teacher, data, normalise=True)


def unseen_characters(case: Case, seed: int) -> list[Row]:
    """A wide teacher on all background characters; narrow students on all or few of them; then their own teachers."""
    data = omniglot()
    known, asked = (split.labels.unique().tolist() for split in (data.train, data.test))
    teacher, worth = wide_teacher(data, seed)
    rows = [{"method": "teacher", "characters": len(known), **worth}]
    for shown in (apart(data, characters(seed, known), asked), data):
        count = len(shown.train.labels.unique())
        for method in METRIC_LR:
            student, worth = one(method, teacher, shown, seed)
            rows.append({"method": method, "characters": count, **worth})
            if method == "triplet":
                first, plain = student, measured(student, shown, normalise=False)
        rows.append({"method": "triplet, compared without ℓ2", "characters": count, **plain})
    _, worth = one("RKD-DA, student at unit length", teacher, data, seed)
    rows.append({"method": "RKD-DA, student at unit length", "characters": len(known), **worth})
    return rows + generations(first, data, seed, "triplet + RKD-DA")


def generations(first: Net, data: Data, seed: int, method: str, count: int = 2) -> list[Row]:
    """A student teaches the next one, which has its architecture and starts from the same first weights."""
    rows = []
    for number in range(1, count + 1):
        first, worth = one(method, first, data, seed)
        rows.append({"method": f"generation {number}", "characters": len(data.train.labels.unique()), **worth})
    return rows


def tune(case: Case, seed: int) -> list[Row]:
    """Every method at every rate, on background characters alone: some of them train, others are asked for."""
    whole = sets.load("omniglot-28")
    known = whole.train.labels.unique().tolist()
    data = apart(replace(whole, test=whole.train), known[:-HELD_OUT], known[-HELD_OUT:])
    teacher, _ = wide_teacher(data, seed)
    shown = apart(replace(data, test=whole.train), characters(seed, known[:-HELD_OUT]), known[-HELD_OUT:])
    return [
        {"method": method, "lr": lr, "val": one(method, teacher, shown, seed, lr)[1]["recall@1"]}
        for method in METRIC_LR
        for lr in METRIC_RATES
    ]


def slower(case: Case, seed: int) -> Row:
    """Triplets alone at a third of the rate: 0.1 was chosen with one seed, and with others it is unsteady."""
    data = omniglot()
    known, asked = (split.labels.unique().tolist() for split in (data.train, data.test))
    shown = apart(data, characters(seed, known), asked) if case["characters"] == FEW else data
    student = train_metric(Triplets(net(NARROW, shown, seed)), shown, seed, case["lr"])
    return measured(student, shown, normalise=True)


def unseen_digits(case: Case, seed: int) -> list[Row]:
    """The same on digits (or clothes): seven kinds are seen, three are asked for."""
    data = apart(minute_of(case["set"]).data(), SEEN, UNSEEN)
    teacher, worth = wide_teacher(data, seed)
    rows = [{"method": "teacher", **worth}]
    return rows + [{"method": method, **one(method, teacher, data, seed)[1]} for method in METRIC_LR]


STUDIES = (
    Study(
        "relational_tuning",
        "Which learning rate is best on validation digits?",
        tuple({"method": method, "labels": 20, "lr": lr} for method in ("DA", "DA + KD") for lr in RATES),
        classify,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "relational_labels",
        "How much do distances and angles help a student with few labels, alone and together with the logits?",
        (
            *({"method": method, "labels": 20} for method in ("D", "A")),
            *({"method": "DA", "labels": labels} for labels in LABELS),
            {"method": "DA + KD", "labels": 20},
        ),
        classify,
    ),
    Study(
        "relational_omniglot_tuning",
        "Which learning rate is best on background characters that were held out?",
        ({"set": "omniglot-28"},),
        tune,
        seeds=TUNING_SEEDS[:1],
    ),
    Study(
        "relational_omniglot",
        "Does a narrow embedding that copies a wide one's relations find characters that nobody saw in training?",
        ({"set": "omniglot-28"},),
        unseen_characters,
    ),
    Study(
        "relational_omniglot_rate",
        "Are triplets alone better at a smaller learning rate?",
        tuple({"method": "triplet, rate 0.03", "characters": count, "lr": 0.03} for count in (FEW, 964)),
        slower,
    ),
    Study(
        "relational_digits",
        "The same question on digits: trained on 0 to 6, asked for 7 to 9.",
        ({"set": "digits"},),
        unseen_digits,
    ),
    *on_clothes(
        "relational",
        "How much do distances and angles help a student of clothes with few labels?",
        classify,
        (
            Trial(tuple({"method": "DA", "labels": labels} for labels in (20, 5)), grid(lr=RATES)),
            Trial(({"method": "DA + KD", "labels": 20},), grid(lr=RATES[1:])),
        ),
    ),
    Study(
        "relational_unseen_clothes",
        "The same question on clothes: trained on the first seven kinds, asked for sneakers, bags and ankle boots.",
        ({"set": CLOTHES},),
        unseen_digits,
    ),
)
