"""Where data lies: what ships with the course, and where larger sets are looked for."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def root() -> Path:
    """The folder of what ships: the digits, the trained teachers, the stored results.

    >>> (root() / "digits").is_dir()
    True
    """
    beside = _PACKAGE.parent / "data"  # a clone; inside a wheel the same folder travels within the package
    return beside if (beside / "digits").is_dir() else _PACKAGE / "shipped"


def search_roots(folder: str | Path | None = None) -> tuple[Path, ...]:
    """Folders in which a data set by name is looked for, in this order: `folder`, else KDTUTOR_DATA and `data/`.

    >>> root() in search_roots()
    True
    """
    if folder is not None:
        return (Path(folder),)
    asked = os.environ.get("KDTUTOR_DATA")
    return (*([Path(asked)] if asked else []), root())


def holder(where: str, folder: str | Path | None = None) -> tuple[Path | None, str]:
    """The first of the `search_roots` that holds `where`, None if none does; and in words every place looked at.

    >>> path, where = holder("digits/card.json")
    >>> path is not None
    True
    """
    roots = search_roots(folder)
    looked = " or ".join(str(base / where) for base in roots)
    return next((base for base in roots if (base / where).exists()), None), looked
