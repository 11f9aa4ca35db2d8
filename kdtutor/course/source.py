"""The source of a function as a reader would type it into an empty notebook."""

import ast
import inspect
import textwrap
from types import ModuleType
from typing import Any

from .observe import Function


def as_typed(function: Function, name: str) -> str:
    """The imports that the function needs, its header under `name` and without types, and its body as it is written.

    Raises OSError or TypeError where there is no source.
    """
    source = textwrap.dedent(inspect.getsource(function)).rstrip()
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.FunctionDef) or node.body[0].lineno == node.lineno:
        return source
    used = {part.id for line in node.body for part in ast.walk(line) if isinstance(part, ast.Name)}
    space = function.__globals__
    imports = [_import(word, space[word]) for word in sorted(used & set(space))]
    header = f"def {name}({', '.join(inspect.signature(function).parameters)}):"
    body = source.splitlines()[node.body[0].lineno - 1 :]
    return "\n".join([*imports, *(["", ""] if imports else []), header, *body])


def _import(word: str, value: Any) -> str:
    if not isinstance(value, ModuleType):
        return f"from {value.__module__} import {word}"
    parent, _, last = value.__name__.rpartition(".")
    if parent and last == word:
        return f"from {parent} import {word}"
    return f"import {value.__name__}" + (f" as {word}" if value.__name__ != word else "")
