"""The list of methods: those that say what is matched, and those that answer the other questions."""

from .matched import MATCHED
from .others import OTHERS

__all__ = ["MATCHED", "OTHERS"]
