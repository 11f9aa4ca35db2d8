"""The answers in a notebook: for each exercise the function that is checked, and the statements that it needs.

Found by the calls `check.NAME(function)` alone, wherever they are, and without running anything.
"""

import ast
import re
import symtable
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

MAGIC = re.compile(r"(?m)^(\s*)[%!].*$")
CHECKED = re.compile(r"\bcheck\.(\w+)\(")
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Answer:
    """What a notebook gives for one exercise.

    program: statements to run first. expression: what is the function then. unwritten: nothing but `...` is there.
    fault: why it cannot be read, where it cannot.
    """

    name: str
    program: str = ""
    expression: str = ""
    unwritten: bool = False
    fault: str = ""


@dataclass(frozen=True)
class _Statement:
    node: ast.stmt
    binds: frozenset[str]
    uses: frozenset[str]


def answers(cells: Sequence[str], exercises: Collection[str]) -> dict[str, Answer]:
    """The answer to each of `exercises` that a notebook with these code cells checks; of several checks the last.

    An answer's program has what it needs of the statements before, and what those need: definitions, imports,
    assignments. Statements that wait (`await`) are left out, and so is what a function on its own line only does.
    """
    found: dict[str, Answer] = {}
    before: list[_Statement] = []
    for number, cell in enumerate(cells, 1):
        try:
            statements = _statements(cell)
        except UNREADABLE as error:
            reason = f"its cell, code cell {number}, cannot be read: {_said(error)}"
            found.update({name: Answer(name, fault=reason) for name in CHECKED.findall(cell) if name in exercises})
            continue
        for node in statements:
            for name, argument in _checks(node.node, exercises):
                found[name] = _answer(name, argument, before)
            before.append(node)
    return found


def _statements(cell: str) -> list[_Statement]:
    if cell.lstrip().startswith("%%"):
        return []
    tree = ast.parse(MAGIC.sub(r"\1pass", cell))
    return [_Statement(node, *_names(node)) for node in tree.body if not _waits(node)]


def _names(node: ast.stmt) -> tuple[frozenset[str], frozenset[str]]:
    """The global names that a statement binds or changes, and those that it uses, in bodies of functions too."""
    binds: set[str] = set()
    uses: set[str] = set()
    top = symtable.symtable(ast.unparse(node), "cell", "exec")
    for symbol in top.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            binds.add(symbol.get_name())
        if symbol.is_referenced():
            uses.add(symbol.get_name())
    for table in _inside(top):
        uses |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    for part in ast.walk(node):
        if isinstance(part, (ast.Subscript, ast.Attribute)) and isinstance(part.ctx, ast.Store):
            binds |= {name.id for name in ast.walk(part.value) if isinstance(name, ast.Name)}
    return frozenset(binds), frozenset(uses)


def _inside(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _inside(child)


def _waits(node: ast.stmt) -> bool:
    """Whether a statement awaits by itself; a coroutine that is only defined does not."""
    if isinstance(node, (ast.AsyncFunctionDef, ast.FunctionDef, ast.ClassDef)):
        return False
    return any(isinstance(part, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for part in ast.walk(node))


def _checks(node: ast.stmt, exercises: Collection[str]) -> Iterator[tuple[str, ast.expr]]:
    for part in ast.walk(node):
        match part:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="check"), attr=name), args=[argument]):
                if name in exercises:
                    yield name, argument


def _answer(name: str, argument: ast.expr, before: Sequence[_Statement]) -> Answer:
    end = len(before)
    wanted = {(part.id, end) for part in ast.walk(argument) if isinstance(part, ast.Name)}
    chosen: set[int] = set()
    while True:
        more = {i for each in wanted for i in _binding(*each, before)} - chosen
        if not more:
            break
        chosen |= more
        # what stands in a function is looked up when it is called: at the latest by the check
        wanted = {(used, place) for i in more for used in before[i].uses for place in (i, end)}
    program = "\n".join(ast.unparse(before[i].node) for i in sorted(chosen))
    return Answer(name, program, ast.unparse(argument), _unwritten(argument, before))


def _binding(name: str, place: int, before: Sequence[_Statement]) -> Iterator[int]:
    """The statements before a place that make a name what it is there: the last that binds it anew, and those since
    that change it."""
    for i in range(place - 1, -1, -1):
        if name in before[i].binds or _binds_any(before[i].node):
            yield i
            if _anew(name, before[i].node):
                return


def _anew(name: str, node: ast.stmt) -> bool:
    """Whether nothing of what a name was before is left after a statement that binds it."""
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    if _binds_any(node):
        return False
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))


def _binds_any(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _unwritten(argument: ast.expr, before: Sequence[_Statement]) -> bool:
    """Whether the last function of this name has no body yet: nothing but `...`, `pass`, a docstring, `return`."""
    if isinstance(argument, ast.Constant):
        return argument.value in (None, ...)
    name = argument.id if isinstance(argument, ast.Name) else None
    bound = [one.node for one in before if name in one.binds]
    last = bound[-1] if bound else None
    return isinstance(last, ast.FunctionDef) and all(map(_empty, last.body))


def _empty(node: ast.stmt) -> bool:
    match node:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Return(value=None):
            return True
    return False


def _said(error: BaseException) -> str:
    line = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}{line}: {text}".rstrip(": ")
