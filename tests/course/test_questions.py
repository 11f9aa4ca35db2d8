"""The questions of every lesson keep their form; the widget says of each answer what its file says."""

import json

import pytest

from kdtutor.course import questions as module
from kdtutor.course.questions import NUMBER, asked, lessons, questions
from kdtutor.course.questions.board import feedback, folded
from kdtutor.errors import DataError, UnknownName


@pytest.mark.parametrize("lesson", lessons())
def test_the_questions_of_a_lesson(lesson):
    told = asked(lesson)
    assert len(told) == len({question.id for question in told}) == NUMBER
    for question in told:
        texts = [option.text for option in question.options]
        assert 3 <= len(texts) <= 4 and len(set(texts)) == len(texts), question.id
        assert question.question.endswith(("?", ".", ":")) and all(option.why.strip() for option in question.options)
    places = {question.options.index(question.answer) for question in told}
    assert len(places) > 1, "the right answer stands in the same place every time"
    longest = sum(len(q.answer.text) == max(len(option.text) for option in q.options) for q in told)
    assert longest < NUMBER, "whoever takes the longest option is always right"


def test_a_click_is_answered_and_counted():
    board = questions("hinton")
    assert board.chosen == [None] * NUMBER and board.score.value == "0 of 5 right, 5 to go"
    for question, choice, said in zip(board.asked, board.choices, board.said, strict=True):
        for number, option in enumerate(question.options):
            choice.index = number
            assert said.value == feedback(question, number)
            assert ("Right." if option.right else "Not quite.") in said.value, question.id
        choice.index = question.options.index(question.answer)
    assert board.right == NUMBER and board.score.value == "5 of 5 right"


def test_without_a_kernel_the_answers_are_folded_away():
    data = questions("hinton")._repr_mimebundle_()
    assert data["text/plain"] == "<Questions hinton: 5 questions, each answered by a click>"
    assert data["text/html"].count("<details>") == NUMBER and data["text/html"].startswith(folded(asked("hinton")[0]))


def test_a_lesson_without_questions_and_files_that_are_not_right(tmp_path, monkeypatch):
    with pytest.raises(UnknownName, match="hintn"):
        asked("hintn")
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    options = [{"text": word, "right": False, "why": "no"} for word in "abc"]
    for name, told in (("none", [{"id": "q", "question": "?", "options": options}]), ("odd", [{"id": "q"}])):
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    with pytest.raises(DataError, match=r"none.json, q: 0 options are right"):
        asked("none")
    with pytest.raises(DataError, match=r"odd.json holds no questions"):
        asked("odd")
