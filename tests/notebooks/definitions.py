"""Takes the definitions out of a notebook without running it: what the reader reads is what the tests test."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

FOLDER = Path(__file__).parents[2] / "notebooks"


def definitions(name: str, folder: Path = FOLDER) -> dict[str, FunctionType]:
    """The functions that a notebook itself defines, by name; of several with one name the last.

    Only imports, functions and constants in capitals are executed. An exercise without a body is no definition, and
    a later import of the package's function does not hide the notebook's own.
    """
    scope: dict[str, Any] = {"__name__": f"notebooks.{name}"}
    own: dict[str, FunctionType] = {}
    for statement in _statements(folder / f"{name}.ipynb"):
        if isinstance(statement, (ast.Import, ast.ImportFrom)) or _is_constant(statement):
            _execute(statement, scope)
        elif isinstance(statement, ast.FunctionDef) and not _is_exercise(statement):
            _execute(statement, scope)
            own[statement.name] = scope[statement.name]
    # A function looks its helpers up when it is called: it should find the notebook's, not the package's.
    scope.update(own)
    return own


def _statements(path: Path) -> Iterator[ast.stmt]:
    transform = TransformerManager().transform_cell  # a magic or a shell line becomes Python
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            yield from ast.parse(transform(cell.source), filename=path.name).body


def _execute(statement: ast.stmt, scope: dict[str, Any]) -> None:
    exec(compile(ast.Module([statement], type_ignores=[]), scope["__name__"], "exec"), scope)


def _is_constant(statement: ast.stmt) -> bool:
    """NAME = …, of numbers and other constants: nothing that would be computed."""
    if not isinstance(statement, ast.Assign) or any(isinstance(node, ast.Call) for node in ast.walk(statement)):
        return False
    return all(isinstance(target, ast.Name) and target.id.isupper() for target in statement.targets)


def _is_exercise(function: ast.FunctionDef) -> bool:
    """Whether the body is nothing but `...` (and a docstring), `pass` or `raise NotImplementedError`."""
    body = [part for part in function.body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
    return all(isinstance(part, ast.Pass) or "NotImplementedError" in ast.dump(part) for part in body)
