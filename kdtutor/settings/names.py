"""What a method is called in the tables of this room: by the name of its row in `kdtutor.methods`."""

from .. import methods

ALONE = "alone"  # the student without a method: a row of many tables, but none of the list of methods


def named(method: str) -> str:
    """The name of a method that says what is matched, given its name, acronym, alias or class; `ALONE` is its own.

    Raises `UnknownName` with the nearest name and acronym for any other.
    """
    return method if method == ALONE else methods.find(method, methods.matched()).name
