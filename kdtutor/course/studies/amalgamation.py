"""The experiments of the lesson on amalgamation (KA): a student of ten classes from two teachers of five, without a
label, against one with all labels, one with a teacher of all ten, and the two teachers by themselves.

Every student takes EPOCHS times STEPS steps of 64 shifted images; phases count. Teachers ship, but where classes are
shared: those are trained in the run. Rates are those that were best on validation images with other seeds.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ... import data as sets
from ...data import UNLABELLED, Data
from ...errors import DivergedError
from ...nets import Net, Specialists
from ...papers.amalgamation import Amalgamation, FeatureAmalgamation
from ...papers.common_features import BETA, CommonFeatures
from ...papers.hinton import Hinton
from ...settings import find_teacher
from ...train import Alone, Distiller, predict
from .common import TUNING_SEEDS, last, minute_of, recipe, student, train
from .runner import Case, Study, stored_results
from .sets import Trial, best, grid, on_clothes

EPOCHS, STEPS = 4, 50
CLASSES = (range(5), range(5, 10))
SPLITS: dict[str, tuple[Sequence[int], Sequence[int]]] = {
    "0–4 and 5–9": CLASSES,
    "0–5 and 4–9": (range(6), range(4, 10)),
    "0–6 and 3–9": (range(7), range(3, 10)),
    "tops, and the rest": ((0, 2, 3, 4, 6), (1, 5, 7, 8, 9)),  # of the clothes: what is alike has one teacher
}
"""Which classes the two teachers know."""
TEACHER = "resnet8x0.5"  # of five classes; the student is of half its width
UNTRAINED = {"largest score": "scores", "largest probability": "probabilities"}
"""The two teachers by themselves, side by side."""
LABELLED, ONE_TEACHER = "alone, all labels", "KD, a teacher of ten"
RATES = (0.1, 0.2, 0.4)
TRIALS = (
    Trial(({"method": LABELLED},), grid(lr=RATES)),
    Trial(({"method": ONE_TEACHER},), grid(lr=RATES)),
    *(Trial(({"method": name},), grid()) for name in UNTRAINED),
    Trial(({"method": "scores"},), grid(lr=(0.01, 0.03, 0.1))),
    Trial(({"method": "softmax"},), grid(lr=RATES)),
    Trial(({"method": "blocks"},), grid(lr=RATES[1:2])),
    Trial(({"method": "features"},), grid(lr=(0.01, 0.03, 0.1))),
    Trial(({"method": "common features"},), grid(lr=RATES[1:2], beta=(0.1, 1.0))),
)
KINDS = ("largest score", "largest probability", "softmax", "common features")
"""What is tried with teachers of two architectures too."""


def specialists(data: str, high: str = "resnet8", of: str = "scores") -> Specialists:
    """The two teachers of a set that ship, the one of the classes 5 … 9 of an architecture by choice."""
    found = [find_teacher(f"{data}-low-resnet8"), find_teacher(f"{data}-high-{high}")]
    return Specialists(found, CLASSES, of)  # type: ignore[arg-type]  # one of UNTRAINED


def unlabelled(data: Data) -> Data:
    """The same data without a label on any training image."""
    return replace(data, train=replace(data.train, labels=torch.full_like(data.train.labels, UNLABELLED)))


def prepare(method: str, data: str, seed: int, teachers: Specialists, beta: float = BETA) -> tuple[Distiller, Data]:
    """Who learns, and from what; equal seeds, equal first weights and batches."""
    images, new = minute_of(data).data(), student(seed)
    if method == LABELLED:
        return Alone(new), images
    if method == ONE_TEACHER:
        return Hinton(new, minute_of(data).teacher(), alpha=1.0), unlabelled(images)
    if method == "features":
        return FeatureAmalgamation(new, teachers), unlabelled(images)
    if method == "common features":
        return CommonFeatures(new, teachers, beta=beta), unlabelled(images)
    return Amalgamation(new, teachers, match=method), unlabelled(images)  # type: ignore[arg-type]  # one of MATCHES


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student, or the two teachers side by side: accuracies, and where mistakes come from."""
    method, data, high = str(case["method"]), str(case.get("data", "digits")), str(case.get("high", "resnet8"))
    if method in UNTRAINED:
        return answered(specialists(data, high, UNTRAINED[method]), minute_of(data).data())
    distiller, images = prepare(method, data, seed, specialists(data, high), case.get("beta", BETA))
    numbers = last(train(distiller, images, EPOCHS, recipe(case["lr"], STEPS), seed))
    return {**numbers, **halves(distiller.student, images)}


def answered(net: Net, data: Data) -> dict[str, float]:
    """Accuracies of a net that is not trained, and where its mistakes come from."""
    assert data.val is not None
    val = share(predict(net, data.val, data).argmax(1) == data.val.labels)
    test = share(predict(net, data.test, data).argmax(1) == data.test.labels)
    return {"val": val, "test": test, **halves(net, data)}


def halves(net: Net, data: Data) -> dict[str, float]:
    """Of the test images: `routed`, the share whose answer lies in the right half, and `within`, the share that would
    be right if the half were known."""
    routed, within = of_halves(predict(net, data.test, data), data.test.labels)
    return {"routed": share(routed), "within": share(within)}


def of_halves(
    logits: Float[Tensor, "N K"], labels: Int[Tensor, " N"], classes: Sequence[Sequence[int]] = CLASSES
) -> tuple[Tensor, Tensor]:
    """Which answers lie among the classes of the teacher who knows the image, and which are right among those."""
    own = torch.stack([torch.isin(labels, torch.tensor(list(part))) for part in classes])  # teachers N
    inside = torch.stack([torch.isin(torch.arange(logits.shape[1]), torch.tensor(list(part))) for part in classes])
    known = inside[own.int().argmax(0)]  # N K: the classes of that teacher
    routed = known.gather(1, logits.argmax(1, keepdim=True)).squeeze(1)
    within = torch.where(known, logits, -torch.inf).argmax(1) == labels
    return routed, within


def share(right: Tensor) -> float:
    """The share of samples that are right, to four digits."""
    return round(right.float().mean().item(), 4)


def tune(case: Case, seed: int) -> dict[str, float]:
    """What a setting is chosen by; one that diverges is not."""
    try:
        return {"val": learn(case, seed)["val"]}
    except DivergedError:
        return {"val": 0.0}


def setting(method: str, data: str = "digits") -> dict[str, Any]:
    """What was best for a method on validation images of a set."""
    name = "amalgamation_tuning" if data == "digits" else "amalgamation_clothes_tuning"
    where = {} if data == "digits" else {"data": data}
    trial = next(trial for trial in TRIALS if trial.cases[0]["method"] == method)
    return dict(best(stored_results(name), Trial(({**where, **trial.cases[0]},), trial.settings)))


def learn_tuned(case: Case, seed: int) -> dict[str, float]:
    """A case with the setting that was best for its method."""
    return learn({**case, **setting(str(case["method"]))}, seed)


def parted(case: Case, seed: int) -> dict[str, float]:
    """Two new teachers of the classes of a split, and a student of both."""
    data, classes = str(case["data"]), SPLITS[str(case["split"])]
    images, new = minute_of(data).data(), student(seed)
    joint = Specialists([specialist(images, own, 2 * seed + i) for i, own in enumerate(classes)], classes)
    rule = recipe(setting("softmax", data)["lr"], STEPS)
    numbers = last(train(Amalgamation(new, joint, match="softmax"), unlabelled(images), EPOCHS, rule, seed))
    return {**numbers, "joint": answered(joint, images)["test"]}


def specialist(data: Data, classes: Sequence[int], seed: int) -> Net:
    """A teacher of some classes, trained with as many steps as a student."""
    net = student(seed, TEACHER, len(classes))
    train(Alone(net), sets.only(data, classes), EPOCHS, recipe(0.1, STEPS), seed)
    return net.eval()


STUDIES = (
    Study(
        "amalgamation_tuning",
        "Which rate is best on validation digits for each method?",
        tuple({**trial.cases[0], **each} for trial in TRIALS for each in trial.settings),
        tune,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "amalgamation_rivals",
        "Can a student learn ten classes from two teachers of five, without a label?",
        tuple(case for trial in TRIALS for case in trial.cases),
        learn_tuned,
    ),
    *on_clothes("amalgamation", "Can a student learn ten kinds of clothes from two teachers of five?", learn, TRIALS),
    Study(
        "amalgamation_kinds",
        "Does it matter that the teachers are of two architectures?",
        tuple({"high": "lenet5", "method": method} for method in KINDS),
        learn_tuned,
    ),
)

PLANNED = (
    Study(
        "amalgamation_splits",
        "Does it matter which classes each teacher knows, and whether both know some?",
        tuple({"data": "fashion", "split": split} for split in SPLITS),
        parted,
    ),
)
"""What is written and not run yet: with its numbers in data/results a study moves up."""
