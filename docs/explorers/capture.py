"""Run a lesson in a clean kernel, with one more cell at its end that stores the explorers shown by the others."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from kdtutor.cli.notebooks import clean_environment, read

from ..names import ROOT

NOTEBOOKS, STORED = ROOT / "notebooks", Path(__file__).parent / "stored"
SECONDS = 300  # for one cell


def capture(name: str, stored: Path) -> Path:
    """Store the explorers of the lesson `name` in the folder stored/name, in the place of what was there; return it.

    Raises what a cell of the lesson raises.
    """
    nb = read(NOTEBOOKS / f"{name}.ipynb")
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / name  # with the rights of a folder of this user, which the outer one has not
        new.mkdir()
        last = (
            f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom docs.explorers.shown import store\n"
            f"store({ {cell.source.strip(): cell.id for cell in code}!r}, {str(new)!r})"
        )
        nb.cells.append(nbformat.v4.new_code_cell(last))
        client = NotebookClient(
            nb, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}
        )
        with clean_environment():
            client.execute(stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT)})
        shutil.rmtree(stored / name, ignore_errors=True)
        return Path(shutil.copytree(new, stored / name))
