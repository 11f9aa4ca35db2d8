"""Wrong answers to every check: each is refused, and the likely ones get their name."""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from kdtutor.course import check
from kdtutor.course.exercise import Exercise
from kdtutor.course.prediction import Prediction
from tests.course import wrong_answers as tables
from tests.course.right_answers import RIGHT
from tests.course.wrong_answers import kinds

TABLES = [import_module(f"{tables.__name__}.{found.name}") for found in iter_modules(tables.__path__)]
TABLE: list[tuple[str, str, Callable[..., Any], str]] = [
    row for table in TABLES if table is not kinds for row in table.ANSWERS
]


def wrong_answers(name: str) -> list[tuple[str, Callable[..., Any], str]]:
    exercise: Exercise = getattr(check, name)
    made = kinds.misjudged(exercise) if isinstance(exercise, Prediction) else kinds.spoiled(exercise)
    return [*made, *(row[1:] for row in TABLE if row[0] == name)]


@pytest.mark.parametrize("name", check.__all__)
def test_every_wrong_answer_is_refused_and_says_why(name: str) -> None:
    exercise: Exercise = getattr(check, name)
    answers = wrong_answers(name)
    assert len({label for label, _, _ in answers}) == len(answers) >= 8
    for label, function, words in answers:
        verdict = exercise(function)
        assert verdict.state == "not yet" and words in verdict.sentence, f"{label}: {verdict!r}"
        assert verdict.sentence and "not your fault" not in verdict.sentence, f"{label}: {verdict!r}"


def test_every_exercise_to_write_has_a_table_of_its_own() -> None:
    for name in check.__all__:
        if not isinstance(getattr(check, name), Prediction):
            assert sum(row[0] == name for row in TABLE) >= 8, name


@pytest.mark.parametrize(
    ("name", "label", "function"), RIGHT, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_right_answer_in_another_form_passes(name: str, label: str, function: Callable[..., Any]) -> None:
    assert repr(getattr(check, name)(function)) == "[passed]"
