"""What grading a submission comes to: a row for each exercise, kept in a file, and all submissions in a table."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...files import read_json, write_whole

FORMULAS = ("=", "+", "-", "@")  # how a cell begins that a spreadsheet would compute


@dataclass(frozen=True)
class Row:
    """One exercise: "passed" earns its points, "not yet" and "to do" none."""

    lesson: str
    exercise: str
    points: int
    state: str
    sentence: str = ""

    @property
    def credit(self) -> int:
        return self.points if self.state == "passed" else 0


@dataclass(frozen=True)
class Graded:
    """One submission."""

    name: str
    rows: tuple[Row, ...]

    @property
    def credit(self) -> int:
        return sum(row.credit for row in self.rows)

    @property
    def points(self) -> int:
        return sum(row.points for row in self.rows)

    @property
    def percent(self) -> float:
        return 100 * self.credit / self.points

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "credit": self.credit, "points": self.points, "rows": [asdict(r) for r in self.rows]}


def keep(graded: Graded, digest: str, path: Path) -> None:
    """Store what a submission came to, with the digest of everything that it came from."""
    write_whole(path, json.dumps({"digest": digest, **graded.as_dict()}, indent=1) + "\n")


def kept(digest: str, path: Path) -> Graded | None:
    """What the same submission came to before; None if it was not graded, or not whole, or has changed since."""
    try:
        stored = read_json(path.read_bytes())
        rows = tuple(Row(**row) for row in stored["rows"])
        return Graded(stored["name"], rows) if stored["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def as_csv(graded: Sequence[Graded]) -> str:
    """A line a submission: name, credit, points, percent, and the credit of each exercise."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    exercises = [row.exercise for row in graded[0].rows]
    lines.writerow(["name", "credit", "points", "percent", *exercises])
    for one in graded:
        name = f"'{one.name}" if one.name.startswith(FORMULAS) else one.name
        lines.writerow([name, one.credit, one.points, f"{one.percent:.1f}", *(row.credit for row in one.rows)])
    return text.getvalue()


def as_table(graded: Sequence[Graded]) -> str:
    """A line a submission, for a screen."""
    wide = max(len(one.name) for one in graded)
    lines = []
    for one in graded:
        passed = sum(row.state == "passed" for row in one.rows)
        lines.append(
            f"{one.name:{wide}}  {one.credit:4} of {one.points} points  {one.percent:5.1f} %  "
            f"{passed} of {len(one.rows)} exercises"
        )
    return "\n".join(lines)
