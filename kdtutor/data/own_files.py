"""Image files and what is known of each, which every layout of one's own data is read into; and how they are shown."""

import statistics
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import normalize

import torch
from jaxtyping import Int, Shaped
from PIL import Image
from torch import Tensor

from ..errors import DataError, require
from .image_folder import MEAN, STD, FileSplit
from .kept import KeptFiles
from .masks import read_masks
from .pixels import read
from .splits import Data, Split
from .task import CLASSIFICATION, Task

SIZES = (32, 64, 96, 128, 160, 192, 224)
"""Sizes of which one is the default: the largest that is not above the shorter side of the median image."""
SAMPLE = 64  # images whose sizes are looked at
AT_ONCE = 2**24
"""Bytes of image files up to which all are decoded at once (16 MiB: about a second); above, each when it is needed."""
CHUNK = 64  # images decoded at a time


@dataclass(frozen=True)
class Listed:
    """Image files by row: the part each belongs to, and its label, which may be the file of a mask.

    Masks without names of `classes` have as many as they show.
    """

    name: str
    files: Sequence[Path]
    parts: Sequence[str]
    labels: Shaped[Tensor, "N ..."] | None
    classes: tuple[str, ...]
    task: Task = CLASSIFICATION
    masks: Sequence[Path] = ()


def as_data(listed: Listed, size: int | None, workers: int, memory: int) -> Data:
    """The files as a data set. Images of a small one (`AT_ONCE`) are decoded here, if they take at most `memory` bytes.

    A set without an image for "test" is tested on that of "val", and then has none to choose by.

    >>> from PIL import Image
    >>> Image.new("L", (9, 9)).save(folder / "tom.png")
    >>> one = Listed("toms", [folder / "tom.png"] * 2, ["train", "test"], torch.tensor([0, 1]), ("a", "b"))
    >>> as_data(one, size=8, workers=0, memory=10**6).train.images.shape
    torch.Size([1, 3, 8, 8])
    """
    side = default_size(listed.files) if size is None else size
    labels, classes = (listed.labels, listed.classes) if listed.labels is not None else _dense(listed, side)
    whole = KeptFiles([], side, memory=memory)
    small = len(listed.files) * 3 * side * side <= memory and _bytes(listed.files) <= AT_ONCE
    splits: dict[str, Split] = {}
    for part in ("train", "val", "test"):
        rows = [row for row, of in enumerate(listed.parts) if of == part]
        if rows:
            files = replace(whole, paths=[listed.files[row] for row in rows])
            split = FileSplit(files[0].unsqueeze(0), labels[rows], files=files, workers=workers, task=listed.task)
            splits[part] = _decoded(split) if small else split
    test = splits.get("test", splits.get("val"))
    told = f"{listed.name}: no image is for {{}}; expected some for training and some for the test"
    require("train" in splits, told.format("training"), DataError)
    if test is None:
        raise DataError(told.format("the test"))
    val = splits.get("val") if "test" in splits else None
    return Data(listed.name, splits["train"], val, test, classes, MEAN, STD)


def _dense(listed: Listed, side: int) -> tuple[Int[Tensor, "N side side"], tuple[str, ...]]:
    """The masks of the images, and the names of their classes."""
    labels, largest = read_masks(listed.masks, listed.files, side)
    top = max(largest)
    classes = listed.classes or tuple(str(k) for k in range(top + 1))
    told = f"{listed.name}: no mask shows a class beside number 0; expected at least 2, the numbers 0 and 1"
    require(len(classes) > 1, told, DataError)
    mask = listed.masks[largest.index(top)]
    beyond = f"the mask {mask} holds number {top}, and there are {len(classes)} classes: 0…{len(classes) - 1}"
    require(top < len(classes), f"{beyond} and 255 for what is ignored; name more, or mend the mask", DataError)
    return labels, classes


def in_memory(data: Data) -> Data:
    """The same data with all images decoded in memory, for what cannot do with images that stay in their files.

    >>> digits = in_memory(kd.data.load("digits"))  # which are there already
    >>> len(digits.train.images)
    3500
    """
    return replace(data, **{part: _decoded(split) for part, split in data.splits().items()})  # type: ignore[arg-type]


def _decoded(split: Split) -> Split:
    if not isinstance(split, FileSplit):
        return split
    rows = torch.arange(len(split)).split(CHUNK)
    return Split(torch.cat(list(split.chunks(iter(rows)))), split.labels, task=split.task)


def default_size(files: Sequence[Path]) -> int:
    """The largest of `SIZES` that is not above the shorter side of the median image, of a sample of the files.

    >>> Image.new("L", (300, 100)).save(folder / "tom.png")
    >>> default_size([folder / "tom.png"])
    96
    """
    sides = []
    for path in files[:: max(1, len(files) // SAMPLE)]:
        with suppress(Exception), Image.open(path) as image:  # what is damaged is named where it is read
            sides.append(min(image.size))
    side = statistics.median_low(sides) if sides else min(read(files[0]).size)
    return max((size for size in SIZES if size <= side), default=SIZES[0])


def require_distinct(names: Iterable[str], where: str, what: str) -> None:
    """Raise `DataError` for names that differ by case alone: mostly they are meant to be one.

    >>> require_distinct(["cat", "dog"], "my_images", "classes")  # silent: they are two
    """
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(normalize("NFC", name).casefold(), name)
        both = f"{where}: the {what} {twin!r} and {name!r} differ by case alone"
        require(twin == name, f"{both}; write them alike if they are one, or rename one", DataError)


def _bytes(files: Sequence[Path]) -> int:
    with suppress(OSError):
        return sum(path.stat().st_size for path in files)
    return AT_ONCE + 1
