"""What every lesson wears alike: links that open it elsewhere, a first cell that installs, and its cut into slides.

Each is made here and nowhere else; a test holds every lesson to it.
"""

import re
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"  # of a clone
INSTALL = "install"  # the id of the cell
START, END = "<!-- open this lesson elsewhere -->", "<!-- end -->"
PLACES = {
    "Colab": "https://colab.research.google.com/github/{owner}/blob/main/notebooks/{file}",
    "Binder": "https://mybinder.org/v2/gh/{owner}/main?urlpath=lab/tree/notebooks/{file}",
    "VS Code": "https://vscode.dev/github/{owner}/blob/main/notebooks/{file}",
}
CELL = """\
# Where kdtutor is missing (Colab, an environment of yours), this installs it. torch and numpy stay as they are.
import subprocess
import sys
from importlib import metadata, util

if util.find_spec("kdtutor") is None:
    kept = [f"{x}=={metadata.version(x)}" for x in ("torch", "torchvision", "numpy") if util.find_spec(x)]
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "SOURCE", *kept], check=True)"""


def repository() -> str:
    """Where the repository is published, https://github.com/owner/name; empty as long as it is nowhere, and where there
    is no clone."""
    if not PYPROJECT.is_file():
        return ""
    return str(tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["tool"]["kdtutor"]["repository"]).rstrip("/")


def links(file: str, address: str) -> str:
    """A line of links that open the notebook elsewhere; empty without an address, for they would lead nowhere."""
    if not address:
        return ""
    owner = "/".join(address.split("/")[-2:])
    return "Open in " + " · ".join(f"[{name}]({at.format(owner=owner, file=file)})" for name, at in PLACES.items())


def install_cell(address: str) -> str:
    """The code of the first cell: from the repository once it has an address, until then by the package's name."""
    return CELL.replace("SOURCE", f"kdtutor @ git+{address}" if address else "kdtutor")


def dressed(nb: NotebookNode, file: str, address: str) -> NotebookNode:
    """The lesson with all that it wears; one that wears it already stays as it is."""
    nb = nbformat.from_dict(nb)
    title = nb.cells[0]
    line = links(file, address)
    title.source = re.sub(rf"\n*{START}.*?{END}", "", title.source, flags=re.DOTALL)
    title.source += f"\n\n{START} {line} {END}" if line else ""
    _install(nb, address)
    for cell, kind in zip(nb.cells, slides(nb), strict=True):
        cell.metadata["slideshow"] = {"slide_type": kind}
    return nb


def _install(nb: NotebookNode, address: str) -> None:
    """Right below the title. It prints nothing, so a stored lesson stays stored: only the numbers of cells move on."""
    place = next((i for i, cell in enumerate(nb.cells) if cell.id == INSTALL), None)
    if place is None:
        cell = nbformat.v4.new_code_cell(install_cell(address), id=INSTALL, execution_count=1)
        nb.cells.insert(1, cell)
        numbered = (cell for cell in nb.cells[2:] if cell.cell_type == "code")
        for number, cell in enumerate(numbered, 2):
            cell.execution_count = number
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = number
    else:
        nb.cells[place].source = install_cell(address)


def slides(nb: NotebookNode) -> list[str]:
    """Where a new slide begins, cell by cell: with a section to the right, with every other text below it. Code stays
    with the text before it. The exercises and what is deeper are for reading, not for a talk."""
    kinds, talk = [], True
    for cell in nb.cells:
        heading = re.match(r"(##?) (.*)", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            talk = not heading[2].startswith(("Exercises", "Deeper", "Next", "Check yourself"))
        if not talk or cell.id == INSTALL:
            kinds.append("skip")
        elif cell.cell_type == "code":
            kinds.append("-")
        else:
            kinds.append("slide" if heading else "subslide")
    return kinds


def dress(path: Path) -> bool:
    """Dress the notebook in a file; whether anything had to be changed."""
    from ..files import write_whole
    from .notebooks import read

    before = path.read_bytes()
    text = nbformat.writes(dressed(read(path), path.name, repository())) + "\n"
    if text.encode() == before:
        return False
    write_whole(path, text)
    return True
