"""A method begun by command: what is written, what is refused, and that it passes every check as it is."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kdtutor import ConfigError, DataError, methods
from kdtutor.cli.new_method import EXAMPLE, SKELETON, WIDTH, filled, new_row, with_change, with_link, with_row, write
from kdtutor.cli.places import files, lacking

ROOT = Path(__file__).parents[2]
FACTS = {"title": "Quiet Logits", "authors": "Ada Nobody, Bob Noone", "venue": "A Conference", "arxiv": "2601.00001"}
LESSON = len(methods.taught()) + 1
LONG = "a_name_of_letters_and_mo"
COPIED = (
    "kdtutor",
    "tests",
    "skeleton",
    "notebooks",
    "docs",
    "README.md",
    "CHANGELOG.md",
    "pyproject.toml",
    "conftest.py",
)
KDTUTOR = ("-c", "from kdtutor.cli.app import app; app()")
EVERY = (
    "course/test_every_exercise.py", "course/test_wrong_answers.py", "course/test_map.py", "papers/test_hazards.py",
    "notebooks/test_definitions.py", "notebooks/test_reading.py", "docs/test_methods.py", "test_registry.py",
    "test_places.py", "notebooks/test_tracks.py", "course/test_questions.py", "cli/test_dress.py",
    "docs/test_sheets.py",
)  # fmt: skip


def begun(name: str = "quiet", lesson: int | None = None, **facts: str) -> methods.Method:
    return new_row(name, "QL", FACTS | facts, 2026, lesson)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a clone has of the repository, its data as a link."""
    for part in COPIED:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, tmp_path / part)
    (tmp_path / "data").symlink_to(ROOT / "data", target_is_directory=True)
    return tmp_path


def run(clone: Path, *arguments: str | Path) -> str:
    here = {**os.environ, "PYTHONPATH": str(clone)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=clone, env=here, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_method_with_its_lesson_passes_every_check_as_it_is(clone):
    facts = [word for name, fact in FACTS.items() for word in (f"--{name}", fact)]
    said = run(
        clone, *KDTUTOR, "new-method", LONG, "--acronym", "QL", "--year", "2026", *facts, "--lesson", f"{LESSON}"
    )
    made = begun(LONG, LESSON)
    new = [clone / file for file in files(made)]
    assert all(file.is_file() for file in new) and all(file in said for file in files(made))
    assert lacking(made, clone) == ()
    written = [*(file for file in new if file.suffix in (".py", ".ipynb")), "kdtutor/rows/matched.py"]
    run(clone, "-m", "ruff", "check", "--no-cache", *written)
    run(clone, "-m", "ruff", "format", "--no-cache", "--force-exclude", "--check", *written)
    known = ROOT / ".mypy_cache"  # what is known of torch, if the repository was checked before, as `make test` does
    if known.is_dir():
        shutil.copytree(known, clone / known.name)
    run(clone, "-m", "mypy", *(file for file in files(made) if file.startswith("kdtutor/") and file.endswith(".py")))
    own = [file for file in new if file.name.startswith("test_")]
    chosen = f"{LONG} or test_map or test_registry or test_places or test_reading or test_sheets"
    run(clone, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", chosen, *own, *(f"tests/{e}" for e in EVERY))
    cells = json.loads((clone / "notebooks" / f"{made.notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    run(clone, "-c", seen_by_hand(source))


def seen_by_hand(source: str) -> str:
    """The code of a notebook as a program that stops before stored numbers are asked for."""
    before = source.partition("from kdtutor.course.studies import in_points")[0]
    lines = [
        "async def lesson():",
        *(f"    {line}" for line in before.splitlines()),
        "import asyncio",
        "asyncio.run(lesson())",
    ]
    return "\n".join(lines)


@pytest.mark.slow
def test_a_method_without_a_lesson_has_three_files_and_what_is_missing_is_told(clone):
    said = run(clone, *KDTUTOR, "new-method", "quiet", "--acronym", "QL")
    made = new_row("quiet", "QL", {}, None, None)
    assert len(files(made)) == 3 and lacking(made, clone) == () and "write title, authors, venue" in said
    found = run(clone, "-c", "import kdtutor as kd; print(kd.papers.get('ql').__name__, *kd.papers.METHODS)")
    assert found.split()[0] == "Quiet" and "quiet" in found.split()[1:]


@pytest.mark.parametrize(
    ("name", "acronym", "lesson", "says"),
    [
        ("relational", "NEW", None, r"'relational' is relational \(RKD\) already"),
        ("new", "rkd", None, r"'rkd' is relational \(RKD\) already"),
        ("spotadaptive", "NEW", None, r"is spot_adaptive \(SAKD\) already"),
        ("Quiet", "NEW", None, "'Quiet' is no name for a method's files: expected 24 small letters"),
        ("lambda", "NEW", None, "'lambda' is no name"),
        (f"{LONG}r", "NEW", None, "is no name"),
        ("quiet", "a b", None, "--acronym 'a b'"),
        ("quiet", "NEW", 3, f"--lesson 3: the next lesson is number {LESSON}"),
    ],
)
def test_names_that_cannot_be(name, acronym, lesson, says):
    with pytest.raises(ConfigError, match=says):
        new_row(name, acronym, {}, None, lesson)


def test_facts_that_would_end_a_string_are_refused():
    with pytest.raises(ConfigError, match="--title"):
        begun(title='A "Quoted" Title')


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path):
    for place in (SKELETON, "tests/papers"):
        shutil.copytree(ROOT / place, tmp_path / place)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    mine = tmp_path / "kdtutor/papers/quiet.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(ConfigError, match=r"kdtutor/papers/quiet\.py: in the way, and nothing is overwritten"):
        write(begun(), tmp_path)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == {**before, mine: b"mine"}


def test_only_a_clone_takes_a_method(tmp_path):
    with pytest.raises(DataError, match=r"skeleton does not exist: a method is added to a clone"):
        write(begun(), tmp_path)


def test_the_row_stands_last_among_those_of_its_question():
    source = (ROOT / "kdtutor/rows/matched.py").read_text(encoding="utf-8")
    made = begun(title="Quiet Logits: " + "Very " * 40 + "Quiet", lesson=LESSON)
    space: dict[str, object] = {"__name__": "kdtutor.rows.matched", "__package__": "kdtutor.rows"}
    changed = with_row(source, made)
    assert all(len(line) <= WIDTH for line in changed.splitlines())
    exec(compile(ast.parse(changed), "matched.py", "exec"), space)
    rows, old = space["MATCHED"], list(methods.matched())
    assert isinstance(rows, tuple)
    place = [row.name for row in rows].index(made.name)
    assert repr(rows[place]) == repr(made) and [row.name for row in rows if row.name != made.name] == [
        r.name for r in old
    ]
    assert rows[place - 1].name == methods.matched()[-1].name


def test_the_lesson_before_leads_on_and_nothing_else_of_it_changes():
    path = ROOT / "notebooks" / f"{methods.taught()[-1].notebook}.ipynb"
    before, made = path.read_text(encoding="utf-8"), begun(lesson=LESSON)
    after = with_link(before, made)
    old, new = (json.loads(text)["cells"] for text in (before, after))
    led = "".join(new[-1]["source"])
    assert new[:-1] == old[:-1] and led.startswith(f"## Next\n\n[{made.title}]({made.notebook}.ipynb).\n\n")
    assert "last lesson" in "".join(old[-1]["source"]) and "last lesson" not in led
    assert led.splitlines()[-1].startswith("[All lessons]")


def test_the_skeleton_leads_on_as_any_lesson_and_a_notebook_that_cannot_is_told():
    before = (ROOT / SKELETON / "notebooks/99_example.ipynb").read_text(encoding="utf-8")
    made = begun(lesson=LESSON)
    led = "".join(json.loads(with_link(before, made))["cells"][-1]["source"])
    first = f"## Next\n\n[{made.title}]({made.notebook}.ipynb).\n\n"
    assert led == f"{first}[All lessons](00_start.ipynb#3.-Four-questions)"
    with pytest.raises(DataError, match="without the heading '## Next'"):
        with_link(before.replace("## Next", "## Then"), made)


def test_a_change_is_told_below_what_was_added():
    told = with_change("# Changelog\n\n## [Unreleased]\n\n### Added\n\n- One.\n", begun())
    assert told.endswith("### Added\n\n- quiet (QL): Nobody, Noone: Quiet Logits (2026).\n- One.\n")
    with pytest.raises(ConfigError, match=r"CHANGELOG\.md has no heading"):
        with_change("# Changelog\n", begun())


def test_the_skeleton_is_whole_and_every_word_of_it_is_replaced():
    skeleton = ROOT / SKELETON
    there = {
        str(path.relative_to(skeleton))
        for path in skeleton.rglob("*.*")
        if path.suffix in (".py", ".ipynb", ".json", ".toml")
    }
    assert there == set(files(EXAMPLE))
    for file in there:
        text = filled((skeleton / file).read_text(encoding="utf-8"), begun(lesson=LESSON), file.endswith(".ipynb"))
        assert not re.search(r"xample|\b(LABEL|HEADLINE|REFERENCE|TITLE|NUMBER)\b", text)
        assert "quiet" in text.lower()
