"""What the reader has passed is kept only if the reader asks for it."""

import json

import pytest

from kdtutor.course import check, progress
from kdtutor.course.panel import ProgressPanel
from kdtutor.errors import DataError
from tests.cli.calls import call


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(progress, "FOLDER", tmp_path / "lessons")
    return tmp_path


def judge(right=True):
    truth = {statement: answer for statement, (answer, _) in check.stays.truth.items()}
    return check.stays(lambda: truth if right else dict.fromkeys(truth, True))


def test_nothing_is_written_before_the_reader_asks_and_then_what_passes(elsewhere):
    assert judge() and list(elsewhere.iterdir()) == [] and "nothing is kept" in repr(progress.progress())
    place = progress.keep()
    assert not judge(right=False) and progress.passed() == set()
    assert judge() and judge() and json.loads(place.read_text()) == {"passed": ["stays"]}
    now = progress.progress()
    assert now.next is not None and (now.next[0].number, now.next[1]) == (0, "accuracy")
    assert " 3  1 of 5    " in repr(now) and "1 of 87 exercises passed; next: accuracy" in repr(now)
    progress.forget()
    assert judge() and not progress.kept()


def test_every_exercise_is_in_its_lesson_and_after_the_last_the_course_is_done():
    progress.keep()
    exercises = progress.progress().exercises
    assert [lesson.number for lesson in exercises] == list(range(19))
    assert sorted(name for names in exercises.values() for name in names) == list(check.__all__)
    done = progress.Progress(exercises, frozenset(check.__all__), True)
    assert done.next is None and "the course is done" in repr(done)


def test_what_the_lessons_keep_is_found_from_elsewhere(elsewhere):
    stored = elsewhere / "lessons" / "runs" / "progress.json"
    stored.parent.mkdir(parents=True)
    stored.write_text('{"passed": ["entropy"]}')
    assert progress.place() == stored and progress.passed() == {"entropy"}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"passed": 3}', '{"passed": [3]}'])
def test_a_damaged_file_is_a_sentence_and_no_check_fails_of_it(text):
    progress.keep().write_text(text)
    with pytest.raises(DataError, match="--forget"):
        progress.passed()
    verdict = judge()
    assert verdict and "cannot be kept" in verdict.sentence
    assert call("progress").exit_code == 1 and call("progress", "--forget").exit_code == 0


def test_the_panel_keeps_by_its_box(elsewhere):
    panel = ProgressPanel()
    assert "nothing is kept" in repr(panel) and "nothing is kept" in panel.table.value
    panel.box.value = True
    assert judge() and "0 of 87" in panel.table.value
    panel.button.click()
    assert "1 of 87" in panel.table.value and repr(panel).startswith("Progress: 1 of 87 exercises passed; next:")
    panel.box.value = False
    assert not progress.kept()


def test_the_command(elsewhere):
    assert "nothing is kept" in call("progress").stdout
    assert "0 of 87" in call("progress", "--keep").stdout and judge()
    assert json.loads(call("progress", "--json").stdout)["passed"]["3"] == ["stays"]
    assert "give one of them" in call("progress", "--keep", "--forget").stderr
