"""The digits that ship: 5,000 handwritten ones (see data/digits/card.json for source and licence)."""

from pathlib import Path
from typing import Any

from . import shipped
from .shipped import sha256
from .splits import Data

__all__ = ["card", "digits", "sha256"]


def card(folder: Path | None = None) -> dict[str, Any]:
    """Source, licence, split, checksum and statistics of the digits.

    >>> card()["name"]
    'digits'
    """
    return shipped.card("digits", folder)


def digits(folder: Path | None = None) -> Data:
    """The 5,000 digits: 28×28 grey images, train 3,500 / val 500 / test 1,000, every class equally often.

    >>> [len(split) for split in digits().splits().values()]
    [3500, 500, 1000]
    """
    return shipped.read("digits", folder)
