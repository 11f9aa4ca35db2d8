"""A class: what it gets, what it hands in, and that nothing which is handed in earns more than it is worth."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from kdtutor.cli.grading import folder as places
from kdtutor.cli.grading import outside
from kdtutor.cli.grading.assigning import exercise_cells, prepare
from kdtutor.cli.grading.grading import grade_all, judged
from kdtutor.cli.grading.outside import Inside
from kdtutor.course import check
from kdtutor.course.check import EXERCISES
from kdtutor.course.hidden import hidden_cases
from kdtutor.course.map import LESSONS
from kdtutor.course.submission import answers
from kdtutor.errors import DataError, LostError

from .calls import call

RIGHT = """
import os, sys, torch
import torch.nn.functional as F
def right(z_s, z_t, T):
    return T**2 * F.kl_div(F.log_softmax(z_s / T, 1), F.softmax(z_t / T, 1), reduction="batchmean")
def mine(*a):
    {}
check.kd_loss(mine)
"""
HARMFUL = {
    "asks for the solution": ("from kdtutor.course import check; return check.kd_loss.solution()", "ImportError"),
    "calls the solution": ("from kdtutor.course.exercises.hinton import _kd_loss; return _kd_loss(*a)", "exercises"),
    "reads the exercises": (f"return open({check.__file__!r}).read()", "not there"),
    "calls the package": ("from kdtutor.papers.hinton import kd_loss; return kd_loss(*a)", "package's own"),
    "stops the watch": ("sys.setprofile(None); return right(*a)", "sys.setprofile"),
    "patches torch": ("torch.allclose = torch.equal = lambda *b, **k: True; return a[0].sum()", "numbers"),
    "patches kdtutor": (
        "import kdtutor.course.observe as o; o.observe = o.difference = lambda *b: None; return a[0].sum()", "numbers"
    ),
    "forks": ("os.fork(); return right(*a)", "os.fork"),
    "starts a process": ("import subprocess; subprocess.run(['ls']); return right(*a)", "subprocess"),
    "kills its starter": ("os.kill(os.getppid(), 9); return right(*a)", "os.kill"),
    "writes": ("open('LEFT', 'w').write('x'); return right(*a)", "nothing is written"),
    "writes by torch": ("torch.save(a[0], 'LEFT'); return right(*a)", "RuntimeError"),
    "opens a socket": ("import socket; socket.socket(); return right(*a)", "socket"),
    "eats memory": ("x = torch.zeros(10**10); return right(*a)", "allocate"),
    "leaves": ("sys.exit(0)", "SystemExit"),
    "raises what nobody catches": ("raise BaseException('out')", "out"),
    "equals everything": ("return type('E', (), {'__eq__': lambda s, o: True})()", "of type E"),
    "contains itself": ("x = []; x.append(x); return x", "RecursionError"),
    "goes at once": ("os._exit(0)", "ended"),
    "prints without an end": ("[print('x' * 100_000) for _ in range(100)]; return right(*a)", "printed more"),
    "answers for itself": ("os.write(3, b'passed' * 9); return right(*a)", "process"),
    "loops for ever": ("while True: pass", "longer than 2 seconds"),
}  # fmt: skip


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with outside.bare_package() as package:
        process = Inside(package, seconds=30.0)
        yield process
        process.end()


def verdict(source: str, inside: Inside, name: str = "kd_loss") -> tuple[str, str]:
    exercise = EXERCISES[name].with_cases(hidden_cases(EXERCISES[name], 3))
    return judged(exercise, answers([source], EXERCISES).get(name), inside)


def test_a_right_function_passes_and_a_wrong_one_is_told_why(inside):
    assert verdict(RIGHT.format("return right(*a)"), inside) == ("passed", "")
    assert verdict(RIGHT.format("return right(*a) / a[2] ** 2"), inside) == ("not yet", "the factor T² is missing")
    assert verdict("def f(*a): ...\ncheck.kd_loss(f)", inside)[0] == "to do"
    assert verdict("pass", inside) == ("to do", "check.kd_loss(…) is nowhere in the notebook")


COSTLY = ("goes at once", "prints without an end", "answers for itself")  # a process each: seconds


@pytest.mark.parametrize("what", [pytest.param(w, marks=pytest.mark.slow if w in COSTLY else ()) for w in HARMFUL])
def test_harm_earns_nothing_and_does_nothing(what, inside, tmp_path, monkeypatch):
    code, words = HARMFUL[what]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(inside, "seconds", 2.0 if what == "loops for ever" else 30.0)
    state, sentence = verdict(RIGHT.format(code.replace("LEFT", str(tmp_path / "left"))), inside)
    assert state == "not yet" and words in sentence, sentence
    assert list(tmp_path.iterdir()) == []
    assert verdict(RIGHT.format("return right(*a)"), inside)[0] == "passed"  # and the next one gets its chance


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> places.Assignment:
    return prepare(["start"], tmp_path_factory.mktemp("class") / "given", seed=4, without_solutions=True)


def hand_in(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for path in source.glob("*.ipynb"):
        (target / path.name).write_bytes(path.read_bytes())


def test_nothing_done_is_0_the_key_is_100_and_a_broken_file_harms_nobody(assignment, tmp_path):
    hand_in(assignment.folder / places.STUDENT, tmp_path / "empty")
    hand_in(assignment.folder / places.KEY, tmp_path / "key")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "00_start.ipynb").write_text("[" * 100_000)
    (tmp_path / "absent").mkdir()
    said: list[str] = []
    found = places.submissions(tmp_path, assignment.lessons)
    graded = {one.name: one for one in grade_all(assignment, found, workers=2, say=said.append)}
    assert {name: one.percent for name, one in graded.items()} == {"absent": 0, "broken": 0, "empty": 0, "key": 100}
    assert all(row.state == "to do" for row in graded["empty"].rows) and len(said) == 4
    assert "not a notebook" in graded["broken"].rows[0].sentence
    page = (assignment.folder / places.FEEDBACK / "key.html").read_text(encoding="utf-8")
    assert f"{assignment.points} of {assignment.points} points" in page and "_accuracy" not in page

    (tmp_path / "empty" / "00_start.ipynb").write_bytes(
        (assignment.folder / places.KEY / "00_start.ipynb").read_bytes()
    )
    again = grade_all(assignment, places.submissions(tmp_path, assignment.lessons), workers=2, say=said.append)
    assert said[4:] == ["graded empty"] and [one.percent for one in again] == [0, 0, 100, 100]


def test_students_get_no_answer_and_the_solutions_are_closed_there(assignment, monkeypatch):
    student = assignment.folder / places.STUDENT
    nb = nbformat.read(student / "00_start.ipynb", 4)
    nbformat.validate(nb)
    cells = dict(exercise_cells(nb))
    assert set(cells) == set(assignment.lessons["00_start"]) == {"accuracy", "confusion", "entropy"}
    schema = {"schema_version", "grade_id", "points", "grade", "solution", "locked", "task"}
    assert all(
        cell.metadata.nbgrader.grade_id == name and set(cell.metadata.nbgrader) == schema
        for name, cell in cells.items()
    )
    assert all(answers([cell.source], EXERCISES)[name].unwritten for name, cell in cells.items())
    assert check.entropy.solution().code
    monkeypatch.chdir(student)
    assert "closed" in repr(check.entropy.solution()) and "sum" not in repr(check.entropy.solution())
    monkeypatch.chdir(assignment.folder)
    monkeypatch.setenv("KDTUTOR_SOLUTIONS", "closed")
    assert "closed" in repr(check.gan_truths.solution())


def test_the_commands_say_where_things_are_and_make_a_table(tmp_path):
    done = call("assign", "01", "--out", str(tmp_path / "given"), "--seed", "1")
    assert done.exit_code == 0 and "1 lessons, 4 exercises" in done.stdout
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "=ann.ipynb").write_bytes((tmp_path / "given" / "key" / "01_hinton.ipynb").read_bytes())
    table = tmp_path / "table.csv"
    done = call("grade", str(tmp_path / "given"), "--submissions", str(tmp_path / "in"), "--csv", str(table), "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)[0]["credit"] == 27
    assert table.read_text().splitlines()[1] == "'=ann,27,27,100.0,8,5,8,6"


def test_wrong_folders_are_one_sentence_each(tmp_path, assignment):
    given, lessons = str(assignment.folder), {"01_hinton": {}}
    for words, sentence in (
        (("assign", "99", "--out", str(tmp_path / "a")), "does not exist"),
        (("assign", "lab", "--out", str(tmp_path / "a")), "has no exercise"),
        (("grade", str(tmp_path / "no"), "--submissions", str(tmp_path)), "does not exist"),
        (("grade", str(tmp_path), "--submissions", str(tmp_path)), "holds no assignment.json"),
        (("grade", given, "--submissions", str(tmp_path / "no")), "is no folder"),
        (("grade", given, "--submissions", str(tmp_path)), "holds no submission"),
    ):
        done = call(*words)
        assert done.exit_code in (1, 2) and sentence in done.stderr and len(done.stderr.splitlines()) == 1
    (tmp_path / "Ann").mkdir()
    (tmp_path / "ann.ipynb").write_text("{}")
    with pytest.raises(DataError, match="two submissions of the name"):
        places.submissions(tmp_path, lessons)
    with pytest.raises(DataError, match="side by side"):
        places.submissions(tmp_path, {**lessons, "02_fitnets": {}})
    (tmp_path / "ann.ipynb").unlink()
    for part in ("one", "two"):
        (tmp_path / "Ann" / part).mkdir()
        (tmp_path / "Ann" / part / "01_hinton.ipynb").write_text("{}")
    with pytest.raises(DataError, match="twice"):
        places.submissions(tmp_path, lessons)
    (tmp_path / "Ann" / "two" / "01_hinton.ipynb").unlink()
    (tmp_path / "Bob").mkdir()
    (tmp_path / "Bob" / "01_hinton.ipynb").symlink_to(tmp_path / "Ann" / "one" / "01_hinton.ipynb")
    assert [len(one.notebooks) for one in places.submissions(tmp_path, lessons)] == [1, 0]


@pytest.mark.slow
def test_the_key_of_every_lesson_earns_all_points_and_the_lessons_as_they_come_none(tmp_path):
    given = prepare([lesson.name for lesson in LESSONS], tmp_path / "given", seed=8)
    hand_in(given.folder / places.KEY, tmp_path / "in" / "key")
    hand_in(given.folder / places.STUDENT, tmp_path / "in" / "nothing")
    graded = grade_all(given, places.submissions(tmp_path / "in", given.lessons), workers=2)
    assert [one.percent for one in graded] == [100, 0]
    assert sum(1 for _ in given.exercises()) == len(EXERCISES)


def test_where_no_process_starts_nobody_is_graded(tmp_path, monkeypatch):
    monkeypatch.setattr(outside, "BEGIN", "import sys; sys.exit(3)")
    with pytest.raises(LostError, match="no process"):
        verdict(RIGHT.format("return right(*a)"), Inside(tmp_path, 2.0))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own doors are those of Linux")
def test_what_gets_around_pythons_hooks_is_refused_by_the_kernel(inside, tmp_path):
    left = tmp_path / "left"
    left.write_text("mine")
    calls = (
        f"c.fork(), c.socket(2, 1, 0), c.kill(os.getppid(), 0), c.open({str(left).encode()!r}, 1), "
        f"c.open({check.__file__.encode()!r}, 0), c.chmod({str(left).encode()!r}, 0), c.unlink({str(left).encode()!r})"
    )
    code = f"import ctypes; c = ctypes.pythonapi; raise ValueError(repr([{calls}]))"
    state, sentence = verdict(RIGHT.format(code), inside)
    assert (state, sentence) == ("not yet", f"it raised ValueError: {[-1] * 7}") and left.read_text() == "mine"
