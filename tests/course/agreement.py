"""Whether a function computes what an exercise asks for, be it allowed as an answer or not."""

from collections.abc import Callable
from typing import Any

from kdtutor.course.exercise import Exercise
from kdtutor.course.observe import observe


def computes(exercise: Exercise, function: Callable[..., Any]) -> bool:
    """Values and gradients are the solution's, in every case."""
    cases = exercise.cases
    return exercise._agree([observe(function, case) for case in cases], [observe(exercise._solution, c) for c in cases])
