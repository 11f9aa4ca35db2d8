"""Which of the sets that ship the reader has chosen: every lesson and every command that names none runs on it."""

import json
import os

from ..data import SHIPPED
from ..errors import DataError, choose
from ..files import RUNS, read_json, write_whole

USUAL = "digits"
"""The set of a reader who has chosen none, and that of every stored result but those that name another."""
CALLED = {"digits": "digits", "fashion": "clothes"}
"""What the text of the lessons calls each set."""
SET_VARIABLE = "KDTUTOR_SET"
"""The environment variable that names the set; it comes before what is stored."""
CHOICE = RUNS / "set.json"
"""Where lesson 0 stores the choice: beside the runs of the folder in which the lessons are."""


def chosen_set() -> str:
    """The name of the set that lessons run on: that of KDTUTOR_SET, else the one stored by `choose_set`, else "digits".

    Raises `UnknownName` for a name that is none of these sets, `DataError` where the stored choice cannot be read.

    >>> chosen_set()
    'digits'
    """
    if named := os.environ.get(SET_VARIABLE):
        return choose(f"set of the course ({SET_VARIABLE})", named, SHIPPED)
    if not CHOICE.exists():
        return USUAL
    try:
        stored = str(read_json(CHOICE.read_bytes())["set"])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{CHOICE} names no set ({error}); remove it, or choose again in lesson 0") from None
    return choose(f"set of the course ({CHOICE})", stored, SHIPPED)


def choose_set(name: str) -> str:
    """Store the choice of a set for lessons and commands that start in this folder from now on. Raises `UnknownName`.

    >>> choose_set("cloths")
    Traceback (most recent call last):
    kdtutor.errors.UnknownName: 'cloths' is not a known set of the course. Choose from: digits, fashion.
    """
    choose("set of the course", name, SHIPPED)
    write_whole(CHOICE, json.dumps({"set": name}) + "\n")
    return name
