"""Every lesson but that on text runs on either set, `kdtutor check --data fashion` shows it: what it loads is there."""

import re

import pytest

import kdtutor as kd
from kdtutor.cli.notebooks import code_cells, read
from kdtutor.course.map import FOLDER, LESSONS, Lesson
from kdtutor.course.studies.halfway import halfway

ON_BOTH = [lesson for lesson in LESSONS if lesson.number != 17]  # lesson 17 is about text
ABOUT_ONE = {"15_amalgamation": 1}  # a section on clothes, whichever set is chosen
every_lesson = pytest.mark.parametrize("lesson", ON_BOTH, ids=lambda lesson: lesson.name)
ONE_SET = re.compile(r"(?:load|teacher|trained_generator)\([\"'](?:digits|fashion)[-\w]*[\"']\)")
OF_CHOSEN = re.compile(r"f\"\{chosen\}(-[\w-]+)\"")


def code(lesson: Lesson) -> list[str]:
    return [cell.source for _, cell in code_cells(read(FOLDER / lesson.file))]


@every_lesson
def test_no_cell_loads_one_of_the_sets_by_its_name(lesson: Lesson):
    lines = [line for source in code(lesson) for line in source.splitlines() if ONE_SET.search(line)]
    live = [line for line in lines if "stored" not in line]  # stored results are of the digits
    assert len(live) == ABOUT_ONE.get(lesson.name, 0), live


@every_lesson
def test_the_first_cell_says_how_to_read_the_text_on_another_set(lesson: Lesson):
    installs, begins = code(lesson)[:2]
    assert "pip" in installs and "\nnote()" in begins


def test_what_lessons_load_by_name_is_there_for_both_sets():
    loaded = {part for lesson in ON_BOTH for source in code(lesson) for part in OF_CHOSEN.findall(source)}
    assert len(loaded) >= 5
    folders = ("teachers", "generators", "students")
    ships = {card["name"] for folder in folders for card in kd.nets.teachers(kd.data.root() / folder)}
    assert {f"{name}{part}" for name in kd.data.SHIPPED for part in loaded} <= ships | {*kd.data.names()}


@pytest.mark.parametrize("name", kd.data.SHIPPED)
def test_the_state_in_the_middle_of_a_run_is_that_of_the_set(name):
    student, generator = halfway(data=name)
    assert student.card["data"] == generator.card["data"] == f"none; measured on {name}"
