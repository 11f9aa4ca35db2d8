"""Where data lies: what ships with the course, and where larger sets are looked for."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def root() -> Path:
    """The folder of what ships: the digits, the trained teachers, the stored results."""
    beside = _PACKAGE.parent / "data"  # a clone; inside a wheel the same folder travels within the package
    return beside if (beside / "digits").is_dir() else _PACKAGE / "shipped"


def search_roots(folder: str | Path | None = None) -> tuple[Path, ...]:
    """Folders in which a data set by name is looked for, in this order: `folder`, else KDTUTOR_DATA and `data/`."""
    if folder is not None:
        return (Path(folder),)
    asked = os.environ.get("KDTUTOR_DATA")
    return (*([Path(asked)] if asked else []), root())
