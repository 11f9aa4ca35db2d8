"""The folder of an assignment: what students get, what only their instructor has, and what grading leaves in it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from ... import __version__
from ...course.check import EXERCISES
from ...course.observe import Case
from ...course.packed import pack, unpack
from ...errors import DataError, require
from ...files import read_json, write_whole
from ..notebooks import code_cells, read

ABOUT, STUDENT, HIDDEN, KEY = "assignment.json", "student", "hidden", "key"
RECORDS, FEEDBACK, TABLE = "graded", "feedback", "grades.csv"
FORMAT = 1
MEGABYTES = 20  # of a notebook that is handed in


@dataclass(frozen=True)
class Assignment:
    """What was given out: for each lesson the points of its exercises, and the seed of their hidden cases."""

    folder: Path
    seed: int
    lessons: Mapping[str, Mapping[str, int]]

    @property
    def points(self) -> int:
        return sum(sum(exercises.values()) for exercises in self.lessons.values())

    def exercises(self) -> Iterator[tuple[str, str, int]]:
        """Each exercise with its lesson and its points."""
        for lesson, points in self.lessons.items():
            yield from ((lesson, name, worth) for name, worth in points.items())

    def cases(self, name: str) -> list[Case]:
        """The hidden cases of an exercise. Raises `DataError` where they are damaged."""
        try:
            cases: list[Case] = unpack((self.folder / HIDDEN / f"{name}.cases").read_bytes())
        except (OSError, ValueError) as error:
            raise DataError(f"the hidden cases of {name} cannot be read ({error}); assign the lessons again") from None
        return cases

    def digest(self) -> str:
        """Another one whenever a grade may come out otherwise."""
        about = (self.folder / ABOUT).read_bytes()
        return sha256(about + __version__.encode()).hexdigest()


def write(folder: Path, seed: int, lessons: Mapping[str, Mapping[str, int]], cases: Mapping[str, list[Case]]) -> None:
    """Write what makes a folder an assignment."""
    for name, each in cases.items():
        write_whole(folder / HIDDEN / f"{name}.cases", pack(each))
    about = {"format": FORMAT, "kdtutor": __version__, "seed": seed, "lessons": lessons}
    write_whole(folder / ABOUT, json.dumps(about, indent=1) + "\n")


def opened(folder: Path) -> Assignment:
    """The assignment in a folder. Raises `DataError` where there is none."""
    require(folder.is_dir(), f"{folder} does not exist; name a folder that `kdtutor assign` has made", DataError)
    try:
        about: dict[str, Any] = read_json((folder / ABOUT).read_bytes())
        lessons = {lesson: {str(name): int(p) for name, p in each.items()} for lesson, each in about["lessons"].items()}
        found = Assignment(folder, int(about["seed"]), lessons)
    except FileNotFoundError:
        raise DataError(f"{folder} holds no {ABOUT}; name a folder that `kdtutor assign` has made") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{folder / ABOUT} is damaged ({error}); assign the lessons again") from None
    strange = [name for _, name, _ in found.exercises() if name not in EXERCISES]
    require(not strange, f"{folder / ABOUT} names {strange[:1]}, which this kdtutor does not have", DataError)
    return found


@dataclass(frozen=True)
class Submission:
    """What one student has handed in: notebooks by lesson."""

    name: str
    notebooks: Mapping[str, Path]

    def digest(self) -> str:
        parts = [f"{lesson}:{sha256(path.read_bytes()).hexdigest()}" for lesson, path in sorted(self.notebooks.items())]
        return sha256("\n".join(parts).encode()).hexdigest()


def submissions(folder: Path, lessons: Mapping[str, Any]) -> list[Submission]:
    """What lies in the folder of submissions: a folder for each student, or, of one lesson, a notebook for each.

    A student's notebooks are found by the lessons' names, wherever they lie in the folder; links are not followed.
    Raises `DataError` where the folder is absent or empty, for two submissions of one name, and where one has a lesson
    twice.
    """
    require(folder.is_dir(), f"{folder} is no folder; name the one that holds the submissions", DataError)
    entries = [each for each in sorted(folder.iterdir()) if not each.name.startswith(".") and not each.is_symlink()]
    single = next(iter(lessons)) if len(lessons) == 1 else None
    found = [Submission(each.name, _notebooks(each, lessons)) for each in entries if each.is_dir()]
    files = [each for each in entries if each.suffix == ".ipynb" and each.is_file()]
    several = f"{folder} holds notebooks of {len(lessons)} lessons side by side; give each student a folder"
    require(not files or single is not None, several, DataError)
    found += [Submission(each.stem, {single or "": each}) for each in files]
    require(bool(found), f"{folder} holds no submission: a folder of notebooks for each student", DataError)
    names = [each.name.lower() for each in found]  # feedback pages are files, and some systems know no capitals
    twice = [each.name for each in found if names.count(each.name.lower()) > 1]
    require(not twice, f"{folder} holds two submissions of the name {twice[:1]}; rename one of them", DataError)
    return sorted(found, key=lambda each: each.name)


def _notebooks(folder: Path, lessons: Mapping[str, Any]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.ipynb")):
        if path.stem in lessons and path.is_file() and not path.is_symlink() and ".ipynb_checkpoints" not in path.parts:
            again = f"{folder.name} holds {path.name} twice, {found.get(path.stem)} and {path}; remove one of them"
            require(path.stem not in found, again, DataError)
            found[path.stem] = path
    return found


def cells(path: Path) -> list[str]:
    """The code cells of a notebook that somebody has handed in. Raises `Error` where it cannot be read."""
    size = path.stat().st_size / 1e6
    require(size <= MEGABYTES, f"{path.name} has {size:.0f} MB; at most {MEGABYTES} are read", DataError)
    try:
        nb: NotebookNode = read(path)
        return [str(cell.source) for _, cell in code_cells(nb)]
    except (RecursionError, AttributeError, TypeError, KeyError, UnicodeError) as error:
        raise DataError(f"{path.name} is not a notebook that can be read ({type(error).__name__})") from None
