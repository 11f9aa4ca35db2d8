"""The cheat sheet is what registry and formulas say, and every term that a lesson links to is in the glossary."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from docs.anchors import slug
from docs.cheat_sheet import SHEET, cheat_sheet, code, told
from docs.formulas import formulas
from kdtutor import papers
from kdtutor.course.map import FOLDER
from kdtutor.methods import ROWS, Method, find

GLOSSARY = (FOLDER / "glossary.md").read_text(encoding="utf-8")
ENTRIES = re.split(r"^## ", GLOSSARY, flags=re.MULTILINE)[1:]


def test_the_sheet_is_current():
    assert SHEET.read_text(encoding="utf-8") == cheat_sheet(), "python -m docs.cheat_sheet writes it"


def test_every_method_is_on_it_and_no_other():
    assert set(told()) - {"head", "which"} == {row.name for row in ROWS}
    named = [name for row in told()["which"] for name in row["methods"]]
    assert [find(name).name for name in named] == named


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_method_s_line(row: Method):
    said = told()[row.name]
    assert all(f"kdtutor.{name}" in formulas() for name in said["formulas"]) and said["formulas"] != []
    call = ast.parse(code(row), mode="eval").body
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Call)
    (name,) = call.func.args
    found = papers.get(ast.literal_eval(name))
    assert found is papers.get(row.name)
    inspect.signature(found).bind(*call.args)


def test_an_entry_of_the_glossary():
    for entry in ENTRIES:
        term, text, lessons = (part.strip() for part in entry.strip().split("\n\n"))
        plain = re.sub(r"\$[^$]*\$", "", text)
        assert 1 <= len(re.findall(r"[.)](?:\s|$)", plain)) <= 4, term
        assert lessons.startswith("Lessons: "), term
        assert all((FOLDER / name).is_file() for name in re.findall(r"\]\(([^)#]+)", lessons)), term


def test_every_term_that_a_lesson_links_to_has_an_entry():
    terms = [slug(entry.partition("\n")[0]) for entry in ENTRIES]
    assert len(set(terms)) == len(terms)
    asked = {
        (path.name, link)
        for path in sorted(Path(FOLDER).glob("*.ipynb"))
        for link in re.findall(r"glossary\.md#([^)\"\\]+)\)", path.read_text(encoding="utf-8"))
    }
    assert [(name, link) for name, link in sorted(asked) if slug(link.replace("-", " ")) not in terms] == []
