"""The public names of kdtutor, found by walking the package: no list of them is kept anywhere.

Public is every function and class that a module defines under a name without underscore, and whatever a package's
`__all__` names. Left out are the command line, which has a page of its own, and what lessons run by name (exercises,
studies, questions).
"""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import resolve_name
from itertools import pairwise
from pathlib import Path
from pkgutil import walk_packages
from types import FunctionType, ModuleType
from typing import Any

import kdtutor

ROOT = Path(__file__).resolve().parent.parent

NO_INTERFACE = ("kdtutor.cli", "kdtutor.course.exercises", "kdtutor.course.studies", "kdtutor.course.questions")


@dataclass(frozen=True)
class Name:
    """A public name, and the module that defines it."""

    module: str
    name: str
    value: Any

    @property
    def full(self) -> str:
        """As one imports it: kdtutor.papers.hinton.kd_loss."""
        return f"{self.module}.{self.name}"

    @property
    def kind(self) -> str:
        """Whether it is a class, a function or data, by the names of sphinx's directives."""
        return "class" if inspect.isclass(self.value) else "function" if inspect.isroutine(self.value) else "data"


@cache
def modules() -> tuple[str, ...]:
    """Every module of the interface, packages included, in the order of their names."""
    found = (at.name for at in walk_packages(kdtutor.__path__, "kdtutor.") if not _hidden(at.name))
    return ("kdtutor", *sorted(found))


def _hidden(module: str) -> bool:
    left_out = any(f"{module}.".startswith(f"{other}.") for other in NO_INTERFACE)
    return left_out or any(part.startswith("_") for part in module.split("."))


@cache
def packages() -> tuple[str, ...]:
    """kdtutor itself and its layers."""
    return tuple(name for name in modules() if _is_package(import_module(name)))


def _is_package(module: ModuleType) -> bool:
    return hasattr(module, "__path__")


@cache
def defined(module: str) -> tuple[Name, ...]:
    """What a module defines, in its order: functions and classes, and the data that a package names in `__all__`."""
    found = import_module(module)
    lines = _lines(found)
    return tuple(
        Name(module, name, getattr(found, name))
        for name in sorted(lines, key=lines.__getitem__)
        if _is_own(module, name, vars(found).get(name)) or (module, name) in _exported_data()
    )


def _is_own(module: str, name: str, value: Any) -> bool:
    return _is_code(value) and not name.startswith("_") and (value.__module__, value.__name__) == (module, name)


def _is_code(value: Any) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value)


@cache
def everything() -> tuple[Name, ...]:
    """Every public name, once."""
    return tuple(name for module in modules() for name in defined(module))


@cache
def exported(package: str) -> dict[str, Name | ModuleType]:
    """What a package's `__all__` names, or what it defines where it has none: where that is defined, or the module."""
    found = import_module(package)
    told: dict[str, Name | ModuleType] = {}
    for name in getattr(found, "__all__", None) or [name for name in _lines(found) if not name.startswith("_")]:
        value = getattr(found, name)
        home = value.__module__ if _is_code(value) else _origin(name, package)
        told[name] = value if inspect.ismodule(value) else Name(home, name, value)
    return told


@cache
def _exported_data() -> frozenset[tuple[str, str]]:
    told = [at for package in packages() for at in exported(package).values()]
    return frozenset((at.module, at.name) for at in told if isinstance(at, Name) and at.kind == "data")


def methods(owner: type) -> Iterator[str]:
    """The public methods and properties that a class defines itself."""
    kinds = (FunctionType, property, classmethod, staticmethod)
    return (name for name, value in vars(owner).items() if not name.startswith("_") and isinstance(value, kinds))


def data_docs(module: str) -> dict[str, str]:
    """The texts that stand below a module's data."""
    body = ast.parse(inspect.getsource(import_module(module))).body
    return {
        name: text.value.value
        for node, text in pairwise(body)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        for name in _targets(node)
    }


def _lines(module: ModuleType) -> dict[str, int]:
    """The line of each name that the module's own text defines."""
    body = ast.parse(inspect.getsource(module)).body
    code = {node.name: node.lineno for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return code | {name: node.lineno for node in body for name in _targets(node)}


def _targets(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]


def _origin(name: str, module: str) -> str:
    """The module that defines what `module` imports as `name`, however many imports it has come through."""
    nodes = [
        node for node in ast.parse(inspect.getsource(import_module(module))).body if isinstance(node, ast.ImportFrom)
    ]
    for node in nodes:
        if node.module and name in (alias.asname or alias.name for alias in node.names):
            return _origin(
                name, resolve_name(f"{'.' * node.level}{node.module}", vars(import_module(module))["__package__"])
            )
    return module
