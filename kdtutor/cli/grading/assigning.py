"""Copies of lessons for students, and what their instructor grades them with."""

import ast
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from ...course.check import EXERCISES
from ...course.closed import CLOSED, FILE
from ...course.hidden import hidden_cases
from ...course.prediction import Prediction
from ...course.submission import answers
from ...errors import ConfigError, DataError, require
from ...files import new_folder, write_whole
from ..lessons import notebooks_of
from ..notebooks import code_cells, read
from . import folder as places


def prepare(
    lessons: Sequence[str], out: Path, seed: int | None = None, without_solutions: bool = False
) -> places.Assignment:
    """Write the folder of an assignment. Raises `DataError` for a lesson without exercises, or with answers in it."""
    require(bool(lessons), "name at least one lesson, such as 01 or hinton", ConfigError)
    seed = secrets.randbelow(10**6) if seed is None else seed
    given: dict[str, dict[str, int]] = {}
    paths = notebooks_of(lessons)
    with new_folder(out) as folder:
        for path in paths:
            points = given[path.stem] = _points(path)
            _write(folder / places.STUDENT / path.name, _for_students(read(path), points))
            _write(folder / places.KEY / path.name, _solved(read(path)))
        if without_solutions:
            write_whole(folder / places.STUDENT / FILE, json.dumps({"solutions": CLOSED}) + "\n")
        names = [name for points in given.values() for name in points]
        places.write(folder, seed, given, {name: hidden_cases(EXERCISES[name], seed) for name in names})
    return places.opened(out)


def _points(path: Path) -> dict[str, int]:
    """The exercises of a lesson, each worth its minutes. Raises `DataError` where there is none, or one is solved."""
    found = answers([cell.source for _, cell in code_cells(read(path))], EXERCISES)
    require(bool(found), f"{path.name} has no exercise; assign a lesson of the course", DataError)
    for name, answer in found.items():
        blank = answer.unwritten or isinstance(EXERCISES[name], Prediction)
        require(blank, f"{path.name} holds an answer to {name}; assign the lesson as it came (git checkout)", DataError)
    return {name: EXERCISES[name].minutes for name in found}


def _for_students(nb: NotebookNode, points: dict[str, int]) -> NotebookNode:
    for name, cell in exercise_cells(nb):
        cell.metadata["nbgrader"] = {
            "schema_version": 3, "grade_id": name, "points": points[name], "grade": True, "solution": True,
            "locked": False, "task": False,
        }  # fmt: skip
    return nb


def _solved(nb: NotebookNode) -> NotebookNode:
    for name, cell in exercise_cells(nb):
        cell.source, cell.outputs, cell.execution_count = solved(name, cell.source), [], None
    return nb


def exercise_cells(nb: NotebookNode) -> list[tuple[str, Any]]:
    """The cells in which an exercise is checked, with its name."""
    found = [(answers([cell.source], EXERCISES), cell) for _, cell in code_cells(nb)]
    return [(name, cell) for names, cell in found for name in names]


def solved(name: str, source: str) -> str:
    """The source of an exercise's cell with a right answer in the place of the empty one."""
    exercise = EXERCISES[name]
    if isinstance(exercise, Prediction):
        judged = "".join(f"        {statement!r}: {answer},\n" for statement, (answer, _) in exercise.truth.items())
        return f"def {name}():\n    return {{\n{judged}    }}\n\n\ncheck.{name}({name})"
    called = answers([source], EXERCISES)[name].expression
    rest = [node for node in ast.parse(source).body if not (isinstance(node, ast.FunctionDef) and node.name == called)]
    answer = exercise.source().text
    return "\n\n\n".join([answer, *(ast.unparse(node).replace(f"({called})", f"({name})") for node in rest)])


def _write(path: Path, nb: NotebookNode) -> None:
    write_whole(path, nbformat.writes(nb) + "\n")
