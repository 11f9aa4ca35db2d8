"""Notebooks that the tests make: one with nothing to complain about, what can be changed in it, and plain ones."""

from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kdtutor.cli import notebooks

WIDGET = {notebooks.WIDGET: {"model_id": "1"}, "text/plain": "IntSlider(value=3)"}


def cell(source: str, n: int, *outputs: NotebookNode, **metadata: object) -> NotebookNode:
    return new_code_cell(source, execution_count=n, outputs=list(outputs), metadata=metadata)


def shows(data: dict[str, object], **metadata: object) -> NotebookNode:
    return new_output("display_data", data=data, metadata=metadata)


def good(count: int = 12) -> NotebookNode:
    """A notebook with nothing to complain about."""
    nb = new_notebook(metadata=notebooks.METADATA, cells=[new_markdown_cell("# Title\n\nTwo minutes on two cores.")])
    for n in range(1, count + 1):
        nb.cells += [
            new_markdown_cell(f"Text {n}."),
            cell(f"x = {n}\nx", n, new_output("execute_result", {"text/plain": f"{n}"})),
        ]
    return nb


def change(n: int, **values: object) -> Callable[[NotebookNode], None]:
    def apply(nb: NotebookNode) -> None:
        nb.cells[2 * n].update(nbformat.from_dict(values))

    return apply


def header(source: str) -> Callable[[NotebookNode], None]:
    return lambda nb: nb.cells[0].update(source=source)


def outputs(n: int, *values: NotebookNode) -> Callable[[NotebookNode], None]:
    return change(n, outputs=list(values))


def ignore(nb: NotebookNode, *numbers: int) -> None:
    for n in numbers:
        nb.cells[2 * n].source = f"# NBVAL_IGNORE_OUTPUT\n{nb.cells[2 * n].source}"


PLAIN = (
    "import os\nprint(os.environ['KDTUTOR_DEVICE'] == 'cpu')",
    "import ipywidgets\nipywidgets.IntSlider(3)",
    "hex(id(os))",
)


def write(path: Path, *sources: str) -> Path:
    nb = new_notebook(cells=[new_markdown_cell("# Title\n\nOne minute.")])
    for source in sources:
        nb.cells += [new_markdown_cell("Text."), new_code_cell(source)]
    nbformat.write(nb, path)
    return path
