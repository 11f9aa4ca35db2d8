"""Photographs as torchvision reads them, where they are present: Caltech-101, and CelebA's faces without classes."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from ..errors import DataError
from .folders import holder, search_roots
from .pixels import rgb, square
from .splits import Data, Split

EVERY = 5  # of each class every fifth photograph is for the test: Caltech-101 has no split of its own
CROP = 178  # the width of an aligned picture of CelebA; its middle square is kept


def caltech101(root: str | Path | None = None, size: int = 128, download: bool = False) -> Data:
    """The 101 classes of photographs as squares of `size` pixels, normalised to -1 … 1.

    Ours: in the order of the files every fifth photograph of a class is for the test, the others are for training.
    Raises `DataError` where the files are absent (downloaded only if asked) or incomplete.
    """
    import torchvision.datasets as sets

    present, looked = holder("caltech101", root)
    if present is None and not download:
        raise DataError(f"caltech101: nothing at {looked}; put torchvision's files there, or set KDTUTOR_DATA")
    folder = present or search_roots(root)[0]
    try:
        photographs = sets.Caltech101(str(folder), download=download)
        images = torch.stack([square(rgb(photographs[i][0]), size) for i in range(len(photographs))])
    except (RuntimeError, OSError, ValueError) as error:
        raise DataError(f"caltech101: the files below {folder / 'caltech101'} are incomplete ({error})") from error
    labels = torch.tensor(photographs.y)
    place = torch.cat([torch.arange(int(count)) for count in torch.bincount(labels)])  # files come class by class
    test = place % EVERY == EVERY - 1
    halves = (Split(images[rows], labels[rows]) for rows in (~test, test))
    return Data("caltech101", next(halves), None, next(halves), tuple(photographs.categories), (0.5,) * 3, (0.5,) * 3)


def celeba(root: str | Path | None = None, size: int = 64) -> Data:
    """CelebA's training, validation and test pictures as squares of `size` pixels from -1 to 1, all of one class.

    Raises `DataError` where the files are absent; they are never fetched.
    """
    import torchvision.datasets as sets

    folder, looked = holder("celeba", root)
    if folder is None:
        raise DataError(f"celeba: nothing at {looked}; put torchvision's files for CelebA there, or set KDTUTOR_DATA")
    try:
        parts = [sets.CelebA(str(folder), split=part, download=False) for part in ("train", "valid", "test")]
        train, val, test = (_faces(part, size) for part in parts)
    except (RuntimeError, OSError, ValueError) as error:
        raise DataError(f"celeba: the files below {folder / 'celeba'} are incomplete ({error})") from error
    return Data("celeba", train, val, test, ("face",), (0.5,) * 3, (0.5,) * 3)


def _faces(pictures: Any, size: int) -> Split:
    images = torch.stack([_face(pictures[i][0], size) for i in range(len(pictures))])
    return Split(images, torch.zeros(len(images), dtype=torch.long))


def _face(picture: Any, size: int) -> UInt8[Tensor, "3 size size"]:
    """The middle of a PIL picture, (3, size, size) bytes."""
    left, top = (picture.width - CROP) // 2, (picture.height - CROP) // 2
    small = rgb(picture).crop((left, top, left + CROP, top + CROP)).resize((size, size))
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).contiguous()
