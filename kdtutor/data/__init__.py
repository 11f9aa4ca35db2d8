"""What the networks see: the digits that ship, toy sets, torchvision's sets, those of metric learning, any folder."""

from pathlib import Path

from ..errors import choose
from . import digits, metric_sets
from .batches import Augment, Batches, Source, derived_seed
from .classes import ClassBatches, Episode, apart, episodes, only
from .folders import root, search_roots
from .image_folder import image_folder, tiny_imagenet
from .latents import Latents
from .splits import UNLABELLED, Batch, Data, Split
from .toy import CURVES, toy
from .vision import KNOWN, vision

__all__ = [
    "UNLABELLED", "Augment", "Batch", "Batches", "ClassBatches", "Data", "Episode", "Latents", "Source", "Split",
    "apart", "derived_seed", "episodes", "image_folder", "load", "names", "only", "root", "search_roots",
    "tiny_imagenet", "toy", "vision",
]  # fmt: skip


def names() -> tuple[str, ...]:
    """Every name that `load` knows."""
    return ("digits", *CURVES, *KNOWN, *metric_sets.NAMES, "tiny-imagenet", "image-folder")


def load(name: str, root: str | Path | None = None, download: bool = False, size: int = 64) -> Data:
    """A data set by name.

    "digits" ships with the course; "moons", "spirals" and "rings" are made in code; torchvision's sets ("cifar100" …)
    are read from `root`, KDTUTOR_DATA or `data/`, and downloaded only with `download=True`; "image-folder" reads
    `root/train/<class>/*` and `root/test/<class>/*`, as squares of `size` pixels. The sets of metric learning ("cub",
    "cars196", "sop", "mini-imagenet", "omniglot-28") are read as their authors lay them out.
    Raises `UnknownName` or `DataError`.
    """
    choose("data set", name, names())
    if name == "digits":
        return digits.digits()
    if name in CURVES:
        return toy(name)
    if name == "tiny-imagenet":
        return tiny_imagenet(root, size)
    if name in metric_sets.NAMES:
        return metric_sets.metric_set(name, root, size)
    if name == "image-folder":
        return image_folder(root, size)
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()  # torch calls it too, unless its plug-ins are switched off
    return vision(name, root, download)
