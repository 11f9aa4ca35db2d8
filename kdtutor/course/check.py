"""Every exercise of the course by name: `check.kd_loss(kd_loss)` says how far the reader's function is.

The exercises of a lesson are those of its module in `exercises`; whoever adds one there finds it here.
"""

from difflib import get_close_matches
from importlib import import_module

from ..methods import taught
from .exercise import Exercise
from .prediction import Prediction

MODULES = ("start", *(row.name for row in taught()))


def _all() -> dict[str, Exercise | Prediction]:
    modules = [import_module(f".exercises.{name}", __package__) for name in MODULES]
    named = [(name, value) for module in modules for name, value in vars(module).items() if not name.startswith("_")]
    return {name: value for name, value in named if isinstance(value, Exercise | Prediction)}


EXERCISES = _all()
__all__ = sorted(EXERCISES)


def __getattr__(name: str) -> Exercise | Prediction:
    if name in EXERCISES:
        return EXERCISES[name]
    near = get_close_matches(name, EXERCISES, n=1)
    raise AttributeError(f"there is no exercise {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def __dir__() -> list[str]:
    return __all__
