"""Which exercises the reader has passed, and what comes next: kept in one file, and only if the reader asks for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ..errors import DataError
from ..files import RUNS, read_json, write_whole
from .map import FOLDER, LESSONS, Lesson

FILE = "progress.json"
UNKEPT = "nothing is kept: ask for it with `kdtutor progress --keep`, or by the box in lesson 0"


def place() -> Path:
    """Where progress is kept: in runs/ of this folder, or of the lessons where only that is there."""
    here, course = RUNS / FILE, FOLDER / RUNS / FILE
    return course if course.is_file() and not here.is_file() else here


def kept() -> bool:
    """Whether the reader has asked for it."""
    return place().is_file()


def keep() -> Path:
    """Remember from now on which exercises are passed; what is remembered already stays."""
    return place() if kept() else _write(set())


def forget() -> None:
    """Remove what is kept, and keep nothing from now on."""
    place().unlink(missing_ok=True)


def passed() -> frozenset[str]:
    """The names of the exercises that were passed. Raises `DataError` where the file is damaged."""
    if not kept():
        return frozenset()
    try:
        names = read_json(place().read_bytes())["passed"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("it lists no names")
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{place()} is damaged ({error}); `kdtutor progress --forget` removes it") from None
    return frozenset(names)


def record(name: str) -> None:
    """Remember that an exercise was passed, if the reader has asked for it."""
    if kept() and name not in (before := passed()):
        _write({*before, name})


def _write(names: set[str]) -> Path:
    return write_whole(place(), json.dumps({"passed": sorted(names)}, indent=1) + "\n")


@dataclass(frozen=True)
class Progress:
    """The exercises of every lesson, those of them that were passed, and what is kept at all."""

    exercises: Mapping[Lesson, tuple[str, ...]]
    passed: frozenset[str]
    kept: bool

    @property
    def next(self) -> tuple[Lesson, str] | None:
        """The first exercise that is not passed, with its lesson; None when all are."""
        open_ones = ((lesson, name) for lesson, names in self.exercises.items() for name in names)
        return next(((lesson, name) for lesson, name in open_ones if name not in self.passed), None)

    def __repr__(self) -> str:
        rows = [f"{lesson.number:2}  {self._done(names):8}  {lesson.title}" for lesson, names in self.exercises.items()]
        return "\n".join([*(rows if self.kept else []), self.sentence])

    @property
    def sentence(self) -> str:
        """How many are passed, and what comes next."""
        if not self.kept:
            return UNKEPT
        names = [name for names in self.exercises.values() for name in names]
        count = f"{len(self.passed.intersection(names))} of {len(names)} exercises passed"
        if self.next is None:
            return f"{count}: the course is done"
        lesson, name = self.next
        return f"{count}; next: {name}, in lesson {lesson.number}, {lesson.title}"

    def _done(self, names: tuple[str, ...]) -> str:
        return f"{len(self.passed.intersection(names))} of {len(names)}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{lesson.number}</td><td><a href='{lesson.file}'>{escape(lesson.title)}</a></td>"
            f"<td>{self._done(names)}</td></tr>"
            for lesson, names in self.exercises.items()
        )
        heads = "".join(f"<th scope='col'>{head}</th>" for head in ("no.", "lesson", "passed"))
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if self.kept else ""
        return f"{table}<p>{escape(self.sentence)}</p>"


def progress() -> Progress:
    """How far the reader is."""
    from .check import OF_LESSON  # here: every exercise records its passing through this module

    lessons = {lesson.method.name if lesson.method else "start": lesson for lesson in LESSONS}
    return Progress({lessons[module]: names for module, names in OF_LESSON.items()}, passed(), kept())
