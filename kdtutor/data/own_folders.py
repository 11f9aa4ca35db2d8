"""Folders of one's own images: class folders, or train/, val/ and test/ of class folders."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import torch

from ..errors import DataError, require
from .faults import require_whole
from .image_folder import classes_of
from .listing import class_folders, composed, names_image, visible
from .own_files import Listed, require_distinct
from .stored_split import SPLIT, stored
from .table import ENDINGS
from .words import listed

NAMES = {"train": ("train",), "val": ("val", "validation", "valid"), "test": ("test",)}
"""The folders of the parts, by what people call them."""


def folder_data(source: Path) -> Listed:
    """The images below a folder. Their classes are those of `listing.class_folders`; a damaged file is refused.

    >>> from PIL import Image
    >>> for place in [folder / name / f"{i}.png" for name in ("cats", "dogs") for i in range(3)]:
    ...     _ = place.parent.mkdir(exist_ok=True), Image.new("L", (2, 2)).save(place)
    >>> folder_data(folder).classes
    ('cats', 'dogs')
    """
    inside = [path for path in visible(source) if path.is_dir()]
    places = {part: [path for path in inside if composed(path).lower() in names] for part, names in NAMES.items()}
    parted = any(any(path.is_dir() for path in visible(place)) for place in places["train"])  # else "train" is a class
    return _with_parts(source, places) if parted else _class_folders(source, inside)


def _class_folders(source: Path, inside: Sequence[Path]) -> Listed:
    found = class_folders(source, names_image)
    _require_classes(source, inside, found)
    files = [path for paths in found.values() for path in paths]
    names = [path.relative_to(source).as_posix() for path in files]
    groups = [name for name, paths in found.items() for _ in paths]
    empty = [composed(path) for path in inside if composed(path) not in found]
    if empty:
        warnings.warn(f"{source}: no image, so no class: {listed(empty)}", stacklevel=2)

    def admit(rows: list[int]) -> None:
        require_whole([files[row] for row in rows], [names[row] for row in rows], str(source))

    parts = stored(names, groups, source, admit)
    few = f"{source}: each of the {len(found)} classes has a single image, so none is left for a test; add some"
    require("test" in parts or "val" in parts, few, DataError)
    return _known(source, found, files, parts)


def _require_classes(source: Path, inside: Sequence[Path], found: dict[str, list[Path]]) -> None:
    """Refuse what holds fewer than two classes, and say what it looks like instead."""
    if len(found) < 2:
        deeper = [path for path in inside if len(class_folders(path, names_image)) > 1]
        loose = sum(1 for path in visible(source) if path.is_file() and names_image(path))
        tables = [path.name for path in visible(source) if path.suffix.lower() in ENDINGS and path.name != SPLIT]
        hint = f"name {deeper[0]} instead" if deeper else "put the images of each class in a folder named after it"
        hint = f"name the table: {source / tables[0]}" if tables and not deeper else hint
        has = (
            f"{loose:,} images and no class folder"
            if loose and not found
            else f"{len(found)} class folders with images"
        )
        raise DataError(f"{source} holds {has}; at least 2 are needed: {hint}")
    require_distinct(found, str(source), "classes")


def _with_parts(source: Path, places: dict[str, list[Path]]) -> Listed:
    twice = [paths for paths in places.values() if len(paths) > 1]
    require(
        not twice, f"{source} has {[path.name for path in twice[0]] if twice else []} for one part; keep one", DataError
    )
    place = {part: paths[0] for part, paths in places.items() if paths}
    alone = f"{source} has {place['train'].name}/ but neither val/ nor test/; name {place['train']} to have it split"
    require(len(place) > 1, alone, DataError)
    found = {part: class_folders(path, names_image) for part, path in place.items()}
    classes_of(found, place)
    require_distinct(found["train"], str(place["train"]), "classes")
    merged = {name: [path for part in found.values() for path in part.get(name, ())] for name in found["train"]}
    files = [path for paths in merged.values() for path in paths]
    part_of = {path: part for part, classes in found.items() for paths in classes.values() for path in paths}
    require_whole(files, [path.relative_to(source).as_posix() for path in files], str(source))
    return _known(source, merged, files, [part_of[path] for path in files])


def _known(source: Path, found: dict[str, list[Path]], files: Sequence[Path], parts: Sequence[str]) -> Listed:
    labels = torch.tensor([k for k, paths in enumerate(found.values()) for _ in paths])
    return Listed(source.name, files, parts, labels, tuple(found))
