"""A lesson has two tracks: a core of about twenty minutes, and all that was measured besides, folded under Deeper."""

import re
from functools import cache

import pytest
from nbformat import NotebookNode

from kdtutor.cli.notebooks import read
from kdtutor.course.map import FOLDER, LESSONS, START, Lesson
from kdtutor.course.questions import NUMBER, asked

WORDS, CELLS = 1800, 45  # of the core: about twenty minutes
ENDS = ["What to remember", "Check yourself", "Exercises", "Deeper", "Next"]
FOLDED = "jp-MarkdownHeadingCollapsed"
HEADING = re.compile(r"^(#{2,6}) (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
TERM = re.compile(r"\]\(glossary\.md#([^)]+)\)")


@cache
def cells(lesson: Lesson) -> list[NotebookNode]:
    return list(read(FOLDER / lesson.file).cells)


READY = [lesson for lesson in LESSONS if lesson.ready]
every_lesson = pytest.mark.parametrize("lesson", READY, ids=lambda lesson: lesson.name)


def headings(cell: NotebookNode) -> list[tuple[int, str]]:
    """Level and text of each heading from the second level on."""
    found = HEADING.findall(FENCE.sub("", cell.source)) if cell.cell_type == "markdown" else []
    return [(len(marks), text.strip()) for marks, text in found]


def under(lesson: Lesson, heading: str) -> list[NotebookNode]:
    """The cells from that heading of the second level to the next."""
    found, inside = [], False
    for cell in cells(lesson):
        titles = [text for level, text in headings(cell) if level == 2]
        inside = heading in titles or (inside and not titles)
        if inside:
            found.append(cell)
    return found


def core(lesson: Lesson) -> list[NotebookNode]:
    """The cells before the exercises."""
    every = cells(lesson)
    return every[: next(at for at, cell in enumerate(every) if (2, "Exercises") in headings(cell))]


def prose(part: list[NotebookNode]) -> str:
    return "\n\n".join(cell.source for cell in part if cell.cell_type == "markdown")


def code(part: list[NotebookNode]) -> str:
    return "\n\n".join(cell.source for cell in part if cell.cell_type == "code")


def shown(part: list[NotebookNode]) -> str:
    """What the code cells have stored below them, as text."""
    outputs = [output for cell in part if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(str(output.get("text", output.get("data", {}).get("text/plain", ""))) for output in outputs)


@every_lesson
def test_the_core_takes_twenty_minutes(lesson: Lesson) -> None:
    part = core(lesson)
    assert len(prose(part).split()) <= WORDS
    assert len(part) <= CELLS


@every_lesson
def test_sections_are_numbered_and_the_five_last_are_those_of_every_lesson(lesson: Lesson) -> None:
    found = [text for cell in cells(lesson) for level, text in headings(cell) if level == 2]
    numbered, ends = found[: -len(ENDS)], found[-len(ENDS) :]
    assert ends == ENDS
    assert [text.partition(". ")[0] for text in numbered] == [str(number) for number in range(1, len(numbered) + 1)]
    assert lesson is START or numbered[0] == "1. Feel it"


@every_lesson
def test_the_core_has_the_method_on_one_line_a_prediction_a_result_with_its_error_and_a_recap(lesson: Lesson) -> None:
    part = core(lesson)
    assert re.search(r"\bscheme\(", code(part))
    assert "**Predict**" in prose(part)
    assert "±" in prose(part) + shown(part)
    assert "<summary><b>Recap.</b>" in prose(part)


@every_lesson
def test_what_folds_opens_and_closes(lesson: Lesson) -> None:
    """And a blank line stands after each summary, without which its answer is no Markdown."""
    text = prose(cells(lesson))
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>") == text.count("</summary>")
    assert not re.search(r"</summary>[^\n]*\n(?!\n)", text)


@every_lesson
def test_deeper_is_folded_says_what_is_in_it_and_holds_sections_of_its_own(lesson: Lesson) -> None:
    first, *rest = under(lesson, "Deeper")
    assert first.metadata.get(FOLDED) is True
    assert headings(first) == [(2, "Deeper")] and re.search(r"^- ", first.source, re.MULTILINE)
    assert any(level == 3 for cell in rest for level, _ in headings(cell))
    assert [cell.id for cell in cells(lesson) if FOLDED in cell.metadata] == [first.id]


@every_lesson
def test_five_questions_are_there_and_shown(lesson: Lesson) -> None:
    name = lesson.name.partition("_")[2]
    assert len(asked(name)) == NUMBER
    assert f'questions("{name}")' in code(under(lesson, "Check yourself"))


@every_lesson
def test_terms_lead_to_entries_of_the_glossary(lesson: Lesson) -> None:
    linked = TERM.findall(prose(cells(lesson)))
    assert len(linked) == len(set(linked)) > 0, "each term at its first place"
    glossary = FOLDER / "glossary.md"
    if glossary.is_file():
        text = glossary.read_text(encoding="utf-8")
        assert set(linked) <= {term.strip().lower().replace(" ", "-") for term in re.findall(r"^## (.+)$", text, re.M)}


@every_lesson
def test_next_is_the_last_cell(lesson: Lesson) -> None:
    (last,) = under(lesson, "Next")
    assert last.id == cells(lesson)[-1].id and headings(last) == [(2, "Next")]
