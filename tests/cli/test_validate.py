"""Notebooks are validated as promised: which cell does not do what is stored, and why."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_notebook, new_output

import kdtutor as kd
from kdtutor.cli.notebooks import store
from kdtutor.cli.validate import Failure, validate

from .calls import call
from .made import PLAIN, change, outputs, write


@pytest.mark.slow
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


@pytest.mark.slow
def test_on_another_set_nothing_is_compared_and_only_what_raises_fails(tmp_path):
    cells = "import os\nprint(os.environ['KDTUTOR_SET'])", "assert os.environ['KDTUTOR_SET'] == 'digits'"
    store(write(tmp_path / "of_digits.ipynb", *cells))
    (here,), (there,) = (validate([tmp_path], data=name) for name in ("digits", "fashion"))
    assert here.ok and [failure.cell for failure in there.failures] == [2]
    with pytest.raises(kd.UnknownName, match="Choose from: digits, fashion"):
        validate([tmp_path], data="cloths")


UNJUDGED = "; the cells after it were not judged"


LOSSES = {
    "import time\ntime.sleep(30)": Failure(2, "time.sleep(30)", f"it took longer than 2 seconds{UNJUDGED}", row=2),
    "import os, time\nos._exit(3)": "its kernel died with exit code 3 in cell 2",
    "import os\nos.kill(os.getpid(), 9)": "its kernel died of SIGKILL (signal 9) in cell 2",
    "import os\nos.kill(os.getpid(), 11)": "its kernel died of SIGSEGV (signal 11) in cell 2",
    "import os, threading\nthreading.Timer(0.3, os._exit, [3]).start()": "its kernel died with exit code 3 in cell 3",
}


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_check_prints_a_line_for_each_notebook_and_exits_with_1(tmp_path):
    store(write(tmp_path / "good.ipynb", "1"))
    nb = nbformat.read(tmp_path / "good.ipynb", 4)
    change(1, source="2")(nb)
    nbformat.write(nb, tmp_path / "odd.ipynb")
    result = call("check", str(tmp_path))
    lines = result.stdout.splitlines()
    assert (
        result.exit_code == 1
        and lines[0].startswith("ok      good.ipynb  1 cells")
        and lines[-1] == "1 of 2 notebooks failed"
    )
    assert lines[1].startswith("FAILED  odd.ipynb") and lines[2:-1] == [
        "    cell [1]  2", "        text/plain differs in line 1", "        stored: 1", "        now:    2",
    ]  # fmt: skip
    result = call("check", str(tmp_path / "good.ipynb"), "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0 and told["ok"] and told["notebooks"][0]["file"] == "good.ipynb"


@pytest.mark.slow
def test_a_solved_notebook_is_as_ok_as_an_unsolved_one_and_verdicts_are_counted(tmp_path):
    imports = "import torch\nfrom kdtutor.course import check"
    cells = (
        imports,
        "def entropy(p):\n    ...\n\n\ncheck.entropy(entropy)",
        "def accuracy(z, y): ...\ncheck.accuracy(accuracy)",
    )
    path = store(write(tmp_path / "lesson.ipynb", *cells))
    (unsolved,) = validate([path], style=False)
    assert unsolved.ok and unsolved.exercises == {"entropy": "to do", "accuracy": "to do"}
    nb = nbformat.read(path, 4)
    change(2, source="def entropy(p):\n    return torch.special.entr(p).sum(-1)\ncheck.entropy(entropy)")(nb)
    change(3, source="def accuracy(z, y): return 2 * z.sum()\ncheck.accuracy(accuracy)")(nb)
    nbformat.write(nb, path)
    (solved,) = validate([path], style=False)
    assert solved.ok and solved.exercises == {"entropy": "passed", "accuracy": "not yet"}
    assert "1 of 2 exercises passed" in str(solved)
    change(3, source="def accuracy(z, y): return z\nundefined\ncheck.accuracy(accuracy)")(nb)
    nbformat.write(nb, path)
    (broken,) = validate([path], style=False)
    assert [failure.cell for failure in broken.failures] == [3] and "undefined" in broken.failures[0].why
