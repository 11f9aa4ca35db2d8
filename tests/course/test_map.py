"""The course map tells the truth about what is there, in the README too."""

from pathlib import Path

import pytest

from kdtutor import ConfigError, DataError, row
from kdtutor.course import map as course

ROOT = Path(__file__).parents[2]


def test_a_start_and_a_lesson_for_each_number():
    lessons = course.course_map()
    assert [lesson.number for lesson in lessons] == list(range(len(lessons)))
    assert all(lesson.name.startswith(f"{lesson.number:02}_") for lesson in lessons)
    assert all(lesson.paper and lesson.reference for lesson in lessons[1:])
    assert {lesson.question for lesson in lessons[1:]} == set(row.QUESTIONS)


def test_a_lesson_is_ready_when_its_notebook_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "FOLDER", tmp_path)
    assert not any(lesson.ready for lesson in course.course_map())
    (tmp_path / "03_fsp.ipynb").touch()
    assert [lesson.number for lesson in course.course_map() if lesson.ready] == [3]
    assert "3  ready    The flow between two layers" in repr(course.course_map())
    assert "<a href='03_fsp.ipynb'>" in course.course_map()._repr_html_()
    assert "[The flow between two layers](notebooks/03_fsp.ipynb)" in course.course_map().markdown()


def test_every_notebook_but_the_lab_is_on_the_map():
    here = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert here - {"lab.ipynb"} <= {lesson.file for lesson in course.LESSONS}


def test_the_readme_holds_the_map():
    current = course.course_map().markdown() in (ROOT / "README.md").read_text(encoding="utf-8")
    assert current, "run `kdtutor map --write README.md`"


def test_the_map_is_written_between_its_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- course map: x -->\nold\n<!-- end of course map -->\nafter\n")
    for _ in range(2):
        course.write_into(page)
        start, end = "before\n<!-- course map: x -->\n", "<!-- end of course map -->\nafter\n"
        assert page.read_text() == start + course.course_map().markdown() + end
    page.write_text("nothing\n")
    with pytest.raises(ConfigError, match="has no place for the map"):
        course.write_into(page)


def test_without_a_clone_there_are_no_notebooks(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "FOLDER", tmp_path / "notebooks")
    with pytest.raises(DataError, match="run kdtutor from a clone"):
        course.notebooks_folder()
