"""Which explorers compute on the page: a module for each module of `kdtutor.widgets`, with a row for each class."""

import importlib
import pkgutil
from functools import cache

from .front import Front, Numbers

__all__ = ["Front", "Numbers", "front_of", "fronts"]


@cache
def fronts() -> dict[type, Front]:
    """The front of each class, from all modules of this package that have FRONTS."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {kind: front for module in modules for kind, front in getattr(module, "FRONTS", {}).items()}


def front_of(kind: type) -> Front | None:
    """The front of a class of explorers; None where its pictures are stored."""
    return fronts().get(kind)
