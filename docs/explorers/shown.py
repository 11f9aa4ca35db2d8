"""What a running notebook shows: every explorer, by the cell that made it, as a file for the page."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kdtutor.errors import DataError, require
from kdtutor.widgets import cells
from kdtutor.widgets.choice import SetChooser
from kdtutor.widgets.explorer import Explorer

from .controls import described
from .frames import frames
from .fronts import front_of

LIMIT = 2e6  # bytes of one explorer; a page has several
NOT_HERE = (SetChooser,)  # chooses what lessons run on; nothing runs on a page


def shown(ids: Mapping[str, str]) -> Iterator[tuple[str, Explorer]]:
    """The id of each cell and the explorer that it made. ids: {text of a cell: its id}."""
    for text, cell in cells._CELLS.items():
        for made in cell.made:
            if isinstance(made, Explorer) and not isinstance(made, NOT_HERE):
                yield ids[text.strip()], made


def store(ids: Mapping[str, str], folder: str) -> None:
    """Write <cell id>.json for every explorer of this notebook, and pictures for those that no module computes."""
    for cell, explorer in shown(ids):
        path = Path(folder) / f"{cell}.json"
        require(not path.exists(), f"{cell} shows two explorers: give each a cell of its own", DataError)
        page = as_page(explorer, Path(folder), cell)
        text = json.dumps(page, ensure_ascii=False, separators=(",", ":"))
        require(len(text) < LIMIT, f"{cell}: {len(text)} bytes for one explorer, at most {LIMIT:.0f}", DataError)
        path.write_text(text + "\n", encoding="utf-8")


def as_page(explorer: Explorer, folder: Path, cell: str) -> dict[str, Any]:
    """What the page needs of an explorer: its words, controls and settings, and data for its module, or frames."""
    kind, front = type(explorer), front_of(type(explorer))
    page = {
        "explorer": f"{kind.__module__}:{kind.__name__}",
        "name": explorer.name.replace("-", " "),
        "alt": explorer.alt,
        "settings": explorer.settings,
        "sentence": sentence(explorer),
    }
    if front is not None:
        return page | {"module": front.module, "controls": described(explorer), "data": front.data(explorer)}
    return page | frames(explorer, folder, cell)


def sentence(explorer: Explorer) -> str:
    """What an explorer says, without the element around it."""
    found = re.fullmatch(r"<span class='kd-out'>(.*)</span>", explorer.text.value, re.DOTALL)
    require(found is not None, f"{explorer!r} says {explorer.text.value!r}", DataError)
    return found[1] if found else ""
