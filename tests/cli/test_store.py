"""Notebooks are run and stored as every machine would store them, or not at all."""

import nbformat
import pytest

from kdtutor import Error
from kdtutor.cli.notebooks import problems, store

from .made import PLAIN, change, write


def test_store_runs_and_keeps_only_what_every_run_would_store(tmp_path):
    path = write(tmp_path / "a.ipynb", *PLAIN)
    ids = [cell.id for cell in nbformat.read(path, 4).cells]
    assert store(path) == path
    first, nb = path.read_text(), nbformat.read(path, 4)
    assert problems(nb) == [] and [cell.id for cell in nb.cells] == ids
    assert nb.cells[2].outputs[0].text == "True\n", "a stored notebook comes from the CPU"
    assert nb.cells[4].outputs[0].data == {"text/plain": "IntSlider(value=3)"}
    assert [file.name for file in tmp_path.iterdir()] == ["a.ipynb"]
    change(3, source="1")(nb)
    nbformat.write(nb, path)
    again = store(path).read_text()
    assert store(path).read_text() == again and first != again


@pytest.mark.parametrize(
    "source, reason",
    [
        ("y = 1\nundefined", "NameError: name 'undefined' is not defined"),
        ("import time\ntime.sleep(30)", "it took longer than 1 seconds"),
        ("import os\nos._exit(1)", "its kernel died with exit code 1"),
        ("import os\nos.kill(os.getpid(), 9)", "its kernel died of SIGKILL (signal 9)"),
    ],
)
def test_a_notebook_with_an_error_is_not_stored(tmp_path, source, reason):
    path = write(tmp_path / "a.ipynb", "x = 1", source)
    before = path.read_bytes()
    with pytest.raises(Error) as caught:
        store(path, seconds=1)
    assert str(caught.value) == f"a.ipynb, cell [2] `{source.splitlines()[0]}`: {reason}; nothing was stored"
    assert path.read_bytes() == before


def test_a_notebook_that_changes_while_it_runs_is_not_overwritten(tmp_path):
    path = write(tmp_path / "a.ipynb", "open('a.ipynb', 'a').write(' ')")
    with pytest.raises(Error, match=r"a\.ipynb was changed while it ran; nothing was stored"):
        store(path)
