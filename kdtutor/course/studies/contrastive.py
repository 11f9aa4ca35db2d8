"""The experiments of the lesson on contrastive (CRD): does it help where labels are few?

The pair and the images of the preset "minute", with few labels; EPOCHS times STEPS steps for every method.
"""

from ...data import Data
from ...papers import method
from ...train import Alone, Distiller
from .common import MINUTE, filled, last, recipe, student, train
from .runner import Case, Study

STEPS, EPOCHS = 20, 2  # TODO: as many as it takes for the curves to be flat
LABELS = 20  # a class
LR = 0.1  # TODO: of each method its own, chosen on validation images with other seeds (in a study of its own)
METHODS = {"taught": "contrastive", "logits": "hinton"}


def prepare(name: str, seed: int) -> tuple[Distiller, Data]:
    """Who learns, and from what; equal seeds, equal first weights and batches."""
    few, net = MINUTE.data().few_labels(LABELS, seed=seed), student(seed)
    if name == "alone":
        return Alone(net), filled(few.labelled_only())
    return method(METHODS[name])(net, MINUTE.teacher()), few


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student: its accuracies after the last epoch."""
    distiller, data = prepare(str(case["method"]), seed)
    return last(train(distiller, data, EPOCHS, recipe(LR, STEPS), seed))


STUDIES = (
    Study(
        "contrastive_rivals",
        "Does the student learn more than alone, and more than from softened logits?",
        tuple({"method": name} for name in ("alone", *METHODS)),
        learn,
        seeds=(0, 1, 2),
    ),
)
