"""The exercises of the first lesson: nothing done, done, and every mistake that has a name."""

import pytest

from kdtutor.course import check
from kdtutor.course.exercise import Exercise

EXERCISES = [check.accuracy, check.confusion, check.entropy]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_nothing_done_is_to_do(exercise: Exercise) -> None:
    assert repr(exercise(lambda *_: ...)) == "[to do]"


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_the_solution_passes(exercise: Exercise) -> None:
    assert repr(exercise(exercise._solution)) == "[passed]"
    assert "def " in repr(exercise.solution())


@pytest.mark.parametrize(
    ("exercise", "diagnosis"), [(exercise, diagnosis) for exercise in EXERCISES for diagnosis in exercise.mistakes]
)
def test_a_known_mistake_is_named(exercise: Exercise, diagnosis: str) -> None:
    assert repr(exercise(exercise.mistakes[diagnosis])) == f"[not yet] {diagnosis}"
