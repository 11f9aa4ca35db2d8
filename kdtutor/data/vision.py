"""The larger sets, read by torchvision's own classes with torchvision's own checksums."""

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from ..errors import DataError
from .folders import holder, search_roots
from .splits import Data, Split


@dataclass(frozen=True)
class Known:
    """How one torchvision set is opened and what its pixels look like (mean and std of its training images)."""

    open: Callable[[Path, bool, bool], Any]  # root, train?, download? -> torchvision data set
    where: str  # what torchvision expects below the root
    mean: tuple[float, ...]
    std: tuple[float, ...]


def _open(cls: str, **by_train: tuple[Any, Any]) -> Callable[[Path, bool, bool], Any]:
    def build(root: Path, train: bool, download: bool) -> Any:
        import torchvision.datasets as sets

        options = {key: values[0] if train else values[1] for key, values in by_train.items()}
        return getattr(sets, cls)(str(root), download=download, **options)

    return build


KNOWN: dict[str, Known] = {
    "mnist": Known(_open("MNIST", train=(True, False)), "MNIST/raw", (0.1307,), (0.3081,)),
    "fashion-mnist": Known(_open("FashionMNIST", train=(True, False)), "FashionMNIST/raw", (0.2860,), (0.3530,)),
    "cifar10": Known(
        _open("CIFAR10", train=(True, False)), "cifar-10-batches-py", (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
    ),
    "cifar100": Known(
        _open("CIFAR100", train=(True, False)), "cifar-100-python", (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)
    ),
    "svhn": Known(
        _open("SVHN", split=("train", "test")), "train_32x32.mat", (0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)
    ),
    "omniglot": Known(_open("Omniglot", background=(True, False)), "omniglot-py", (0.0778,), (0.2544,)),
}
# What torchvision raises for files that are cut short or changed, and for a download that fails.
DAMAGE = (RuntimeError, OSError, EOFError, ValueError, KeyError, UnpicklingError)
GZIPPED = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
OMNIGLOT_SIZE = 28


def vision(name: str, root: str | Path | None = None, download: bool = False) -> Data:
    """One of `KNOWN`, looked for under `root` (or KDTUTOR_DATA, or `data/`); downloaded only if asked.

    These sets come with a training and a test split; no validation split is made (`val=None`).
    """
    known = KNOWN[name]
    present, looked = holder(known.where, root)
    if present is None and not download:
        raise DataError(
            f"{name}: nothing at {looked}; put the files there, "
            f'set KDTUTOR_DATA to the folder that holds them, or call load("{name}", download=True)'
        )
    folder = present or search_roots(root)[0]
    if name in GZIPPED:
        _unpack_gzip(folder / known.where, GZIPPED[name])
    try:
        train, test = (known.open(folder, flag, download) for flag in (True, False))
        parts = [_images_and_labels(part) for part in (train, test)]
    except DAMAGE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if not present:
            raise DataError(f"{name}: it could not be downloaded ({reason}); try again with a network") from error
        raise DataError(
            f"{name}: the files below {folder / known.where} are incomplete or damaged ({reason}); "
            f'remove them and fetch them again with load("{name}", download=True)'
        ) from error
    classes = _classes(name, train, test)
    return Data(name, Split(*parts[0]), None, Split(*parts[1]), classes, known.mean, known.std)


def _images_and_labels(part: Any) -> tuple[UInt8[Tensor, "N C H W"], Int[Tensor, " N"]]:
    """uint8 `(N, C, H, W)` and labels, whatever the torchvision class calls them."""
    if hasattr(part, "_flat_character_images"):  # Omniglot: single files, read and scaled one by one
        size = (OMNIGLOT_SIZE, OMNIGLOT_SIZE)
        drawings = [255 - np.asarray(part[i][0].convert("L").resize(size)) for i in range(len(part))]
        return torch.from_numpy(np.stack(drawings)).unsqueeze(1), torch.tensor([part[i][1] for i in range(len(part))])
    pixels = part.data if isinstance(part.data, Tensor) else torch.from_numpy(np.ascontiguousarray(part.data))
    labels = torch.as_tensor(np.asarray(part.labels if hasattr(part, "labels") else part.targets)).long()
    if pixels.ndim == 3:
        return pixels.unsqueeze(1), labels
    return (pixels if pixels.shape[1] == 3 else pixels.permute(0, 3, 1, 2).contiguous()), labels


def _classes(name: str, train: Any, test: Any) -> tuple[str, ...]:
    if name == "omniglot":  # evaluation characters are others than background ones; both are numbered from 0
        return tuple(map(str, range(max(len(train._characters), len(test._characters)))))
    return tuple(getattr(train, "classes", map(str, range(10))))


def _unpack_gzip(folder: Path, cls: str) -> None:
    """Unpack the official .gz files once, after their md5 has been checked against torchvision's list."""
    import torchvision.datasets as sets
    from torchvision.datasets.utils import check_integrity

    for packed_name, md5 in getattr(sets, cls).resources:
        packed, plain = folder / packed_name, folder / packed_name.removesuffix(".gz")
        if plain.exists() or not packed.exists():
            continue
        if not check_integrity(str(packed), md5):
            raise DataError(f"{packed} is damaged: its md5 is not {md5}; remove it and fetch it again")
        partial = plain.with_name(plain.name + ".part")
        try:
            with gzip.open(packed, "rb") as source, open(partial, "wb") as target:
                shutil.copyfileobj(source, target)
        except OSError as error:
            raise DataError(
                f"cannot unpack {packed}: {error.strerror or error}; unpack it to a writable folder"
            ) from None
        partial.replace(plain)
