"""The sets that ship, digits and clothes: how they are read, and how they were written (data/NAME/build.py)."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import DataError, require
from ..files import read_json, require_sealed, sealed, write_whole
from .folders import root
from .splits import Data, Split, stratified

SHIPPED = ("digits", "fashion")
"""The names of the sets that ship; each is a folder of `root` with NAME.npz and card.json."""
PARTS = ("train", "val", "test")


def card(name: str, folder: Path | None = None) -> dict[str, Any]:
    """Source, licence, split, checksum and statistics of a set that ships.

    >>> card("fashion")["licence"]
    'MIT'
    """
    path = (folder or root() / name) / "card.json"
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


def read(name: str, folder: Path | None = None) -> Data:
    """A set that ships, as its card says; from `folder`, where it does not lie in `root`.

    >>> [len(split) for split in read("fashion").splits().values()]
    [8000, 1000, 2000]
    """
    folder = folder or root() / name
    about, path = card(name, folder), folder / f"{name}.npz"
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
    train, val, test = (Split(images[part == i].unsqueeze(1), labels[part == i].long()) for i in range(len(PARTS)))
    return Data(name, train, val, test, tuple(about["classes"]), tuple(about["mean"]), tuple(about["std"]))


def dealt(labels: np.ndarray, counts: Mapping[str, int], seed: int) -> np.ndarray:
    """Which of `PARTS` each image comes to: so many of each class by `counts`, 255 for those that are left over.

    >>> dealt(np.array([0, 0, 0, 1, 1, 1]), {"train": 2, "val": 0, "test": 1}, seed=0).tolist().count(0)
    4
    """
    part = np.full(len(labels), 255, dtype=np.uint8)
    rows = stratified(torch.from_numpy(labels.astype(np.int64)), tuple(counts.get(name, 0) for name in PARTS), seed)
    for i, chosen in enumerate(rows):
        part[chosen.numpy()] = i
    return part


def write(folder: Path, images: np.ndarray, labels: np.ndarray, part: np.ndarray, told: Mapping[str, Any]) -> Path:
    """Write a set that ships, named as its folder: its images, and the card with what is told, statistics and checksum.

    Equal arrays give equal bytes. `images` (N, 28, 28), `labels` and `part` (N) are uint8.

    >>> image, one = np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8)
    >>> write(folder, image, one, one, {"classes": ["0"]}).name == f"{folder.name}.npz"
    True
    """
    path = folder / f"{folder.name}.npz"
    write_whole(path, _npz(images=images, labels=labels, part=part))
    train = images[part == PARTS.index("train")] / 255
    about = {
        "name": folder.name,
        **told,
        "mean": [round(float(train.mean()), 4)],
        "std": [round(float(train.std()), 4)],
        "sha256": sha256(path),
    }
    write_whole(folder / "card.json", json.dumps(sealed(about), indent=2, ensure_ascii=False) + "\n")
    return path


def _npz(**arrays: np.ndarray) -> bytes:
    """As np.savez_compressed, but with fixed time stamps."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, buffer.getvalue())
    return whole.getvalue()
