"""Masks of one's own: images whose pixels are the numbers of classes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from PIL import Image
from torch import Tensor

from ..errors import DataError
from .faults import THREADS
from .pixels import opened, reason
from .task import UNLABELLED

IGNORED = 255
"""The number of pixels that have no class."""
MODES = ("L", "P", "1")
ORIENTATION, ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)  # the EXIF tag by which a camera says how it was held


def read_masks(
    masks: Sequence[Path], images: Sequence[Path], size: int
) -> tuple[Int[Tensor, "N size size"], list[int]]:
    """The masks of some images, cut as `kept.decoded` cuts those, each pixel the nearest one of the file; and the
    largest number in each file, -1 where all is ignored.

    Raises `DataError` for a mask of another size than its image, and for one that is no 8-bit greyscale or palette
    image.

    >>> Image.new("L", (8, 6), 2).save(folder / "mask.png")
    >>> numbers, largest = read_masks([folder / "mask.png"], [folder / "mask.png"], size=4)
    >>> numbers.shape, largest
    (torch.Size([1, 4, 4]), [2])
    """
    with ThreadPoolExecutor(THREADS, thread_name_prefix="kdtutor-masks") as pool:
        found = list(pool.map(_mask, masks, images, [size] * len(masks)))
    return torch.stack([mask for mask, _ in found]), [largest for _, largest in found]


def _mask(path: Path, image: Path, size: int) -> tuple[Int[Tensor, "size size"], int]:
    try:
        with opened(path) as mask:
            mask.load()
    except Exception as error:  # Pillow's readers raise errors of every kind
        why = getattr(error, "strerror", None) or reason(error)
        raise DataError(f"the mask {path} cannot be read ({why}); replace it by an 8-bit PNG") from None
    if mask.mode not in MODES:
        raise DataError(
            f"the mask {path} holds pixels of mode {mask.mode}; expected the numbers of classes, in an 8-bit greyscale "
            "or palette PNG"
        )
    expected = _size(image)
    if mask.size != expected:
        raise DataError(
            f"the mask {path} has {mask.width}×{mask.height} pixels, and its image {image.name} "
            f"{expected[0]}×{expected[1]}; they must be equal"
        )
    numbers = np.asarray(mask).astype(np.int16)  # of a palette the numbers, not the colours
    known = numbers[numbers != IGNORED]
    side = min(mask.size)
    left, top = (mask.width - side) // 2, (mask.height - side) // 2
    if mask.mode == "1":
        mask = mask.convert("L").point(lambda x: x // 255)
    cut = mask.resize((size, size), Image.Resampling.NEAREST, box=(left, top, left + side, top + side))
    labels = torch.from_numpy(np.asarray(cut).astype(np.int16))
    return labels.masked_fill(labels == IGNORED, UNLABELLED), int(known.max()) if known.size else UNLABELLED


def _size(path: Path) -> tuple[int, int]:
    """Width and height of an image as it is shown."""
    with opened(path) as image:
        width, height = image.size
        return (height, width) if image.getexif().get(ORIENTATION) in ON_ITS_SIDE else (width, height)
