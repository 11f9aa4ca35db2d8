"""Every exercise of every lesson: nothing done, done, and each mistake that has a name."""

import pytest

from kdtutor.course import check
from kdtutor.course.exercise import Exercise
from kdtutor.course.prediction import Prediction

EXERCISES: list[Exercise] = [getattr(check, name) for name in check.__all__]
WITH_MISTAKES = [(exercise, diagnosis) for exercise in EXERCISES for diagnosis in exercise.mistakes]
PREDICTIONS = [exercise for exercise in EXERCISES if isinstance(exercise, Prediction)]


def by_name(value: object) -> str | None:
    return value.name if isinstance(value, Exercise) else None


def test_an_exercise_is_called_what_a_reader_types() -> None:
    assert [exercise.name for exercise in EXERCISES] == list(check.__all__)


@pytest.mark.parametrize("exercise", EXERCISES, ids=by_name)
def test_nothing_done_is_to_do(exercise: Exercise) -> None:
    assert repr(exercise(lambda *_: ...)) == "[to do]"


@pytest.mark.parametrize("exercise", EXERCISES, ids=by_name)
def test_the_solution_passes(exercise: Exercise) -> None:
    assert repr(exercise(exercise._solution)) == "[passed]"
    assert exercise.solution().code and exercise.hints


@pytest.mark.parametrize(("exercise", "diagnosis"), WITH_MISTAKES, ids=by_name)
def test_a_known_mistake_is_named(exercise: Exercise, diagnosis: str) -> None:
    assert repr(exercise(exercise.mistakes[diagnosis])) == f"[not yet] {diagnosis}"


@pytest.mark.parametrize("prediction", PREDICTIONS, ids=by_name)
def test_a_wrong_prediction_gets_its_reason(prediction: Prediction) -> None:
    right = {statement: answer for statement, (answer, _) in prediction.truth.items()}
    for statement, (answer, why) in prediction.truth.items():
        verdict = prediction(lambda statement=statement, answer=answer: {**right, statement: not answer})
        assert verdict.state == "not yet" and statement in verdict.sentence and why in verdict.sentence
        assert repr(prediction(lambda statement=statement: {**right, statement: ...})) == "[to do]"
    assert "dictionary" in prediction(lambda: 3).sentence
