"""Which line of a cell failed, and on which values. It runs in the notebook's kernel: standard library alone."""

import ast
import json
import linecache
import sys
import traceback
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any

SHOWN = 60  # characters of a value


def blame() -> str:
    """The failing statement of the last cell that raised, as JSON: its line, its text, the values in an assertion."""
    error = sys.last_value
    frames = list(traceback.walk_tb(error.__traceback__ if error else None))
    cell = next((frame.f_code.co_filename for frame, _ in frames if frame.f_globals.get("__name__") == "__main__"), "")
    inside = [(frame, row) for frame, row in frames if frame.f_code.co_filename == cell]
    if isinstance(error, SyntaxError) or not inside:
        return json.dumps({"row": getattr(error, "lineno", None), "line": (getattr(error, "text", "") or "").strip()})
    frame, row = inside[-1]
    lines = linecache.getlines(cell)
    statement = _statement(ast.parse("".join(lines)), row)
    if statement is None or hasattr(statement, "body"):  # of a loop or a condition only its head
        return json.dumps({"row": row, "line": lines[row - 1].strip()})
    text = " ".join(line.strip() for line in lines[statement.lineno - 1 : statement.end_lineno])
    failed = isinstance(statement, ast.Assert) and isinstance(error, AssertionError)
    values = dict(_values(statement.test, frame)) if failed else {}  # type: ignore[attr-defined]
    return json.dumps({"row": statement.lineno, "line": text, "values": values})


def _statement(tree: ast.Module, row: int) -> ast.stmt | None:
    """The innermost statement that covers a line."""
    covering = [
        node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno <= row <= (node.end_lineno or 0)
    ]
    return covering[-1] if covering else None  # ast.walk goes from the outside inwards


def _values(node: ast.AST, frame: FrameType) -> Iterator[tuple[str, str]]:
    """What the names in an expression stand for, with their attributes and items; nothing is called again."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        called = any(isinstance(part, (ast.Call, ast.NamedExpr)) for part in ast.walk(node))
        found, value = (False, None) if called else _evaluated(node, frame)
        if found and not callable(value) and not isinstance(value, ModuleType):
            yield ast.unparse(node), _short(value)
            return
    for part in ast.iter_child_nodes(node):
        yield from _values(part, frame)


def _evaluated(node: ast.expr, frame: FrameType) -> tuple[bool, Any]:
    try:
        return True, eval(ast.unparse(node), frame.f_globals, dict(frame.f_locals))
    except Exception:  # a comprehension's own name, an absent key: it is left out
        return False, None


def _short(value: Any) -> str:
    text = " ".join((f"{value:.6g}" if isinstance(value, float) else repr(value)).split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
