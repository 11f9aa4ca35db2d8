"""What you solve and what you run: exercises with their checks, and the stored studies."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..moved import moved

if TYPE_CHECKING:
    from . import check, studies

__all__ = ["check", "studies"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f".{name}", __name__)
    return moved(__name__, name)
