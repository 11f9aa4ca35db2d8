"""The recipes of published tables, by name."""

from ..data import Augment
from ..train import Recipe

ZOO = Recipe(
    lr=0.05,
    batch_size=64,
    schedule="steps",
    milestones=(150 / 240, 180 / 240, 210 / 240),
    nesterov=False,
    weight_decay=5e-4,
    augment=Augment(pad=4, flip=True),
    channels_last=True,  # ours: the same numbers in less time (`make bench`)
)
"""RepDistiller's recipe for every CIFAR-100 run (github.com/HobbitLong/RepDistiller, train_student.py)."""

# GhostNet on CIFAR-10, as its first author tells it (github.com/iamhankai/ghostnet.pytorch, issue 7): 400 epochs, rate
# 0.1 times 0.1 at 200, 300 and 375, weight decay 1e-4 to 1e-5. After 160 epochs users were a point short.
GHOST_EPOCHS = 400
GHOST = Recipe(
    lr=0.1,
    batch_size=128,
    schedule="steps",
    milestones=(200 / GHOST_EPOCHS, 300 / GHOST_EPOCHS, 375 / GHOST_EPOCHS),
    nesterov=False,
    weight_decay=1e-4,
    augment=Augment(pad=4, flip=True),
    channels_last=True,
)
