"""What of a notebook runs when it is graded: the function that is checked, and what it needs."""

import pytest

from kdtutor.course.submission import answers

NAMES = ("kd_loss", "soften")


def test_only_what_the_function_needs_is_taken_wherever_it_stands():
    cells = [
        "import torch\nimport torch.nn.functional as F\nfrom kdtutor.course import check",
        "%matplotlib inline\ndata = load()\nlabels = data.train",
        "def helper(x):\n    return F.softmax(x * scale, 1)",
        "scale = 2\nnumbers = [0]\nnumbers[0] = scale\nprint(scale)\nawait run.finished()",
        "def mine(labels, data):\n    total = numbers\n    return helper(labels)",
        "verdict = check.kd_loss(mine)\nscale = 9",
    ]
    program = answers(cells, NAMES)["kd_loss"].program
    assert "data" not in program.replace("labels, data", "") and "check" not in program and "await" not in program
    assert program.splitlines()[0] == "import torch.nn.functional as F" and "scale = 2" in program
    assert "numbers[0] = scale" in program and "scale = 9" not in program and "print" not in program


def test_what_a_name_was_before_does_not_run_unless_something_used_it_then():
    cells = [
        "scale = slow()\nmine = plot(scale)",
        "limit = 3\nlimit += 1\nhalf = limit / 2\nlimit = 9",
        "def mine(z):\n    return z * half + limit\n\n\ncheck.soften(mine)",
    ]
    program = answers(cells, NAMES)["soften"].program
    assert "slow" not in program and "plot" not in program
    space: dict = {}
    exec(program, space)
    assert space["half"] == 2 and space["limit"] == 9


def test_the_last_check_of_an_exercise_counts():
    found = answers(["def a(): ...\ncheck.soften(a)", "def b(): return 1\ncheck.soften(b); check.other(b)"], NAMES)
    assert list(found) == ["soften"] and found["soften"].expression == "b" and "a" not in found["soften"].program


@pytest.mark.parametrize(
    ("cell", "unwritten"),
    [
        ("def f(z): ...\ncheck.soften(f)", True),
        ("def f(z):\n    '''Later.'''\n    pass\ncheck.soften(f)", True),
        ("def f(z):\n    return z\ncheck.soften(f)", False),
        ("def f(z): ...\nf = lambda z: z\ncheck.soften(f)", False),
        ("check.soften(...)", True),
        ("check.soften(lambda z, T: z)", False),
    ],
)
def test_what_is_not_written_yet_is_seen_without_running_it(cell, unwritten):
    assert answers([cell], NAMES)["soften"].unwritten is unwritten


@pytest.mark.parametrize(
    "cell", ["def f(:\n    check.soften(f)", "(" * 5000 + "check.soften(f)", "x\0\ncheck.soften(f)"]
)
def test_a_cell_that_cannot_be_read_is_said_and_costs_nothing_else(cell):
    found = answers([cell, "def g(): return 1\ncheck.kd_loss(g)"], NAMES)
    assert "code cell 1, cannot be read" in found["soften"].fault and not found["kd_loss"].fault


def test_deep_code_ends_in_a_sentence():
    found = answers(["x = " + "+".join(["1"] * 50_000) + "\ncheck.soften(f)", "check.kd_loss(f)"], NAMES)
    assert "kd_loss" in found
