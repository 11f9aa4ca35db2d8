"""What the networks see: digits and clothes that ship, toy sets, torchvision's sets, those of metric learning, any
folder."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import choose, require
from . import digits, metric_sets, shipped  # noqa: F401 (kd.data.digits)
from .batches import Augment, Batches, Source, derived_seed
from .classes import ClassBatches, Episode, apart, episodes, only
from .crops import ResizedCrop
from .example import write_flowers
from .folders import root, search_roots
from .image_folder import image_folder, tiny_imagenet
from .imagenet import imagenet
from .latents import Latents
from .own import damaged, is_own, own
from .own_files import in_memory
from .photographs import caltech101, celeba
from .shapes import shapes
from .shipped import SHIPPED
from .sizes import for_generators
from .splits import Batch, Data, Split
from .task import CLASSIFICATION, UNLABELLED, Classification, Task
from .tasks import TASKS, Dense, MultiLabel, Regression
from .text import BOOK, LANGUAGE_MODELLING, LanguageModelling, Windows, decode, encode, text
from .toy import CURVES, toy
from .vision import KNOWN, vision

__all__ = [
    "BOOK", "CLASSIFICATION", "LANGUAGE_MODELLING", "SHIPPED", "TASKS", "UNLABELLED", "Augment", "Batch", "Batches",
    "ClassBatches", "Classification", "Data", "Dense", "Episode", "LanguageModelling", "Latents", "MultiLabel",
    "Regression", "ResizedCrop", "Source", "Split", "Task", "Windows", "apart", "caltech101", "celeba", "damaged",
    "decode", "derived_seed", "encode", "episodes", "for_generators", "image_folder", "imagenet", "in_memory",
    "is_own", "load", "names", "only", "own", "root", "search_roots", "shapes", "text", "tiny_imagenet", "toy",
    "vision", "write_flowers",
]  # fmt: skip

SIZED = ("image-folder", "imagenet", "tiny-imagenet", "celeba", "caltech101", *metric_sets.NAMES)
"""The sets of photographs, which are read in the size that is asked for."""
SMALL: dict[str, tuple[str, int]] = {f"{name}-{size}": (name, size) for name in SHIPPED for size in (16, 32)}
"""What ships for generators: which set, in how many pixels."""
HALVES: dict[str, tuple[str, range]] = {
    f"{name}-{half}": (name, classes)
    for name in SHIPPED
    for half, classes in (("low", range(5)), ("high", range(5, 10)))
}
"""What ships for teachers that know some classes only: which set, and which of its classes."""


@cache
def names() -> tuple[str, ...]:
    """Every name that `load` knows.

    >>> names()[:3]
    ('digits', 'fashion', 'digits-16')
    """
    photographs = ("caltech101", "celeba", "tiny-imagenet", "imagenet", "image-folder")
    return (*SHIPPED, *SMALL, *HALVES, *CURVES, "shapes", *KNOWN, *metric_sets.NAMES, *photographs)


def load(
    name: str | Path,
    root: str | Path | None = None,
    download: bool = False,
    size: int | None = None,
    workers: int | None = None,
    task: str | None = None,
    memory: int | None = None,
) -> Data:
    """A data set by name, or one's own images: the path of a folder or of a table, see `own`.

    "digits" and "fashion" (clothes) ship with the course, and "digits-16", "digits-32", "fashion-16" and "fashion-32"
    are made of them for generators; "digits-low" has the classes 0 … 4 of the digits alone, "digits-high" the others,
    and the clothes have such halves too; "moons", "spirals" and "rings" are made in code, and so are the "shapes" with
    a class for each pixel; torchvision's sets ("cifar100" …) and "celeba" are read from `root`, KDTUTOR_DATA or
    `data/`, and downloaded only with `download=True` ("celeba" never); "image-folder" reads `root/train/<class>/*` and
    `root/test/<class>/*`, as squares of `size` pixels, by default 64; "imagenet" reads `root/train` and `root/val` as
    squares of 224, see `imagenet`. The sets of metric learning ("cub", "cars196", "sop", "mini-imagenet",
    "omniglot-28") are read as their authors lay them out. Folders of photographs that do not fit in memory (`memory`
    bytes, by default 1 GiB) stream from disk, read ahead by `workers` threads (2; of "imagenet" as many as there are
    cores). `task` says what the labels of a table mean, where they do not tell by themselves.
    Raises `UnknownName` or `DataError`.

    >>> digits = load("digits")
    >>> len(digits.train), digits.num_classes, digits.size
    (3500, 10, (28, 28))
    """
    if is_own(name, names()):
        require(root is None, f"root={str(root)!r}: {name} is a path by itself; leave root out")
        return own(name, size, workers, task, memory)
    name = choose(
        "data set", str(name), names(), f"Choose from: {', '.join(sorted(names()))}; or name a folder or a CSV."
    )
    known = Dense.name if name == "shapes" else CLASSIFICATION.name
    require(task in (None, known), f"task={task!r}: {name} is a set for {known}; leave task out")
    if name in SHIPPED:
        return shipped.read(name)
    if name in SMALL:
        of, pixels = SMALL[name]
        return for_generators(shipped.read(of), pixels)
    if name in HALVES:
        of, classes = HALVES[name]
        return replace(only(shipped.read(of), classes), name=name)
    if name in CURVES:
        return toy(name)
    if name == "shapes":
        return shapes()
    given: Any = {"size": size, "workers": workers, "in_memory": memory}
    given = {key: value for key, value in given.items() if value is not None}
    if name == "imagenet":
        return imagenet(root, **given)
    if name == "tiny-imagenet":
        return tiny_imagenet(root, **given)
    if name in metric_sets.NAMES:
        return metric_sets.metric_set(name, root, **given)
    if name == "image-folder":
        return image_folder(root, **given)
    size = 64 if size is None else size
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()  # torch calls it too, unless its plug-ins are switched off
    if name == "celeba":
        return celeba(root, size)
    if name == "caltech101":
        return caltech101(root, size, download)
    return vision(name, root, download)
