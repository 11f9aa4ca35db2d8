"""Every exercise of every lesson: nothing done, done, and each mistake that has a name."""

from functools import partial
from importlib import import_module

import pytest

from kdtutor.course import check
from kdtutor.course.exercise import Exercise
from kdtutor.course.prediction import Prediction
from tests.course.wrong_answers.kinds import retyped

EXERCISES: list[Exercise] = [getattr(check, name) for name in check.__all__]
WITH_MISTAKES = [(exercise, diagnosis) for exercise in EXERCISES for diagnosis in exercise.mistakes]
PREDICTIONS = [exercise for exercise in EXERCISES if isinstance(exercise, Prediction)]


def by_name(value: object) -> str | None:
    return value.name if isinstance(value, Exercise) else None


def test_an_exercise_is_called_what_a_reader_types() -> None:
    assert [exercise.name for exercise in EXERCISES] == list(check.__all__)


def test_no_two_lessons_have_an_exercise_of_one_name() -> None:
    modules = [import_module(f"kdtutor.course.exercises.{name}") for name in check.MODULES]
    found = [name for module in modules for name, value in vars(module).items() if isinstance(value, Exercise)]
    assert len(found) == len(set(found)) == len(EXERCISES)


@pytest.mark.parametrize("exercise", EXERCISES, ids=by_name)
def test_nothing_done_is_to_do(exercise: Exercise) -> None:
    assert repr(exercise(lambda *_: ...)) == "[to do]"


@pytest.mark.parametrize("exercise", EXERCISES, ids=by_name)
def test_the_solution_as_a_reader_types_it_passes(exercise: Exercise) -> None:
    assert repr(exercise(retyped(exercise))) == "[passed]"
    assert exercise.solution().code and exercise.hints


@pytest.mark.parametrize("exercise", EXERCISES, ids=by_name)
def test_the_exercises_own_solution_is_no_answer(exercise: Exercise) -> None:
    for function in (exercise._solution, lambda *a: exercise._solution(*a), partial(exercise._solution)):
        verdict = exercise(function)
        assert verdict.state == "not yet" and "own" in verdict.sentence


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


@pytest.mark.parametrize("prediction", PREDICTIONS, ids=by_name)
def test_a_quiz_says_nothing_before_all_is_judged_and_then_all(prediction: Prediction) -> None:
    truth = {statement: answer for statement, (answer, _) in prediction.truth.items()}
    wrong = {statement: not answer for statement, answer in truth.items()}
    first = next(iter(truth))
    for partly in ({**wrong, first: ...}, {**wrong, first: None}):
        verdict = prediction(lambda partly=partly: partly)
        assert repr(verdict) == "[to do]" and f"1 of {len(truth)} are left" in verdict.task
    verdict = prediction(lambda: wrong)
    assert verdict.sentence.startswith(f"0 of {len(truth)} are right.")
    assert all(
        f"{statement}: think again; {why}" in verdict.sentence for statement, (_, why) in prediction.truth.items()
    )
    for odd in ("False", 0, 1, "no"):
        assert "neither True nor False" in prediction(lambda odd=odd: {**truth, first: odd}).sentence
    assert "dictionary" in prediction(lambda: {first: truth[first]}).sentence
