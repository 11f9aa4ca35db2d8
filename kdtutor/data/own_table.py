"""A table of one's own images: a file and what it shows in each row."""

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import DataError, require
from .faults import require_whole
from .own_files import Listed
from .own_folders import NAMES
from .stored_split import stored
from .table import Table, read_table
from .targets import Targets, targets
from .task import Task
from .tasks import TASKS, Dense, MultiLabel, Regression
from .words import listed

FILE = ("file", "path", "image", "filename")
"""The column of the files, by what people call it."""
SPLIT, MASK = "split", "mask"
CLASSES = "classes.txt"
"""Beside a table of masks: the names of the classes, one a line, from number 0 on."""
PARTS = {name: part for part, names in NAMES.items() for name in names}


def table_data(source: Path, task: str | None = None) -> Listed:
    """The images of a table. Files are named from its folder on; what the columns mean: `targets`, and a column `mask`
    names images whose pixels are classes. A column `split` says which part an image is of; else the split is drawn and
    stored. Raises `DataError` for files that are not there or damaged, all of them at once.

    >>> table_data(kd.data.write_flowers(folder / "flowers", images=15, size=32) / "size.csv").classes
    ('diameter',)
    """
    table = read_table(source)
    column = _file_column(table)
    table = _without_twins(table, column, task)
    names, files = _files(table, table.columns[column])
    split, mask = table.named([SPLIT]), table.named([MASK])
    dense = task == Dense.name or (task is None and bool(mask))
    require(not dense or bool(mask), f"{source} has no column {MASK}; task={Dense.name!r} needs one", DataError)
    found = None if dense else targets(table, [column, *split, *mask], task)
    groups = ["all"] * len(table) if found is None else found.groups

    def admit(rows: Sequence[int]) -> None:
        require_whole([files[row] for row in rows], [names[row] for row in rows], source.name)

    if split:
        parts = _parts(table, split[0])
        admit(range(len(table)))
    else:
        parts = _drawn(names, groups, source, admit)
        require(
            "test" in parts or "val" in parts,
            f"{source}: of {len(table)} images none is left for a test, for no two have a label in common; add some",
            DataError,
        )
    require("train" in parts, f"{source}: no image is for training", DataError)
    if found is None:
        _, masks = _files(table, table.columns[mask[0]])
        return Listed(source.stem, files, parts, None, _class_names(source.parent), Dense(), masks)
    return Listed(source.stem, files, parts, found.labels, found.names, _task(found, parts))


def _task(found: Targets, parts: Sequence[str]) -> Task:
    taught = found.labels[[part == "train" for part in parts]]
    if found.kind == Regression.name:
        return Regression.of(taught)
    if found.kind == MultiLabel.name:
        seen = (taught == 1).any(0).tolist()
        if unseen := [name for name, some in zip(found.names, seen, strict=True) if not some]:
            warnings.warn(f"no training image has the label, so it cannot be learnt: {listed(unseen)}", stacklevel=2)
    return TASKS[found.kind]()


def _drawn(names: list[str], groups: list[str], source: Path, admit: Callable[[list[int]], None]) -> list[str]:
    """The stored split; images without a label are for training, until they have one."""
    known = [row for row, group in enumerate(groups) if group]
    admit([row for row, group in enumerate(groups) if not group])
    parts = stored(
        [names[row] for row in known],
        [groups[row] for row in known],
        source,
        lambda rows: admit([known[i] for i in rows]),
    )
    part_of = dict(zip(known, parts, strict=True))
    return [part_of.get(row, "train") for row in range(len(names))]


def _file_column(table: Table) -> str:
    found = table.named(FILE)
    header = ", ".join(table.columns)
    told = f"{table.path}: the first line is {header!r:.90}; expected a header with a column {' or '.join(FILE)}"
    require(len(found) > 0, told, DataError)
    require(
        len(found) == 1,
        f"{table.path} has the columns {' and '.join(found)}, and one names files; rename the other",
        DataError,
    )
    return found[0]


def _without_twins(table: Table, column: str, task: str | None) -> Table:
    """Each file once. Rows that contradict each other are refused; asked for several labels, those of one file join."""
    first: dict[str, int] = {}
    columns = {name: list(cells) for name, cells in table.columns.items()}
    twins = 0
    for row, name in enumerate(table.columns[column]):
        key = os.path.normpath(name)
        before = first.setdefault(key, row)
        if before == row:
            continue
        differ = [name for name, cells in columns.items() if name != column and cells[row] != cells[before]]
        if task == MultiLabel.name and len(differ) == 1:
            columns[differ[0]][before] += f";{columns[differ[0]][row]}"
        elif differ:
            told = " and ".join(repr(columns[differ[0]][i]) for i in (before, row))
            raise DataError(
                f"{table.path.name}: lines {table.lines[before]} and {table.lines[row]} name {name}, with {differ[0]} "
                f"{told}; keep one of them, or ask for task={MultiLabel.name!r} if both hold"
            )
        twins += 1
    if twins:
        warnings.warn(f"{table.path.name}: {twins:,} rows name a file again, and count once", stacklevel=2)
    rows = sorted(first.values())
    once = {name: [cells[row] for row in rows] for name, cells in columns.items()}
    return Table(table.path, once, [table.lines[row] for row in rows])


def _files(table: Table, cells: Sequence[str]) -> tuple[list[str], list[Path]]:
    """The files that some cells name, from the folder of the table on or absolute: their names, and where they lie."""
    folder = str(table.path.parent)
    names, files, lacking = [], [], []
    for row, cell in enumerate(cells):
        require(bool(cell), f"{table.at(row)} names no file", DataError)
        path = os.path.normpath(os.path.join(folder, cell))
        if not os.path.isfile(path) and "\\" in cell:  # written on Windows
            path = os.path.normpath(os.path.join(folder, cell.replace("\\", "/")))
        if not os.path.isfile(path):
            lacking.append(f"{cell} (line {table.lines[row]})")
        files.append(Path(path))
        inside = path.startswith(folder + os.sep)
        names.append(Path(os.path.relpath(path, folder) if inside else path).as_posix())
    if lacking:
        many = f"{len(lacking):,} of {len(cells):,} files are not there"
        first = lacking[0].rpartition(" (line")[0]
        ends = [end for end in (".jpg", ".png", ".jpeg") if os.path.isfile(os.path.join(folder, first + end))]
        hint = f"write their endings, too: {first}{ends[0]}" if ends else f"names are looked up from {folder} on"
        raise DataError(f"{table.path.name}: {many}: {listed(lacking)}; {hint}")
    return names, files


def _parts(table: Table, column: str) -> list[str]:
    cells = table.columns[column]
    for row, cell in enumerate(cells):
        told = f"{table.at(row)}: {column} is {cell!r}; expected train, val or test"
        require(cell.lower() in PARTS, told, DataError)
    return [PARTS[cell.lower()] for cell in cells]


def _class_names(folder: Path) -> tuple[str, ...]:
    """The names in `CLASSES`, or none: then there are as many classes as the masks show."""
    path = folder / CLASSES
    if not path.is_file():
        return ()
    try:
        names = tuple(line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path} cannot be read as text in UTF-8; expected the name of a class in each line") from None
    require(len(names) > 1, f"{path} names {len(names)} classes; expected at least 2, one a line", DataError)
    require(
        len(set(names)) == len(names), f"{path} names a class twice; expected one a line, from number 0 on", DataError
    )
    return names
