"""Many things in a few words."""

from collections.abc import Sequence

SHOWN = 3  # of many


def listed(things: Sequence[str], shown: int = SHOWN) -> str:
    """The first of some things, and how many more there are.

    >>> listed(["a.png", "b.png", "c.png", "d.png", "e.png"])
    'a.png, b.png, c.png and 2 more'
    """
    more = f" and {len(things) - shown:,} more" if len(things) > shown else ""
    return ", ".join(things[:shown]) + more
