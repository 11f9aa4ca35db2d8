"""What a grader tries: other numbers and other shapes than a check, which tell right from wrong as surely."""

import pytest
import torch
from torch import Tensor

from kdtutor.course import check
from kdtutor.course.cases import drawn, drawn_anew
from kdtutor.course.exercise import Exercise
from kdtutor.course.hidden import hidden_cases
from kdtutor.course.observe import observe
from kdtutor.course.prediction import Prediction
from tests.course.right_answers import RIGHT
from tests.course.test_wrong_answers import wrong_answers
from tests.course.wrong_answers.kinds import retyped

WRITTEN = [name for name in check.__all__ if not isinstance(getattr(check, name), Prediction)]
SEED = 41
SAMPLE = WRITTEN[::18]
WHERE = [pytest.param(name, marks=() if name in SAMPLE else pytest.mark.slow) for name in WRITTEN]


def hidden(name: str, seed: int = SEED) -> Exercise:
    exercise: Exercise = getattr(check, name)
    return exercise.with_cases(hidden_cases(exercise, seed))


def shapes(value: object) -> object:
    if isinstance(value, Tensor):
        return tuple(value.shape)
    return [shapes(part) for part in value] if isinstance(value, (tuple, list)) else value


def test_equal_seeds_give_equal_numbers_and_anew_others():
    first = drawn(3, (2, 2))[0]
    with drawn_anew(5):
        other = drawn(3, (2, 2))[0]
    assert torch.equal(first, drawn(3, (2, 2))[0]) and torch.equal(other, drawn(8, (2, 2))[0])
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", WHERE)
def test_hidden_cases_have_other_shapes_or_numbers_and_the_solution_passes_them(name: str) -> None:
    public, exercise = getattr(check, name), hidden(name)
    known = [shapes(list(case)) for case in public.cases]
    assert any(shapes(list(case)) not in known for case in exercise.cases)
    assert all(observe(exercise._solution, case).error is None for case in exercise.cases)
    assert repr(exercise(retyped(public))) == "[passed]"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "label", "function"), RIGHT, ids=lambda x: x if isinstance(x, str) else "")
def test_a_right_answer_in_another_form_passes_hidden_cases(name, label, function):
    assert repr(hidden(name)(function)) == "[passed]"


@pytest.mark.parametrize("name", WHERE)
def test_every_wrong_answer_fails_hidden_cases(name: str) -> None:
    exercise = hidden(name, seed=77)
    for label, function, _ in wrong_answers(name):
        assert exercise(function).state == "not yet", label
