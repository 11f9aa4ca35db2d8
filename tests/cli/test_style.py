"""Every breach of style is found in a notebook that has it, and tidying leaves none."""

from collections.abc import Callable

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from kdtutor.cli import notebooks
from kdtutor.cli.notebooks import problems, tidy

from .made import WIDGET, change, good, header, ignore, outputs, shows

BREACHES: dict[str, tuple[Callable[[NotebookNode], object], str]] = {
    "no header": (lambda nb: nb.cells.pop(0), "the first cell is not a header"),
    "no minutes": (header("# Title\n\nA text."), "does not say how many minutes"),
    "never run": (change(2, execution_count=None), "1 code cells were never run, the first is [2]"),
    "run twice": (change(2, execution_count=14), "cell [2] was run as number 14"),
    "empty": (change(2, source="  "), "cell [2] is empty"),
    "error": (outputs(3, new_output("error", ename="E", evalue="x", traceback=[])), "cell [3] stores an error, E: x"),
    "stderr": (outputs(3, new_output("stream", name="stderr", text="Warning")), "cell [3] writes to stderr: Warning"),
    "long cell": (change(4, source="x = 1\n" * 16), "cell [4] has 16 lines of code; at most 15"),
    "long cells": (lambda nb: [change(n, source="x\n" * 13)(nb) for n in (1, 2)], "2 of 12 cells have more than 12"),
    "no prose": (lambda nb: [nb.cells.pop(3), nb.cells.pop(4)], "cell [3] follows 2 other code cells"),
    "image": (outputs(1, shows({"image/png": "iVBO", "text/plain": "<Figure>"})), "cell [1] shows an image without"),
    "svg": (outputs(1, shows({"image/svg+xml": "<svg/>"})), "cell [1] shows an image without alternative text"),
    "html image": (outputs(1, shows({"text/html": "<img src='x.png'>"})), "an image in HTML without alternative text"),
    "image in text": (header("# Title\n2 minutes ![](x.png)"), "place 1 has an image without alternative text"),
    "path in source": (change(5, source="open('/home/me/x.npz')"), "place 11 names an absolute path, /home/me/x.npz"),
    "path in text": (header("# Title\n2 minutes; see /tmp/x"), "place 1 names an absolute path, /tmp/x"),
    "path in output": (outputs(5, shows({"text/plain": "'/opt/kd'"})), "output of cell [5] names an absolute path"),
    "path of windows": (change(5, source="x = r'C:\\Users\\me'"), "names an absolute path, C:\\Users\\me"),
    "widget state": (lambda nb: nb.metadata.update(widgets={}), "the state of widgets is stored"),
    "widget number": (outputs(6, shows(WIDGET)), "cell [6] stores a widget's number"),
    "time stamp": (change(6, metadata={"execution": {"iopub.status.busy": "2026"}}), "cell [6] stores when it was run"),
    "kernel": (lambda nb: nb.metadata.kernelspec.update(name="mine"), "the kernel is 'mine'; it must be 'python3'"),
    "size": (outputs(7, shows({"text/plain": "x" * 600_000})), "the file has 0.61 MB; at most 0.5"),
    "marker": (change(8, source="x  # NBVAL_IGNORE_OUTPUT"), "cell [8] has an NBVAL marker that does not stand alone"),
    "ignored": (lambda nb: ignore(nb, 1, 2), "2 of 12 cells are not compared by nbval; at most 10%"),
    "ignored by tag": (
        lambda nb: [change(n, metadata={"tags": ["nbval-skip"]})(nb) for n in (1, 2)], "2 of 12 cells are not compared",
    ),
}  # fmt: skip


def test_a_good_notebook_has_no_problem():
    assert problems(good()) == []


@pytest.mark.parametrize("breach", BREACHES)
def test_every_breach_is_found(breach):
    spoil, sentence = BREACHES[breach]
    nb = good()
    spoil(nb)
    found = problems(nb)
    assert any(sentence in problem for problem in found), found
    assert len(found) == 1 and "\n" not in found[0], found


@pytest.mark.parametrize(
    "harmless",
    [
        lambda nb: ignore(nb, 1),
        change(1, source="# a comment\n\n" * 20 + "x"),
        change(1, source="x = 1\n" * 15),
        lambda nb: nb.cells.pop(3),
        change(1, source="raise ValueError", metadata={"tags": ["raises-exception"]},
               outputs=[new_output("error", ename="ValueError", evalue="", traceback=[])]),
        outputs(1, shows({"image/png": "iVBO", "text/plain": "<Picture: A line.>"})),
        outputs(1, shows({"image/png": "iVBO", "text/plain": "x"}, **{"image/png": {"alt": "A line."}})),
        outputs(1, shows({"text/html": "<img src='x.png' alt='A line.'>"})),
        header("# Title\n2 minutes, ![a line](x.png), https://example.org/home/page, ../tmp/x, data/usr/x, 1/2"),
    ],
)  # fmt: skip
def test_what_is_allowed_is_not_a_problem(harmless):
    nb = good()
    harmless(nb)
    assert problems(nb) == []


def test_tidy_leaves_nothing_that_differs_from_run_to_run():
    nb = good()
    nb.metadata.update(widgets={"state": {}}, kernelspec={"name": "other"})
    outputs(1, shows({**WIDGET, "image/png": "iVBO"}, **{"image/png": {"alt": "A slider."}}))(nb)
    change(2, metadata={"execution": {"iopub": "2026"}, "tags": ["kept"]})(nb)
    ids = [cell.id for cell in nb.cells]
    tidy(nb)
    assert problems(nb) == [] and nb.metadata == notebooks.METADATA
    assert nb.cells[2].outputs[0].data.keys() == {"text/plain", "image/png"}
    assert nb.cells[4].metadata == {"tags": ["kept"]} and [cell.id for cell in nb.cells] == ids
