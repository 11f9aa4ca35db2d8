"""The cheat sheet, from the registry, the formulas and `cheat_sheet.toml`: python -m docs.cheat_sheet writes it."""

import tomllib
from functools import cache
from typing import Any

from kdtutor.course.map import LESSONS
from kdtutor.methods import ROWS, find
from kdtutor.row import QUESTIONS, Method

from .formulas import formulas
from .markdown import table
from .names import ROOT

SHEET = ROOT / "notebooks/cheat_sheet.md"


@cache
def told() -> dict[str, Any]:
    """What is said of each method, by its name; under `head` what is said first, under `which` the situations."""
    return tomllib.loads((ROOT / "docs/cheat_sheet.toml").read_text(encoding="utf-8"))


def cheat_sheet() -> str:
    """The whole sheet as markdown: which method when, then every method by the question that it answers."""
    which = [(row["situation"], ", ".join(_name(find(name)) for name in row["methods"])) for row in told()["which"]]
    parts = [told()["head"], "## Which method when", table(("you have", "begin with"), which)]
    for question in QUESTIONS:
        rows = [line(row) for row in ROWS if row.question == question]
        parts += [f"## {question.capitalize()}", table(("method", "loss", "code", "when to use", "cost"), rows)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def line(row: Method) -> tuple[str, ...]:
    """A method: its name and lesson, what is minimised, what is called, when, and at what price."""
    said = told()[row.name]
    losses = " <br> ".join(f"${in_cell(formulas()[f'kdtutor.{name}'])}$" for name in said["formulas"])
    return _name(row), losses, f"`{code(row)}`", said["when"], said["cost"]


def code(row: Method) -> str:
    """The call that makes a method."""
    return f'get("{row.acronym or row.name}")({told()[row.name].get("code", "student, teacher")})'


def in_cell(latex: str) -> str:
    """LaTeX without bars, which would end a cell of a table."""
    return latex.replace(r"\|", r"\Vert ").replace("|", r"\vert ")


def _name(row: Method) -> str:
    lesson = next((lesson for lesson in LESSONS if lesson.number == row.lesson), None)
    name = row.acronym or row.name
    return f"[{name}]({lesson.file})" if lesson else name


def main() -> None:
    """Write the sheet beside the lessons."""
    SHEET.write_text(cheat_sheet(), encoding="utf-8")


if __name__ == "__main__":
    main()
