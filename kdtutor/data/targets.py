"""What the columns of a table say of images: one class, several labels, or numbers."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor

from ..errors import DataError, require
from .own_files import require_distinct
from .table import MISSING, Table, number
from .task import UNLABELLED, Classification
from .tasks import MultiLabel, Regression

LABEL = ("label", "labels", "class", "tags")
"""A column that counts alone where it is there, whatever stands beside it."""
SEPARATORS = re.compile(r"[;|]")
BINS = 10  # of a number, each of which every part gets its share of


@dataclass(frozen=True)
class Targets:
    """The labels of a task by row, the names of what a net answers, and what each part of a split gets its share of;
    an empty group is a row without a label."""

    kind: str
    labels: Shaped[Tensor, "N ..."]
    names: tuple[str, ...]
    groups: list[str]


def targets(table: Table, beside: Sequence[str], task: str | None = None) -> Targets:
    """What the columns of `table` except those `beside` say, as `task` or as their cells tell.

    A column named label, labels, class or tags counts alone. One column: labels with ; or | between them are several
    an image, numbers that are not all whole are a regression, all else are classes. Several columns: of 0 and 1 they
    are labels, of other numbers a regression. Raises `DataError` for anything else, and `ConfigError` for a
    task that does not fit.

    >>> from pathlib import Path
    >>> sizes = Table(Path("sizes.csv"), {"file": ["1.png", "2.png"], "cm": ["2.5", "3"]}, [2, 3])
    >>> targets(sizes, beside=["file"]).kind
    'regression'
    """
    names = [name for name in table.columns if name not in beside]
    names = table.named(LABEL) if len(table.named(LABEL)) == 1 else names
    only = f"{table.path} has no column beside {', '.join(beside)}; expected one more: a label, or numbers"
    require(bool(names), only, DataError)
    kind = task or _told(table, names)
    if kind == Classification.name:
        one = f"task={task!r}: {table.path.name} has the columns {', '.join(names)}; name that of the classes label"
        require(len(names) == 1, one)
        return _classes(table, names[0])
    if kind == Regression.name:
        return _numbers(table, names)
    return _tags(table, names[0]) if len(names) == 1 else _flags(table, names)


def _told(table: Table, names: Sequence[str]) -> str:
    cells = [cell for name in names for cell in table.columns[name] if cell]
    numbers = [cell for cell in cells if cell.lower() not in MISSING]
    numeric = bool(numbers) and all(number(cell) is not None for cell in numbers)
    if len(names) == 1:
        if any(SEPARATORS.search(cell) for cell in cells):
            return MultiLabel.name
        whole = all(re.fullmatch(r"[+-]?\d+", cell) for cell in cells)
        return Regression.name if numeric and not whole else Classification.name
    if numeric:
        return MultiLabel.name if {number(cell) for cell in numbers} <= {0.0, 1.0} else Regression.name
    strange = next(cell for cell in numbers if number(cell) is None) if numbers else ""
    raise DataError(
        f"{table.path} has the columns {', '.join(names)[:80]}, and {strange[:30]!r} in them is no number: name "
        "the one that counts label, or write 0 and 1 for labels"
    )


def _classes(table: Table, column: str) -> Targets:
    cells = table.columns[column]
    whole = all(re.fullmatch(r"[+-]?\d+", cell) for cell in cells if cell)
    names = sorted({cell for cell in cells if cell}, key=int if whole else str)  # 10 comes after 9
    _require_several(table, column, names)
    place = {name: k for k, name in enumerate(names)} | {"": UNLABELLED}
    return Targets(Classification.name, torch.tensor([place[cell] for cell in cells]), tuple(names), cells)


def _tags(table: Table, column: str) -> Targets:
    """Labels in one cell; an empty one says that none of them is there."""
    tags = [{tag.strip() for tag in SEPARATORS.split(cell)} - {""} for cell in table.columns[column]]
    counts = Counter(tag for each in tags for tag in each)
    names = sorted(counts)
    _require_several(table, column, names)
    labels = torch.tensor([[float(name in each) for name in names] for each in tags])
    groups = [min(each, key=lambda tag: (counts[tag], tag)) if each else "none" for each in tags]  # the rarest of them
    return Targets(MultiLabel.name, labels, tuple(names), groups)


def _flags(table: Table, names: Sequence[str]) -> Targets:
    """Labels in columns of 0 and 1; an empty cell says that it is not known."""
    labels = torch.tensor(_columns(table, names), dtype=torch.float32).T
    strange = ((labels != 0) & (labels != 1) & ~labels.isnan()).nonzero().tolist()
    if strange:
        row, k = strange[0]
        cell = table.columns[names[k]][row]
        raise DataError(f"{table.at(row)}: {names[k]} is {cell!r}; expected 0 or 1, or nothing where it is not known")
    counts = labels.nansum(0).tolist()
    groups = []
    for row in labels.tolist():
        present = [(counts[k], name) for k, name in enumerate(names) if row[k] == 1]
        groups.append(min(present)[1] if present else "" if all(map(math.isnan, row)) else "none")
    return Targets(MultiLabel.name, labels, tuple(names), groups)


def _numbers(table: Table, names: Sequence[str]) -> Targets:
    labels = torch.tensor(_columns(table, names), dtype=torch.float64).T
    infinite = labels.isinf().nonzero().tolist()
    if infinite:
        row, k = infinite[0]
        raise DataError(f"{table.at(row)}: {names[k]} is infinite; leave the cell empty where no number is known")
    for name, column in zip(names, labels.T, strict=True):
        require(not bool(column.isnan().all()), f"{table.path}: column {name} holds no number at all", DataError)
    bins = labels[:, 0].argsort().argsort() * BINS // len(labels)
    known = ~labels.isnan().all(1)
    groups = [str(place) if some else "" for place, some in zip(bins.tolist(), known.tolist(), strict=True)]
    return Targets(Regression.name, labels.float(), tuple(names), groups)


def _columns(table: Table, names: Sequence[str]) -> list[list[float]]:
    found = []
    for name in names:
        values = [number(cell) for cell in table.columns[name]]
        row = next((row for row, value in enumerate(values) if value is None), None)
        if row is not None:
            cell = table.columns[name][row]
            raise DataError(
                f"{table.at(row)}: {name} is {cell[:40]!r}, which is no number; leave it empty where none is known"
            )
        found.append([value for value in values if value is not None])
    return found


def _require_several(table: Table, column: str, names: Sequence[str]) -> None:
    told = f"{table.path}: column {column} holds " + (f"{names[0]!r} alone" if names else "no label at all")
    require(len(names) > 1, f"{told}; at least 2 labels are needed", DataError)
    require_distinct(names, table.path.name, "labels")
