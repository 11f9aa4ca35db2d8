"""What to read after the course: papers without a lesson, the question each answers, and a cell to begin with."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import fill, indent

from ..errors import UnknownName, choose, require
from ..row import Paper

CELLS = Path(__file__).parent / "cells"


@dataclass(frozen=True)
class Further:
    """A paper to go on with: the one of the four questions that it answers, and its idea in a sentence."""

    name: str
    question: str
    idea: str
    paper: Paper

    @property
    def cell(self) -> str:
        """Some ten lines that show the idea at work, on what ships with the course; empty where that takes more."""
        path = CELLS / f"{self.name}.py"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def __str__(self) -> str:
        lines = (f"{self.name} ({self.question})", self.paper.reference, self.idea)
        link = f"https://arxiv.org/abs/{self.paper.arxiv}"
        shown = f"kdtutor map --cell {self.name}" if self.cell else ""
        inside = "\n".join(
            (*(fill(line, 110, break_on_hyphens=False) for line in lines[1:]), "   ".join(filter(None, (link, shown))))
        )
        return f"{lines[0]}\n{indent(inside, '    ')}"


@cache
def further() -> tuple[Further, ...]:
    """Every paper to go on with, of cells/papers.toml.

    >>> len(further()) >= 12
    True
    """
    rows = tomllib.loads((CELLS / "papers.toml").read_text(encoding="utf-8"))
    return tuple(Further(name, row["question"], row["idea"], Paper(**row["paper"])) for name, row in rows.items())


def cell(name: str) -> str:
    """The cell of one of these papers, to be pasted into a notebook. Raises `UnknownName` where there is none.

    >>> cell("dino").splitlines()[0]
    'import torch'
    """
    cells = {each.name: each.cell for each in further() if each.cell}
    told = f"{name} has no cell: ten lines do not show it. Those that have one: {', '.join(sorted(cells))}"
    require(name in cells or all(each.name != name for each in further()), told, UnknownName)
    return cells[choose("cell", name, cells)]
