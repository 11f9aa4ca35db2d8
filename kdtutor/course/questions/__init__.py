"""Five questions a lesson, each answered by a click: what is said to every answer stands in a JSON beside this file.

The page of the site reads the same files, so that a lesson asks the same with and without a kernel.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...errors import DataError, choose, require

FOLDER = Path(__file__).parent
NUMBER = 5  # of a lesson


@dataclass(frozen=True)
class Option:
    """An answer that can be chosen, whether it is right, and what is said to whoever chooses it."""

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class Question:
    """A question and its options, one of which is right."""

    id: str
    question: str
    options: tuple[Option, ...]

    @property
    def answer(self) -> Option:
        """The option that is right."""
        return next(option for option in self.options if option.right)


def lessons() -> tuple[str, ...]:
    """The lessons that have questions.

    >>> "hinton" in lessons()
    True
    """
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def asked(lesson: str) -> tuple[Question, ...]:
    """The questions of a lesson. Raises `UnknownName` for a lesson without, `DataError` for a file that is not right.

    >>> len(asked("hinton"))
    5
    """
    path = FOLDER / f"{choose('lesson with questions', lesson, lessons())}.json"
    try:
        told = tuple(_question(item) for item in json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path.name} holds no questions ({error!r}); see another lesson's file for the form") from None
    for question in told:
        right = sum(option.right for option in question.options)
        require(right == 1, f"{path.name}, {question.id}: {right} options are right; mark exactly one", DataError)
    return told


def _question(item: dict[str, Any]) -> Question:
    return Question(item["id"], item["question"], tuple(Option(**option) for option in item["options"]))


def questions(lesson: str) -> Any:
    """The questions of a lesson as a widget: choose an answer, and it says why that is right or not.

    >>> questions("hinton")
    <Questions hinton: 5 questions, each answered by a click>
    """
    from .board import Questions  # here: whoever only reads the files needs no page

    return Questions(lesson, asked(lesson))
