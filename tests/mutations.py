"""Do the tests notice a wrong package? `python -m tests.mutations [--count 48] [--seed 0] [--tests DIR]`.

One small fault at a time is put into `papers`, `train`, `data` or `nets`: an operator or a comparison swapped, a
constant changed, two arguments exchanged, a `detach` or `no_grad` taken out, a condition turned. Then the tests of the
file run until the first failure. What survives is printed. Nothing is written: each fault lives in a process of its
own, which is forked after torch is loaded.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LAYERS = ("papers", "train", "data", "nets")
SECONDS = 90  # of computing, for the tests of one fault
CAUGHT, SURVIVED, UNDECIDED = 1, 0, 2

SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip

SPOT_ADAPTIVE = ("papers/test_spot_adaptive.py", "papers/test_spot_adaptive_training.py")
# The tests of a file are those of its name; these have others as well, or another name.
OTHERS = {
    "papers": ("papers/test_methods.py",),
    "train": ("train/test_fit.py", "train/test_hooks.py", "train/test_resume.py"),
    "data": ("data",),
    "nets": ("nets",),
    "settings/data_free": ("settings/test_data_free.py", "cli/test_distil.py"),
    "papers/choosers": ("papers/test_choosers.py", *SPOT_ADAPTIVE),
    "papers/decisions": ("papers/test_decisions.py", *SPOT_ADAPTIVE),
    "papers/routing": ("papers/test_routing.py", *SPOT_ADAPTIVE),
    "papers/spot_adaptive": (*SPOT_ADAPTIVE, "papers/test_choosers.py", "papers/test_routing.py"),
    "papers/adapters": ("papers/test_fitnets.py", "papers/test_overhaul.py", "papers/test_selectivity.py"),
    "papers/features": ("papers/test_fitnets.py", "papers/test_overhaul.py", "papers/test_spot_adaptive_training.py"),
    "papers/tensors": ("papers/test_probabilistic.py", "papers/test_relational.py", "papers/test_hazards.py"),
}


class Fault(NamedTuple):
    """One change of one file."""

    module: str  # such as kdtutor.papers.fsp
    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}  {self.before}  →  {self.after}"


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Every fault that this node alone may have."""
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS and not _text(node):
        yield _with(node, op=SWAPS[type(node.op)]())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield _with(node, ops=[SWAPS[type(node.ops[0])](), *node.ops[1:]])
    if isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
        yield ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand
    if isinstance(node, ast.Call):
        if len(node.args) >= 2 and not any(isinstance(arg, ast.Starred) for arg in node.args):
            yield _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("detach", "clone", "abs", "sqrt", "square"):
            yield node.func.value
        if ast.unparse(node.func) in ("torch.no_grad", "torch.inference_mode"):
            yield _with(node, func=ast.parse("torch.enable_grad", mode="eval").body)
    if isinstance(node, ast.IfExp):
        yield _with(node, body=node.orelse, orelse=node.body)


def faults(path: Path) -> list[Fault]:
    """Every fault of a file, outside of messages, annotations and defaults that a caller names."""
    source = path.read_text()
    tree = ast.parse(source)
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    found = []
    for parent, name, index, node in _places(tree):
        for variant in variants(node):
            _put(parent, name, index, ast.copy_location(variant, node))
            changed = ast.unparse(ast.fix_missing_locations(tree))
            _put(parent, name, index, node)
            found.append(Fault(module, node.lineno, ast.unparse(node), ast.unparse(variant), changed))  # type: ignore
    return found


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list") or isinstance(value, ast.JoinedStr):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_check(child):
                yield node, name, index, child
                yield from _places(child)


def _is_check(node: ast.AST) -> bool:
    """A refusal of bad input, whose tests are those of `test_bad_input.py`."""
    call = node.value if isinstance(node, ast.Expr) else node
    return isinstance(call, ast.Call) and ast.unparse(call.func) in ("require", "choose")


def _text(node: ast.BinOp | ast.BoolOp) -> bool:
    return any(isinstance(part, ast.JoinedStr) for part in ast.walk(node))


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _put(parent: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


def chosen(count: int, seed: int) -> list[Fault]:
    """As many faults of each layer, drawn file by file so that a long file has no more than its share."""
    draw = random.Random(seed)
    found: dict[tuple[str, int, str], Fault] = {}
    for number, layer in enumerate(LAYERS, 1):
        paths = sorted(path for path in (ROOT / "kdtutor" / layer).glob("*.py") if path.stem != "__init__")
        while len(found) < count * number // len(LAYERS):
            if candidates := faults(draw.choice(paths)):
                fault = draw.choice(candidates)
                found[fault.module, fault.line, fault.after] = fault
    return list(found.values())


def tests_of(fault: Fault, tests: Path) -> list[Path]:
    """The test files that ought to notice."""
    _, layer, name = fault.module.split(".")
    own = [path for path in OTHERS.get(f"{layer}/{name}", (f"{layer}/test_{name}.py",)) if (tests / path).exists()]
    return [tests / path for path in dict.fromkeys([*own, *OTHERS[layer]])]


class Faulty(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed source."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.fault.module else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(ROOT / Path(*self.fault.module.split(".")).with_suffix(".py"))
        exec(compile(self.fault.source, module.__file__, "exec"), module.__dict__)


def outcome(fault: Fault, tests: Path) -> int:
    """Run the tests of a fault in a fork of this process."""
    child = os.fork()
    if child == 0:
        import pytest

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        sys.meta_path.insert(0, Faulty(fault))
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(tests.parent)]
        code = pytest.main([*options, *map(str, tests_of(fault, tests))])
        told = {pytest.ExitCode.OK: SURVIVED, pytest.ExitCode.TESTS_FAILED: CAUGHT, pytest.ExitCode.INTERRUPTED: CAUGHT}
        os._exit(told.get(pytest.ExitCode(code), UNDECIDED))  # interrupted: it cannot even be imported
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return UNDECIDED if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else CAUGHT
    return os.WEXITSTATUS(status)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tests", type=Path, default=ROOT / "tests", help="a folder of tests of another state")
    options = parser.parse_args()
    import pandas  # noqa: F401  (loaded once, before the forks)
    import torch

    torch.set_num_threads(1)
    results = {}
    for fault in chosen(options.count, options.seed):
        began = time.monotonic()
        results[fault] = outcome(fault, options.tests.resolve())
        word = {CAUGHT: "caught", SURVIVED: "SURVIVED", UNDECIDED: "undecided"}[results[fault]]
        print(f"{word:9} {time.monotonic() - began:5.1f} s  {fault}", flush=True)
    caught, decided = (sum(result in kinds for result in results.values()) for kinds in ((CAUGHT,), (CAUGHT, SURVIVED)))
    print(f"{caught} of {decided} caught ({caught / decided:.0%}); {len(results) - decided} not decided in {SECONDS} s")


if __name__ == "__main__":
    main()
