"""Papers to go on with: each says which question it answers, and its cell runs."""

import runpy

import pytest

from kdtutor.cli.app import app
from kdtutor.course.further import CELLS, cell, further
from kdtutor.errors import UnknownName
from kdtutor.methods import ROWS
from kdtutor.row import QUESTIONS

WITH_CELL = [each.name for each in further() if each.cell]


def test_they_are_a_dozen_and_none_of_them_is_taught():
    known = {row.paper.arxiv for row in ROWS}
    assert len(further()) >= 12
    for each in further():
        assert each.question in QUESTIONS and each.idea.endswith(".") and each.paper.arxiv not in known
        assert each.paper.arxiv in str(each) and each.paper.title in " ".join(str(each).split())


def test_every_cell_is_that_of_a_paper():
    assert sorted(path.stem for path in CELLS.glob("*.py")) == sorted(WITH_CELL)
    assert all(len(cell(name).splitlines()) <= 15 for name in WITH_CELL)


TRAINS = "teacher_assistant"  # two students, for seconds


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == TRAINS else []) for name in WITH_CELL]
)
def test_a_cell_runs(name, capsys):
    runpy.run_path(str(CELLS / f"{name}.py"))
    assert capsys.readouterr().out.strip()


def test_the_command_shows_them(capsys):
    for words in (["map", "--next"], ["map", "--cell", "dino"]):
        with pytest.raises(SystemExit) as end:
            app(words)
        assert end.value.code == 0
    told = capsys.readouterr().out
    assert told.count("https://arxiv.org/abs/") == len(further()) and cell("dino") in told
    with pytest.raises(UnknownName, match=r"'dinos' is not a known cell\. Did you mean 'dino'"):
        cell("dinos")
    with pytest.raises(UnknownName, match="noisy_student has no cell: ten lines"):
        cell("noisy_student")
