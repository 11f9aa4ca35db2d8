"""The experiment on dense prediction: a small U-Net learns a class for each pixel alone, from a larger one pixel by
pixel (KD), and channel by channel (CWD).

The set is `kd.data.shapes`. The teacher has twice the width and four times the weights; it is trained on the way, by
its labels, once in each process. All take equally many steps of 16 images, shifted and mirrored with their masks, by
Adam at one rate. Nothing was tuned: the weights of CWD and T = 4 are the papers', and KD shares evenly with the labels.
"""

from collections.abc import Callable, Mapping
from functools import cache

from ... import nets
from ...data import Augment, Data, shapes
from ...nets import Net
from ...papers.channelwise import Channelwise
from ...papers.hinton import Hinton
from ...train import Alone, Distiller, Recipe, evaluate, seed_everything
from .common import train
from .runner import Case, Study

TEACHER, STUDENT = "unet8", "unet4"
TEACHER_EPOCHS, EPOCHS = 8, 6
TEACHER_LR, LR = 0.01, 0.02
SEED = 0  # of the teacher

METHODS: Mapping[str, Callable[[Net, Net], Distiller]] = {
    "alone": lambda student, teacher: Alone(student),
    "KD per pixel": lambda student, teacher: Hinton(student, teacher, alpha=0.5),
    "CWD, logits": lambda student, teacher: Channelwise(student, teacher, features=0),
    "CWD, features": lambda student, teacher: Channelwise(student, teacher, logits=0),
}


@cache
def data() -> Data:
    return shapes()


def recipe(lr: float) -> Recipe:
    """Adam in one cycle."""
    return Recipe(lr, batch_size=16, optimiser="adam", weight_decay=0.0, augment=Augment(pad=2, flip=True))


def net(name: str, seed: int) -> Net:
    """A new net; equal seeds, equal first weights."""
    seed_everything(seed)
    return nets.build(name, classes=data().num_classes)


@cache
def teacher() -> Net:
    """The teacher, trained for this process."""
    made = net(TEACHER, SEED)
    train(Alone(made), data(), TEACHER_EPOCHS, recipe(TEACHER_LR), SEED)
    return made


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student after its last epoch: mIoU of validation and test images, beside the teacher's."""
    method = METHODS[case["method"]](net(STUDENT, seed), teacher())
    history = train(method, data(), EPOCHS, recipe(LR), seed)
    above = evaluate(teacher(), data().test, data()).measures["miou"]
    return {"val": history.last("val_miou"), "test": history.last("test_miou"), "teacher": above}


STUDIES = (
    Study(
        "dense_methods",
        "Does a teacher help a small U-Net to tell the class of each pixel, and how should it speak?",
        tuple({"method": method} for method in METHODS),
        learn,
        seeds=(0, 1, 2),
    ),
)
