"""The file of `benchmarks.gpu`: a row a line, on the disk as soon as it is known."""

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def read(file: Path) -> dict[str, Row]:
    """The rows by item, without one that was cut off while it was written."""
    rows = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        with contextlib.suppress(json.JSONDecodeError):
            row = json.loads(line)
            rows[row["item"]] = row
    return rows


def add(file: Path, row: Row) -> None:
    """Write a row to the end, and onto the disk."""
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        out.flush()
        os.fsync(out.fileno())


def replace_all(file: Path, rows: Iterable[Row]) -> None:
    """A file of these rows only; the old one stays until the new one is there."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    fresh.replace(file)
