"""The experiment on dense prediction: a small U-Net learns a class for each pixel alone, from another one's answers pixel
by pixel, and channel by channel (CWD).

The set is `kd.data.shapes`; the teacher, four times as wide, is trained on the way, once in each process, and shown no
other images than its students. All take equally many steps of 16 images, shifted and mirrored with their masks. The
rate is the same for all; it and the weights that are not the papers' were chosen on validation images with seeds that
are not reported (study dense_tuning).
"""

from collections.abc import Callable
from functools import cache

from ... import nets
from ...data import Augment, Data, shapes
from ...nets import Net
from ...papers.channelwise import Channelwise
from ...papers.hinton import Hinton
from ...train import Alone, Distiller, History, Recipe, seed_everything
from .common import TUNING_SEEDS, train
from .runner import Case, Study

TEACHER, STUDENT = "unet8", "unet2"
TEACHER_EPOCHS, EPOCHS = 10, 8
TEACHER_LR, LR = 0.01, 0.02
SEED = 0  # of the teacher

METHODS: dict[str, Callable[[Net, Net], Distiller]] = {
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
