"""Whether the solutions of the exercises are closed: an instructor's word, in a file beside the notebooks or by the
environment in which they run. It is a sign, not a lock: whoever has the package has the solutions in it."""

import os
from pathlib import Path

from ..files import read_json

VARIABLE, CLOSED = "KDTUTOR_SOLUTIONS", "closed"
FILE = "class.json"  # beside the notebooks of a class


def solutions_closed() -> bool:
    """Whether KDTUTOR_SOLUTIONS, or class.json in this folder, says that solutions are closed."""
    if os.environ.get(VARIABLE) == CLOSED:
        return True
    try:
        return read_json(Path(FILE).read_bytes()).get("solutions") == CLOSED
    except (OSError, ValueError):
        return False
