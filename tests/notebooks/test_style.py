"""Every lesson keeps to the rules: short cells, words before code, alternative text, a file that compares equal."""

from pathlib import Path

import pytest

from kdtutor.cli.notebooks import code_cells, problems, read

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_style(path):
    assert not problems(read(path)), f"`kdtutor notebooks {path.stem}` runs and stores it"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_have_names_of_their_own(path):
    nb = read(path)
    ids = [cell.get("id") for cell in nb.cells]
    assert None not in ids and len(set(ids)) == len(ids)
    assert code_cells(nb)
