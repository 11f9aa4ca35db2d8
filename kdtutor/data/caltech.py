"""Caltech-101 as torchvision reads it, where it is present."""

from pathlib import Path

import torch

from ..errors import DataError
from .folders import holder, search_roots
from .pixels import rgb, square
from .splits import Data, Split

FOLDER = "caltech101"  # where torchvision's class looks, below the root
EVERY = 5  # of each class every fifth photograph is for the test: the set has no split of its own


def caltech101(root: str | Path | None = None, size: int = 128, download: bool = False) -> Data:
    """The 101 classes of photographs as squares of `size` pixels, normalised to -1 … 1.

    Ours: in the order of the files every fifth photograph of a class is for the test, the others are for training.
    Raises `DataError` where the files are absent (downloaded only if asked) or incomplete.
    """
    import torchvision.datasets as sets

    present, looked = holder(FOLDER, root)
    if present is None and not download:
        raise DataError(f"caltech101: nothing at {looked}; put torchvision's files there, or set KDTUTOR_DATA")
    folder = present or search_roots(root)[0]
    try:
        photographs = sets.Caltech101(str(folder), download=download)
        images = torch.stack([square(rgb(photographs[i][0]), size) for i in range(len(photographs))])
    except (RuntimeError, OSError, ValueError) as error:
        raise DataError(f"caltech101: the files below {folder / FOLDER} are incomplete ({error})") from error
    labels = torch.tensor(photographs.y)
    place = torch.cat([torch.arange(int(count)) for count in torch.bincount(labels)])  # files come class by class
    test = place % EVERY == EVERY - 1
    halves = (Split(images[rows], labels[rows]) for rows in (~test, test))
    return Data("caltech101", next(halves), None, next(halves), tuple(photographs.categories), (0.5,) * 3, (0.5,) * 3)
