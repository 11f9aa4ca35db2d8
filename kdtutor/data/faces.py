"""CelebA as torchvision reads it, where it is present: faces without classes, for generators."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from ..errors import DataError
from .folders import holder
from .pixels import rgb
from .splits import Data, Split

CROP = 178  # the width of an aligned picture; its middle square is kept
FOLDER = "celeba"  # where torchvision's class looks, below the root


def celeba(root: str | Path | None = None, size: int = 64) -> Data:
    """CelebA's training, validation and test pictures as squares of `size` pixels from -1 to 1, all of one class.

    Raises `DataError` where the files are absent; they are never fetched.
    """
    import torchvision.datasets as sets

    folder, looked = holder(FOLDER, root)
    if folder is None:
        raise DataError(f"celeba: nothing at {looked}; put torchvision's files for CelebA there, or set KDTUTOR_DATA")
    try:
        parts = [sets.CelebA(str(folder), split=part, download=False) for part in ("train", "valid", "test")]
        train, val, test = (_split(part, size) for part in parts)
    except (RuntimeError, OSError, ValueError) as error:
        raise DataError(f"celeba: the files below {folder / FOLDER} are incomplete ({error})") from error
    return Data("celeba", train, val, test, ("face",), (0.5,) * 3, (0.5,) * 3)


def _split(pictures: Any, size: int) -> Split:
    images = torch.stack([_square(pictures[i][0], size) for i in range(len(pictures))])
    return Split(images, torch.zeros(len(images), dtype=torch.long))


def _square(picture: Any, size: int) -> UInt8[Tensor, "3 size size"]:
    """The middle of a PIL picture, (3, size, size) bytes."""
    left, top = (picture.width - CROP) // 2, (picture.height - CROP) // 2
    small = rgb(picture).crop((left, top, left + CROP, top + CROP)).resize((size, size))
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).contiguous()
