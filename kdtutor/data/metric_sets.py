"""The sets of metric learning, in the layout of their authors: the classes of the test are never seen in training."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import DataError, require
from .folders import holder
from .image_folder import IN_MEMORY, MEAN, STD, WORKERS, file_split
from .splits import Data, Split

Listed = list[tuple[Path, int]]  # image file, class
Parts = tuple[Listed, Listed | None, Listed, tuple[str, ...]]  # train, val, test, names of the classes


def cub(base: Path) -> Parts:
    """CUB-200-2011 (Wah et al. 2011): the first half of the classes trains, the second is asked for."""
    files, labels = (dict(_words(base / name)) for name in ("images.txt", "image_class_labels.txt"))
    names = tuple(name for _, name in _words(base / "classes.txt"))
    require(files.keys() == labels.keys(), f"{base}: images.txt and image_class_labels.txt differ", DataError)
    listed = [(base / "images" / files[i], int(labels[i]) - 1) for i in files]
    return (*_halves(listed, len(names)), names)


def cars(base: Path) -> Parts:
    """Cars 196 (Krause et al. 2013), car_ims/ with cars_annos.mat: the first half of the classes trains."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        stored = loadmat(base / "cars_annos.mat", squeeze_me=True)
        rows = np.atleast_1d(stored["annotations"])
        listed = [(base / str(row["relative_im_path"]), int(row["class"]) - 1) for row in rows]
        names = tuple(map(str, np.atleast_1d(stored["class_names"])))
    except (MatReadError, ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(f"{base / 'cars_annos.mat'} is not laid out as its authors do ({error})") from None
    return (*_halves(listed, len(names)), names)


def products(base: Path) -> Parts:
    """Stanford Online Products (Song et al. 2016): Ebay_train.txt and Ebay_test.txt name the classes of each side."""
    sides = []
    for name in ("Ebay_train.txt", "Ebay_test.txt"):
        rows = [row for row in _lines(base / name)[1:] if row.strip()]
        fields = [row.split() for row in rows]
        require(all(len(f) == 4 for f in fields), f"{base / name}: a line has not 4 fields", DataError)
        sides.append([(base / path, int(label) - 1) for _, label, _, path in fields])
    count = 1 + max(label for _, label in sides[0] + sides[1])
    return sides[0], None, sides[1], tuple(map(str, range(1, count + 1)))


def mini_imagenet(base: Path) -> Parts:
    """miniImageNet in the split of Ravi and Larochelle (2017): images/ and train.csv, val.csv, test.csv."""
    sides: list[list[tuple[Path, str]]] = []
    for name in ("train.csv", "val.csv", "test.csv"):
        fields = [row.split(",") for row in _lines(base / name)[1:] if row.strip()]
        require(all(len(f) == 2 for f in fields), f"{base / name}: a line has not 2 fields", DataError)
        sides.append([(base / "images" / file, label.strip()) for file, label in fields])
    names = tuple(dict.fromkeys(label for side in sides for _, label in side))
    number = {name: k for k, name in enumerate(names)}
    train, val, test = ([(path, number[label]) for path, label in side] for side in sides)
    return train, val, test, names


FOLDERS: dict[str, tuple[str, Sequence[str], Callable[[Path], Parts]]] = {
    "cub": ("CUB_200_2011", ("images.txt", "image_class_labels.txt", "classes.txt", "images"), cub),
    "cars196": ("Cars196", ("cars_annos.mat", "car_ims"), cars),
    "sop": ("Stanford_Online_Products", ("Ebay_train.txt", "Ebay_test.txt"), products),
    "mini-imagenet": ("miniImageNet", ("train.csv", "val.csv", "test.csv", "images"), mini_imagenet),
}
"""Name → folder below the root, what must lie in it, and its reader."""

NAMES = (*FOLDERS, "omniglot-28")


def metric_set(
    name: str, root: str | Path | None = None, size: int = 64, in_memory: int = IN_MEMORY, workers: int = WORKERS
) -> Data:
    """One of `NAMES` from a local folder, with the split that is customary for it; nothing is downloaded.

    Photographs become squares of `size` pixels and stream from disk where they exceed `in_memory` bytes. Raises
    `DataError` where the folder is absent or laid out otherwise.
    """
    if name == "omniglot-28":
        return omniglot_28(root)
    where, needed, read = FOLDERS[name]
    base = _found(name, where, root)
    lacking = [part for part in needed if not (base / part).exists()]
    require(not lacking, f"{name}: {base} lacks {', '.join(lacking)}; unpack the archive of its authors", DataError)
    try:
        train, val, test, names = read(base)
    except ValueError as error:
        raise DataError(f"{name}: the lists in {base} are not laid out as their authors do ({error})") from None
    _check(name, base, train, val or [], test)
    splits = [file_split(side, size, in_memory, workers) if side else None for side in (train, val, test)]
    assert splits[0] is not None and splits[2] is not None
    return Data(name, splits[0], splits[1], splits[2], names, MEAN, STD)


def omniglot_28(root: str | Path | None = None) -> Data:
    """Omniglot (Lake et al. 2015) at 28×28 from one file: 964 background characters train, 659 others are asked for."""
    path = _found("omniglot-28", "Omniglot/omniglot_28.npz", root)
    try:
        with np.load(path) as stored:
            images, char, part = (torch.from_numpy(stored[key]) for key in ("x", "char", "char_split"))
            names = tuple(map(str, stored["char_names"]))
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"omniglot-28: {path} cannot be read ({error}); it needs x, char, char_split, char_names"
        ) from None
    labels = char.long()
    asked = part[labels] == 1
    train, test = (Split(images[side].unsqueeze(1), labels[side]) for side in (~asked, asked))
    return Data("omniglot-28", train, None, test, names, (0.0778,), (0.2544,))


def _found(name: str, where: str, root: str | Path | None) -> Path:
    folder, looked = holder(where, root)
    if folder is None:
        raise DataError(
            f"{name}: nothing at {looked}; put the data of its authors there, "
            "or set KDTUTOR_DATA to the folder that holds it"
        )
    return folder / where


def _halves(listed: Listed, classes: int) -> tuple[Listed, None, Listed]:
    """The first half of the classes, and the second."""
    half = classes // 2
    return [row for row in listed if row[1] < half], None, [row for row in listed if row[1] >= half]


def _check(name: str, base: Path, train: Listed, val: Listed, test: Listed) -> None:
    """Every file is there, and no class of one part occurs in another."""
    require(bool(train and test), f"{name}: the lists in {base} name no image of one side", DataError)
    missing = [path for path, _ in (*train, *val, *test) if not path.is_file()]
    require(
        not missing,
        f"{name}: {len(missing):,} listed images are absent, such as {next(iter(missing), '')}; "
        "unpack the archive of its authors again",
        DataError,
    )
    sides = [{k for _, k in side} for side in (train, val, test)]
    shared = (sides[0] & sides[2]) | (sides[0] & sides[1]) | (sides[1] & sides[2])
    require(not shared, f"{name}: {len(shared)} classes of {base} occur both in training and held out", DataError)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a text file ({error})") from None


def _words(path: Path) -> list[tuple[str, str]]:
    """Lines of two words."""
    rows: list[Any] = [line.split() for line in _lines(path) if line.strip()]
    require(all(len(row) == 2 for row in rows), f"{path}: a line has not 2 fields", DataError)
    return [(first, second) for first, second in rows]
