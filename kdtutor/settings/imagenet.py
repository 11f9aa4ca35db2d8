"""The preset "imagenet": ResNet-34 teaches ResNet-18 on ILSVRC 2012, in images of 224 pixels.

Recipe, weights and table are those of torchdistill (Matsubara 2021, arXiv:2011.12913), github.com/yoshitomo-matsubara/
torchdistill, configs/official/ilsvrc2012/yoshitomo-matsubara/rrpr2020. Overhaul's authors train by the same recipe, and
its weight is theirs: github.com/clovaai/overhaul-distillation.
"""

from collections.abc import Mapping
from typing import Any

from ..data import ResizedCrop
from ..methods import named
from ..train import Recipe
from . import zoo

TEACHER, STUDENT = "imagenet_resnet34", "imagenet_resnet18"
CLASSES, SIZE = 1000, 224
EPOCHS = 100
RECIPE = Recipe(
    lr=0.1,
    batch_size=256,
    schedule="steps",
    milestones=(30 / EPOCHS, 60 / EPOCHS, 90 / EPOCHS),
    nesterov=False,
    weight_decay=1e-4,
    augment=ResizedCrop(SIZE),
    channels_last=True,  # ours: the same numbers in less time
)
"""Of students and teacher. On a GPU say `--precision bf16`."""
WEIGHTS = "https://download.pytorch.org/models/resnet34-b627a593.pth"
"""Where torchvision publishes a teacher's weights; nothing here fetches them."""

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "hinton": {"T": 1.0, "alpha": 0.5},
    "overhaul": {"beta": 1 / 10_000},
}
"""What the methods' constructors do not have by default."""
EXTRA_EPOCHS: Mapping[str, Mapping[str, int]] = zoo.extra_epochs(EPOCHS)
"""First phases: ours, as long beside `EPOCHS` as the zoo's beside its own."""

_TABLE = {"alone": 69.76, "hinton": 71.37, "attention": 70.90, "contrastive": 70.93}


def published(method: str) -> float | None:
    """Top-1 accuracy in percent on the validation images, of the student by `method` (or "alone": torchvision's).

    The attention there is matched at the last two stages only. None for methods that have no number.

    >>> published("KD"), published("FSP")
    (71.37, None)
    """
    return _TABLE.get(named(method))
