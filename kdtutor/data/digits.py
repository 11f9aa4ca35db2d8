"""The data set that ships: 5,000 handwritten digits (see data/digits/card.json for source and licence)."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import DataError, require
from ..files import read_json, require_sealed
from .folders import root
from .splits import Data, Split


def card(folder: Path | None = None) -> dict[str, Any]:
    """Source, licence, split, checksum and statistics of the digits.

    >>> card()["name"]
    'digits'
    """
    path = (folder or root() / "digits") / "card.json"
    require(path.is_file(), f"{path} is missing; restore it from the repository (git checkout -- data)", DataError)
    try:
        about = read_json(path.read_bytes())
        require_sealed(about)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); restore it (git checkout -- data)") from None
    missing = [key for key in ("sha256", "classes", "mean", "std") if key not in about]
    require(not missing, f"{path} lacks {', '.join(missing)}; restore it (git checkout -- data)", DataError)
    return about


def sha256(path: Path) -> str:
    """The digest of a file, in hexadecimal.

    >>> len(sha256(root() / "digits" / "card.json"))
    64
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digits(folder: Path | None = None) -> Data:
    """The 5,000 digits: 28×28 grey images, train 3,500 / val 500 / test 1,000, every class equally often.

    >>> [len(split) for split in digits().splits().values()]
    [3500, 500, 1000]
    """
    folder = folder or root() / "digits"
    about, path = card(folder), folder / "digits.npz"
    require(path.is_file(), f"{path} is missing; restore it from the repository (git checkout -- data)", DataError)
    found = sha256(path)
    require(
        found == about["sha256"],
        f"{path} is damaged: its sha256 begins with {found[:8]}, expected {about['sha256'][:8]}; "
        "restore it (git checkout -- data)",
        DataError,
    )
    with np.load(path) as stored:
        images, labels, part = (torch.from_numpy(stored[key]) for key in ("images", "labels", "part"))
    train, val, test = (Split(images[part == i].unsqueeze(1), labels[part == i].long()) for i in range(3))
    return Data("digits", train, val, test, tuple(about["classes"]), tuple(about["mean"]), tuple(about["std"]))
