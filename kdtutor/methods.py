"""Every method of the course and the paper it comes from: the one list that everything else is derived from.

Free of torch, so that a command's help is quick. A row's name is the name of its files in every layer: papers, figures,
widgets, exercises, studies, tests and the notebook. A new method is one more row in `kdtutor/rows/`, and
`kdtutor new-method` writes it together with the files.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from .errors import UnknownName
from .row import WHAT, Method, key_of
from .rows import MATCHED, OTHERS

__all__ = [
    "ALONE", "MAKERS", "ROWS", "RUNNABLE", "Method", "find", "known", "matched", "named", "names", "taught",
]  # fmt: skip

ROWS: tuple[Method, ...] = (*MATCHED, *OTHERS)
"""Every method. The first of several rows that share a paper gives that paper's file its name."""
MAKERS = tuple(row for row in ROWS if row.name in ("adversarial", "data_free"))
"""The methods whose generator makes the images."""
ALONE = "alone"
"""The student without a method: a row of many tables, but none of `ROWS`."""


def names() -> tuple[str, ...]:
    """The names of `matched`."""
    return tuple(row.name for row in matched())


@cache
def matched() -> tuple[Method, ...]:
    """The rows that say *what* is matched: those that `kdtutor.papers.METHODS` holds."""
    return tuple(row for row in ROWS if row.question == WHAT)


RUNNABLE = (*matched(), *MAKERS)
"""What `kdtutor distil` takes."""


def taught() -> tuple[Method, ...]:
    """The rows after which a lesson is named, in the order of the lessons."""
    return tuple(sorted((row for row in ROWS if row.title), key=lambda row: row.lesson or 0))


def find(name: str, rows: Iterable[Method] = ROWS, instead: str | None = None) -> Method:
    """The row that `name` means: a name, an acronym, an alias or a class, in any case, with - or _ or a space.

    Raises `UnknownName` otherwise, with the nearest name, or with all of them where none is near, each beside its
    acronym; or it says `instead` which there are.
    """
    rows = tuple(rows)
    wanted = key_of(str(name))
    found = next((row for row in rows if wanted in row.keys), None)
    if found is not None:
        return found
    by_key = {key: row for row in reversed(rows) for key in row.keys}
    near = get_close_matches(wanted, by_key, n=1)
    listed = instead or (f"Choose from: {', '.join(row.label for row in rows)}." if not near else "")
    hint = f"Did you mean {by_key[near[0]].quoted}?" if near else ""
    raise UnknownName(" ".join(filter(None, (f"{name!r} is not a known method.", hint, listed))))


def named(method: str) -> str:
    """The name of a method that says what is matched, given its name, acronym, alias or class; `ALONE` is its own.

    Raises `UnknownName` with the nearest name and acronym for any other.
    """
    return method if method == ALONE else find(method, matched()).name


def known(name: str, rows: Iterable[Method] = ROWS) -> bool:
    """Whether `find` would find a row."""
    return any(key_of(name) in row.keys for row in rows)
