"""A reader finds the way through the lessons, and may stop a run and read on."""

import ast
import re
from collections.abc import Iterator

import pytest

from kdtutor.cli.notebooks import code_cells, read
from kdtutor.course.map import FOLDER, LESSONS, Lesson

READY = [lesson for lesson in LESSONS if lesson.ready]
every_lesson = pytest.mark.parametrize("lesson", READY, ids=lambda lesson: lesson.name)


@every_lesson
def test_the_last_cell_leads_on_and_back(lesson: Lesson):
    last = read(FOLDER / lesson.file).cells[-1].source
    links = re.findall(r"\]\(([^)#]+\.ipynb)", last)
    following = READY[READY.index(lesson) + 1 :][:1]
    for other in following:
        assert f"[{other.title}]({other.file})" in last or other.file == links[0], "the next lesson is the first link"
    assert links[-1] == READY[0].file or lesson is READY[0], "the last link leads to the map"


@every_lesson
def test_links_between_lessons_lead_somewhere(lesson: Lesson):
    texts = "\n".join(cell.source for cell in read(FOLDER / lesson.file).cells if cell.cell_type == "markdown")
    for file in re.findall(r"\]\(([^)#:]+\.ipynb)", texts):
        assert (FOLDER / file).is_file(), file


def assertions(source: str) -> Iterator[tuple[ast.Assert, bool]]:
    """Every assertion, and whether it, or an if around it, makes an exception for runs that were stopped."""

    def inside(node: ast.AST, excepted: bool) -> Iterator[tuple[ast.Assert, bool]]:
        for child in ast.iter_child_nodes(node):
            said = excepted or (isinstance(child, ast.If | ast.Assert) and ".stopped" in ast.unparse(child.test))
            if isinstance(child, ast.Assert):
                yield child, said
            yield from inside(child, said)

    return inside(ast.parse(source), False)


@every_lesson
def test_whoever_stops_a_run_meets_no_assertion_about_whole_runs(lesson: Lesson):
    live: set[str] = set()  # histories of runs that a reader may stop
    for number, cell in code_cells(read(FOLDER / lesson.file)):
        live |= set(re.findall(r"^(\w+)(?:\[.*?\])? = await \w+\.finished\(\)", cell.source, re.M))
        for found, excepted in assertions(cell.source):
            names = {node.id for node in ast.walk(found) if isinstance(node, ast.Name)}
            assert excepted or not names & live, f"cell [{number}]: {ast.unparse(found)}"
