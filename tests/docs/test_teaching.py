"""The instructor's guide agrees with the lessons: their titles, the minutes of their exercises, none forgotten."""

import re
from pathlib import Path

from kdtutor.cli.notebooks import code_cells, read
from kdtutor.course.check import EXERCISES
from kdtutor.course.map import FOLDER, LESSONS, Lesson

TEXT = (Path(__file__).parents[2] / "docs/teaching.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def minutes(lesson: Lesson) -> int:
    source = "\n".join(cell.source for _, cell in code_cells(read(FOLDER / lesson.file)))
    return sum(EXERCISES[name].minutes for name in set(re.findall(r"^check\.(\w+)\(", source, re.M)) & set(EXERCISES))


def test_the_table_has_every_lesson_and_the_minutes_that_its_exercises_say() -> None:
    told = [(int(row[0]), row[1], int(row[3])) for row in rows("Minutes a lesson")]
    assert told == [(lesson.number, lesson.title, minutes(lesson)) for lesson in LESSONS]


def test_a_syllabus_has_a_row_a_week_and_no_lesson_twice() -> None:
    for title, weeks in (("Six weeks", 6), ("Twelve weeks", 12)):
        plan = rows(title)
        assert [row[0] for row in plan] == [str(week) for week in range(1, weeks + 1)]
        taught = [int(number) for row in plan for number in row[1].split(", ")]
        assert len(set(taught)) == len(taught) and set(taught) <= {lesson.number for lesson in LESSONS}
    assert set(taught) == {lesson.number for lesson in LESSONS}, "the longer one has all"


def test_ten_questions_have_their_answers() -> None:
    asked = section("Ten questions for an exam")
    assert len(re.findall(r"^\d+\. \*", asked, re.M)) == asked.count("**Answer.**") == 10
