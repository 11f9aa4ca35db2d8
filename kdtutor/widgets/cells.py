"""Widgets belong to the cell that made them: when it runs again they are closed, in the kernel and on the page.

ipywidgets keeps every widget until somebody closes it, and IPython the value of every cell. A cell that is run thirty
times would hold thirty explorers with their pictures.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ipywidgets import Widget


@dataclass
class Cell:
    """What one cell made when it last ran (as number `run`), and what is left of the time before."""

    run: int = -1
    made: list[Widget] = field(default_factory=list)
    left: list[Widget] = field(default_factory=list)


# Outlives the cells, as the widgets themselves do: ipywidgets has a list of its own of all that are open.
_CELLS: dict[str, Cell] = {}


def take_place(new: Widget) -> None:
    """Note that the running cell made `new`, and close what it made in the same place when it ran before.

    What `new` has taken over, such as controls that another cell made, stays open. Does nothing outside a notebook.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return
    cell = _CELLS.setdefault(_name_of_cell(shell), Cell())
    if cell.run != shell.execution_count:
        cell.run, cell.made, cell.left = shell.execution_count, [], cell.made
    cell.made.append(new)
    if cell.left:
        old, kept = cell.left.pop(0), set(parts(new))
        _forget(shell, old)
        for part in parts(old):
            if part not in kept:
                part.close()


def parts(whole: Widget) -> Iterator[Widget]:
    """A widget and all that it consists of: children, layouts, styles, links between them."""
    seen, waiting = set(), [whole]
    while waiting:
        widget = waiting.pop()
        if widget in seen:
            continue
        seen.add(widget)
        yield widget
        values = [*widget._trait_values.values(), getattr(widget, "links", ())]
        inside = [x for value in values for x in (value if isinstance(value, list | tuple) else (value,))]
        waiting.extend(x for x in inside if isinstance(x, Widget))


def _name_of_cell(shell: Any) -> str:
    """JupyterLab says which cell it is; where nothing does, its text stands for it."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return (parent.get("metadata") or {}).get("cellId") or shell.user_ns.get("_ih", [""])[-1]


def _forget(shell: Any, value: Widget) -> None:
    """Drop it where IPython keeps the values of cells: Out[17], which is also _17, and _, __ and ___."""
    out = shell.user_ns["_oh"]
    for number in [number for number, held in out.items() if held is value]:
        del out[number]
    for names in (shell.user_ns, shell.user_ns_hidden):
        for name in [name for name, held in names.items() if held is value and re.fullmatch(r"_\d+|_{1,3}", name)]:
            names[name] = ""
    for name in ("_", "__", "___"):  # equal to those above, or IPython takes them for the reader's own
        if getattr(shell.displayhook, name, None) is value:
            setattr(shell.displayhook, name, "")
