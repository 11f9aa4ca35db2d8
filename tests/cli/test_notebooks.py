"""Every breach of style is found in a notebook that has it; notebooks are run, stored and validated as promised."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from typer.testing import CliRunner

from kdtutor import Error
from kdtutor.cli import notebooks
from kdtutor.cli.app import app
from kdtutor.cli.notebooks import problems, store, tidy
from kdtutor.cli.validate import Failure, validate

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


def write(path: Path, *sources: str) -> Path:
    nb = new_notebook(cells=[new_markdown_cell("# Title\n\nOne minute.")])
    for source in sources:
        nb.cells += [new_markdown_cell("Text."), new_code_cell(source)]
    nbformat.write(nb, path)
    return path


PLAIN = (
    "import os\nprint(os.environ['KDTUTOR_DEVICE'] == 'cpu')",
    "import ipywidgets\nipywidgets.IntSlider(3)",
    "hex(id(os))",
)


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


def test_validate_says_which_cell_and_why(tmp_path):
    store(write(tmp_path / "good.ipynb", *PLAIN))
    nb = nbformat.read(tmp_path / "good.ipynb", 4)
    outputs(1, new_output("stream", name="stdout", text="one\nFalse\n"))(nb)
    outputs(2)(nb)
    change(3, source="# NBVAL_IGNORE_OUTPUT\nundefined")(nb)
    nbformat.write(nb, tmp_path / "tampered.ipynb")
    write(tmp_path / "unrun.ipynb", "1", "2")
    nbformat.write(new_notebook(cells=[]), tmp_path / "without.ipynb")
    (tmp_path / "broken.ipynb").write_text("{nonsense")
    said: list[str] = []
    found = {outcome.file: outcome for outcome in validate([tmp_path], say=lambda outcome: said.append(outcome.file))}
    assert sorted(said) == sorted(found) == sorted(path.name for path in tmp_path.iterdir())
    assert found["good.ipynb"].ok and found["good.ipynb"].cells == 3 and found["good.ipynb"].seconds > 0
    assert found["tampered.ipynb"].failures == [
        Failure(1, "import os", "stdout differs in line 1\n        stored: one\n        now:    True"),
        Failure(2, "import ipywidgets", "stored no text/plain, now 1 × text/plain"),
        Failure(3, "undefined", "NameError: name 'undefined' is not defined", row=2),
    ]
    assert found["unrun.ipynb"].problems[0] == "2 code cells were never run, the first is [1]"
    assert not found["without.ipynb"].ok and not found["broken.ipynb"].ok
    assert "is not a notebook that can be read" in found["broken.ipynb"].problems[0]
    (plain,) = validate([tmp_path / "unrun.ipynb"], style=False)
    assert plain.ok and plain.cells == 2


UNJUDGED = "; the cells after it were not judged"
LOSSES = {
    "import time\ntime.sleep(30)": Failure(2, "time.sleep(30)", f"it took longer than 2 seconds{UNJUDGED}", row=2),
    "import os, time\nos._exit(3)": "its kernel died with exit code 3 in cell 2",
    "import os\nos.kill(os.getpid(), 9)": "its kernel died of SIGKILL (signal 9) in cell 2",
    "import os\nos.kill(os.getpid(), 11)": "its kernel died of SIGSEGV (signal 11) in cell 2",
    "import os, threading\nthreading.Timer(0.3, os._exit, [3]).start()": "its kernel died with exit code 3 in cell 3",
}


@pytest.mark.parametrize("source", LOSSES)
def test_a_kernel_that_is_lost_is_said_at_once(tmp_path, source):
    path = write(tmp_path / "a.ipynb", "x = 1", source, "import time; time.sleep(20)", "x")
    seconds = 2 if "sleep" in source else 60
    (outcome,) = validate([path], seconds=seconds, style=False)
    expected = LOSSES[source]
    if isinstance(expected, str):
        number = int(expected[-1])
        line = source.splitlines()[0] if number == 2 else "import time; time.sleep(20)"
        expected = Failure(number, line, expected + UNJUDGED)
    assert outcome.failures == [expected] and outcome.cells == 4 and outcome.seconds < 15


def test_no_kernel_outlives_its_notebook(tmp_path):
    tell = "import os, pathlib\npathlib.Path(f'{name}.pid').write_text(str(os.getpid()))\n"
    lost = write(tmp_path / "a.ipynb", "name = 'a'", tell + "os._exit(3)")
    good = write(tmp_path / "b.ipynb", "name = 'b'", tell)
    validate([lost, good, write(tmp_path / "c.ipynb", "import os, pathlib\n"
        "for name in 'ab':\n    pid = int(pathlib.Path(f'{name}.pid').read_text())\n"
        "    assert not pathlib.Path(f'/proc/{pid}').exists()")], style=False)  # fmt: skip
    for name in "ab":
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / f"{name}.pid").read_text()), 0)


RAISES = {
    "taught, alone, margin = 0.61, 0.75, 0.1\n\nassert taught > alone - margin": Failure(
        2, "assert taught > alone - margin", "AssertionError", 3, {"taught": "0.61", "alone": "0.75", "margin": "0.1"}
    ),
    "best = {'kd': [1, 2]}\nassert (\n    best['kd'][0]\n    == len(best)\n    + 1\n), 'too few'": Failure(
        2, "assert ( best['kd'][0] == len(best) + 1 ), 'too few'", "AssertionError: too few", 2,
        {"best['kd'][0]": "1", "best": "{'kd': [1, 2]}"},
    ),
    "def half(n):\n    assert n % 2 == 0, n\n    return n // 2\nhalf(4)\nhalf(7)": Failure(
        2, "assert n % 2 == 0, n", "AssertionError: 7", 2, {"n": "7"}
    ),
    "import math\nfor x in (1, 0):\n    math.log(x)": Failure(2, "math.log(x)", "ValueError: ", 3),
    "x = 1\nx = = 2": Failure(2, "x = = 2", "SyntaxError: ", 2),
    "import asyncio\nawait asyncio.sleep(0)\nassert x == 2, (\n    'no')": Failure(
        2, "assert x == 2, ( 'no')", "AssertionError: no", 3, {"x": "1"}
    ),
}  # fmt: skip


def test_the_line_that_raised_is_quoted_and_an_assertion_with_its_values(tmp_path):
    for number, source in enumerate(RAISES):
        write(tmp_path / f"{number}.ipynb", "x = 1", source, "assert not {'blame', 'space'} & set(globals())")
    outcomes = validate([tmp_path], style=False)
    for outcome, right in zip(outcomes, RAISES.values(), strict=True):
        (found,) = outcome.failures
        assert found.why.startswith(right.why) and replace(found, why=right.why) == right
    told = str(outcomes[0]).splitlines()
    assert told[1:] == [
        "    cell [2], line 3: assert taught > alone - margin", "        AssertionError",
        "        taught = 0.61, alone = 0.75, margin = 0.1",
    ]  # fmt: skip
    assert outcomes[0].as_dict()["failures"][0]["values"] == {"taught": "0.61", "alone": "0.75", "margin": "0.1"}


def test_pytest_says_the_same_of_the_lessons(tmp_path):
    root = Path(__file__).parents[2]
    write(tmp_path / "dies.ipynb", "x = 1", "import os\nos.kill(os.getpid(), 11)", "x")
    write(tmp_path / "fails.ipynb", "x = 1", "y = 2\nassert x == y")
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-c", root / "pyproject.toml",
            f"--rootdir={root}", "-p", "kdtutor.cli.kernels", tmp_path,
        ],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert "dies.ipynb: its kernel died of SIGSEGV (signal 11) in cell 2" in done.stdout
    assert "fails.ipynb, cell 2, line 2: assert x == y (x = 1, y = 2)" in done.stdout
    assert "2 failed, 2 passed, 1 skipped" in done.stdout


def test_check_prints_a_line_for_each_notebook_and_exits_with_1(tmp_path):
    store(write(tmp_path / "good.ipynb", "1"))
    nb = nbformat.read(tmp_path / "good.ipynb", 4)
    change(1, source="2")(nb)
    nbformat.write(nb, tmp_path / "odd.ipynb")
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    lines = result.stdout.splitlines()
    assert (
        result.exit_code == 1
        and lines[0].startswith("ok      good.ipynb  1 cells")
        and lines[-1] == "1 of 2 notebooks failed"
    )
    assert lines[1].startswith("FAILED  odd.ipynb") and lines[2:-1] == [
        "    cell [1]  2", "        text/plain differs in line 1", "        stored: 1", "        now:    2",
    ]  # fmt: skip
    result = CliRunner().invoke(app, ["check", str(tmp_path / "good.ipynb"), "--json"])
    told = json.loads(result.stdout)
    assert result.exit_code == 0 and told["ok"] and told["notebooks"][0]["file"] == "good.ipynb"
