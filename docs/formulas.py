"""The formulas in LaTeX, a file for each module in `formulas/`: which there are, and which belong to a class.

They say what the docstrings say in Unicode, one for each function. B samples, C channels, H × W positions, K classes; s
is the student, t the teacher.
"""

import inspect
import re
import tomllib
from functools import cache

from .names import ROOT
from .resolve import resolve


@cache
def formulas() -> dict[str, str]:
    """LaTeX for functions and classes, by their full names."""
    files = sorted((ROOT / "docs/formulas").glob("*.toml"))
    stored = [item for file in files for item in tomllib.loads(file.read_text(encoding="utf-8")).items()]
    return {f"kdtutor.{name}": " ".join(latex.split()) for name, latex in stored}


def formulas_of(owner: type) -> list[str]:
    """The names whose formulas say what a class computes: its own, and those of the functions that its text names."""
    words = re.findall(r"`([^`]+)`", inspect.getdoc(owner) or "")
    named = [resolve(word, owner.__module__) for word in words]
    return [name for name in dict.fromkeys([f"{owner.__module__}.{owner.__name__}", *named]) if name in formulas()]
