"""A method begun by command: what is written, what is refused, and that it passes every check as it is."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

import kdtutor as kd
from kdtutor import methods
from kdtutor.cli import new_method
from kdtutor.cli.new_method import camel, new_row, with_link, with_loss, with_row, write
from kdtutor.cli.places import files, lacking

ROOT = Path(__file__).parents[2]
FACTS = {"title": "Quiet Logits", "authors": "Ada Nobody, Bob Noone", "venue": "A Conference", "arxiv": "2601.00001"}
LAST = len(methods.taught()) + 1
LONGEST_NAME = "a_name_of_letters_and_mo"
PARTS = ("kdtutor", "benchmarks", "tests", "skeleton", "notebooks", "README.md", "pyproject.toml", "conftest.py")


def row(name: str = "quiet", lesson: int | None = None, **facts: str) -> methods.Method:
    return new_row(name, "QL", FACTS | facts, 2026, lesson)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What a clone has of the repository, without data and outputs."""
    folder = tmp_path_factory.mktemp("clone")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "oracles"))
        else:
            shutil.copy2(ROOT / part, folder / part)
    (folder / "data").symlink_to(ROOT / "data", target_is_directory=True)
    yield folder


def run(clone: Path, *arguments: str | Path) -> str:
    here = {**os.environ, "PYTHONPATH": str(clone), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=clone, env=here, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


KDTUTOR = ("-c", "from kdtutor.cli.app import app; app()")


@pytest.mark.slow
def test_a_method_with_its_lesson_passes_every_check_as_it_is(clone):
    facts = [word for name, fact in FACTS.items() for word in (f"--{name}", fact)]
    said = run(clone, *KDTUTOR, "new-method", LONGEST_NAME, "--acronym", "QL", *facts, "--lesson", str(LAST))
    made = row(LONGEST_NAME, LAST)
    assert all((clone / file).is_file() and file in said for file in files(made)) and lacking(made, clone) == ()
    new = [clone / file for file in files(made)]
    changed = [clone / file for file in ("kdtutor/methods.py", "tests/papers/losses.py")]
    run(clone, "-m", "ruff", "check", *new, *changed)
    run(clone, "-m", "ruff", "format", "--check", *new, *changed)
    own = [file for file in new if "tests" in file.parts and file.name.startswith("test_")]
    tests = ["tests/course/test_every_exercise.py", "tests/course/test_wrong_answers.py", "tests/papers/test_hazards.py",
             "tests/notebooks/test_definitions.py", "tests/course/test_map.py", "tests/notebooks/test_reading.py"]  # fmt: skip
    run(clone, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", f"{LONGEST_NAME} or map or 12_", *own, *tests)
    source = "\n".join(cell.source for cell in nbformat.read(new[6], 4).cells if cell.cell_type == "code")
    assert "await run.finished()" in source


@pytest.mark.slow
def test_its_types_are_sound(clone):
    """The skeleton's own: of a method begun without a lesson, in the same clone."""
    run(clone, *KDTUTOR, "new-method", "plain", "--acronym", "PL")
    run(clone, "-m", "mypy", "--follow-imports=silent", "-p", "kdtutor.papers.plain")
