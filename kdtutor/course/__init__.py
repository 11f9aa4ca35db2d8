"""What you solve and what you run: exercises with their checks, the stored studies, the command line, the doctor."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import check, doctor, studies

__all__ = ["check", "doctor", "studies"]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
