"""What is taught: one file per paper, its mathematics as functions and its training as one class.

A paper's module loads on first use. `METHODS` holds what says *what* is matched, by name; `get` finds any method.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, cast

from torch import nn

from .. import methods
from ..data import TASKS
from ..errors import choose
from ..moved import moved
from ..train import Distiller


class _Methods(Mapping[str, type[Distiller]]):
    """Classes by the names of their methods. Acronyms and aliases are taken, too, in any case: `METHODS["RKD"]`."""

    def __getitem__(self, name: str) -> type[Distiller]:
        return cast(type[Distiller], get(name, methods.matched()))

    def __iter__(self) -> Iterator[str]:
        return (row.name for row in methods.matched())

    def __len__(self) -> int:
        return len(methods.matched())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and methods.known(name, methods.matched())

    def get(self, name: str, default: Any = None) -> Any:
        """As of any mapping: `default` for a name that is not known."""
        return self[name] if name in self else default  # noqa: SIM401


METHODS: Mapping[str, type[Distiller]] = _Methods()
"""Every method of the command line. Raises `UnknownName` with the nearest name for any other."""


def method(name: str) -> type[Distiller]:
    """The `Distiller` of the method `name`, one of `METHODS`, by its name, acronym or alias.

    >>> method("RKD").__name__
    'Relational'
    """
    return METHODS[name]


def get(name: str, rows: Iterable[methods.Method] = methods.ROWS) -> type[nn.Module]:
    """The class of any method of the course by its name, acronym or alias: `get("RKD")`, `get("SAKD")`, `get("gan")`.

    Raises `UnknownName` with the nearest name for any other, and for what is none of `rows`.

    >>> get("SAKD").__name__, get("gan").__name__
    ('SpotAdaptive', 'Distil')
    """
    module, _, kind = methods.find(name, rows).home.partition(":")
    found: type[nn.Module] = getattr(import_module(f".{module}", __name__), kind)
    return found


def admitting(task: str) -> tuple[str, ...]:
    """The names of the methods that admit a task, one of `kdtutor.data.TASKS`. Features are matched by all of them.

    >>> "attention" in admitting("regression"), "decoupled" in admitting("regression")
    (True, False)
    """
    wanted = TASKS[choose("task", task, TASKS)]
    return tuple(name for name, kind in METHODS.items() if issubclass(wanted, kind.tasks))


_MODULES = tuple(module.name for module in iter_modules(__path__))
__all__ = ["METHODS", "admitting", "get", "method", *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    return moved(__name__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
