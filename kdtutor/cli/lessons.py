"""Which notebooks and which studies a word means: a number, a method's name or acronym, a file, a folder."""

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ..course.map import notebooks_folder
from ..errors import DataError, UnknownName, choose, require
from ..methods import ROWS, find, known, taught

if TYPE_CHECKING:
    from ..course.studies import Study


def notebooks_of(words: Iterable[str | Path]) -> list[Path]:
    """The notebooks that `words` mean, in order and each once; all of the course if there is no word.

    A word is a notebook, a folder with notebooks, or means a lesson: its number, its name, its method by name, acronym
    or alias. Raises `UnknownName` with the nearest name, `DataError` where nothing is near or a folder holds none.
    """
    words = [*words] or [notebooks_folder()]
    return list(dict.fromkeys(path.resolve() for word in words for path in _notebooks(word)))


def _notebooks(word: str | Path) -> list[Path]:
    path = Path(word)
    if not path.exists():
        return [_lesson(word)]
    inside = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
    inside = [each for each in inside if ".ipynb_checkpoints" not in each.parts]
    require(bool(inside), f"{path} holds no notebook (*.ipynb)", DataError)
    return inside


def _lesson(word: str | Path) -> Path:
    """The notebook of the course that `word` means, though there is no file of that name here."""
    absent = f"{word} does not exist; name a notebook, a folder with notebooks, or a lesson by its number or method"
    require(Path(word).parent == Path(), absent, DataError)
    stem = Path(word).stem
    course = {path.stem: path for path in _notebooks(notebooks_folder())}
    number = int(stem) if stem.isdecimal() else _number(stem)
    for name, path in course.items():
        if stem in (name, _method(name)) or (number is not None and name.startswith(f"{number:02}_")):
            return path
    near = get_close_matches(stem.lower(), {*course, *map(_method, course), *_TAUGHT}, n=1)
    require(bool(near), absent, DataError)
    raise UnknownName(f"{str(word)!r} is not a known notebook. Did you mean {near[0]!r}? Or name a file, or a folder.")


def _number(word: str) -> int | None:
    """The number of the lesson that teaches a method; None if `word` is no method."""
    if not known(word):
        return None
    row = find(word)
    require(row.lesson is not None, f"{row.label} has no lesson, and so no notebook and no studies", UnknownName)
    return row.lesson


def _method(notebook: str) -> str:
    return notebook.partition("_")[2]


def studies_of(words: Iterable[str]) -> list["Study"]:
    """The studies that `words` mean, in order and each once; all of them if there is no word.

    A word is a study, be it only planned, or a method by name, acronym or alias: all stored studies of its lesson.
    Raises `UnknownName` for any other.
    """
    from ..course import studies

    every = studies.studies()
    known = {**every, **studies.planned()}
    found: dict[str, Study] = {}
    for word in [*words] or every:
        lesson = None if word in known else _number(word)
        if lesson is not None:
            module = next(row.name for row in taught() if row.lesson == lesson)
            found.update({study.name: study for study in import_module(f"{studies.__name__}.{module}").STUDIES})
        else:
            name = choose("study", word, {*known, *_TAUGHT}, "List them with --list, or name the method of a lesson.")
            found[name] = known[name]
    return list(found.values())


_TAUGHT = {word.lower() for row in ROWS if row.lesson for word in (row.name, row.acronym, *row.aliases) if word}
