"""Every exercise of the course by name: `check.kd_loss(kd_loss)` says how far the reader's function is.

The exercises of a lesson are those of its module in `exercises`; whoever adds one there finds it here.
"""

from difflib import get_close_matches
from importlib import import_module

from ..methods import taught
from .exercise import Exercise
from .prediction import Prediction

MODULES = ("start", *(row.name for row in taught()))


def _of(lesson: str) -> dict[str, Exercise | Prediction]:
    named = vars(import_module(f".exercises.{lesson}", __package__)).items()
    return {
        name: value for name, value in named if isinstance(value, Exercise | Prediction) and not name.startswith("_")
    }


_FOUND = {lesson: _of(lesson) for lesson in MODULES}
OF_LESSON = {lesson: tuple(found) for lesson, found in _FOUND.items()}
"""The names of each lesson's exercises, in the order of the lesson."""
EXERCISES = {name: exercise for found in _FOUND.values() for name, exercise in found.items()}
__all__ = sorted(EXERCISES)


def __getattr__(name: str) -> Exercise | Prediction:
    if name in EXERCISES:
        return EXERCISES[name]
    near = get_close_matches(name, EXERCISES, n=1)
    raise AttributeError(f"there is no exercise {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def __dir__() -> list[str]:
    return __all__
