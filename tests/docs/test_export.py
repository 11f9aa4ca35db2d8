"""A lesson in one file: nothing comes from elsewhere, pictures keep their texts, and a talk turns its slides."""

import re
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from docs.export import cut, export, page, rendered
from kdtutor.cli.dress import dressed
from kdtutor.cli.notebooks import read
from kdtutor.course.map import FOLDER, LESSONS
from kdtutor.errors import UnknownName
from tests.browser.lab import CHROMIUM_OPTIONS
from tests.chromium import need_chromium

LESSON = LESSONS[6]


@pytest.fixture(scope="module")
def notebook():
    return dressed(read(FOLDER / LESSON.file), LESSON.file, "")


def alts(nb) -> list[str]:
    outputs = [output for cell in nb.cells for output in cell.get("outputs", [])]
    return [output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]


def test_every_picture_keeps_its_text_and_nothing_is_asked_of_the_network(notebook):
    told = page(notebook, LESSON.title)
    images = re.findall(r"<img\b[^>]*>", told)
    shown = [unescape(found[1]) for image in images if (found := re.search(r'alt="([^"]*)"', image))]
    assert shown == alts(notebook) and len(shown) == len(images) > 5
    loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"?(https?:[^\s\">]*)", told)
    assert loaded == [] and "@import" not in told


def test_formulas_are_drawn_by_the_browser(notebook):
    told = page(notebook, LESSON.title)
    assert told.count("<math") > 15 and "$$" not in re.sub(r"<pre.*?</pre>", "", told, flags=re.DOTALL)
    assert rendered("a $x^2$ and `$y$`").count("<math") == 1


@pytest.mark.browser
def test_the_arrow_keys_turn_the_slides_of_a_talk(notebook, tmp_path: Path):
    slides = sum(cell.metadata["opens"] for cell in cut(notebook).cells)
    assert slides >= 15
    path = tmp_path / "talk.html"
    path.write_text(page(notebook, LESSON.title, talk=True), encoding="utf-8")
    executable = need_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_OPTIONS)
        view = browser.new_page()
        view.goto(path.as_uri())
        for key, place in (("ArrowRight", 2), ("ArrowDown", 3), ("ArrowLeft", 2)):
            view.keyboard.press(key)
            assert view.inner_text("#place") == f"{place} / {slides}"
        assert view.locator("section").count() == slides
        browser.close()


def test_a_lesson_that_is_not_there(tmp_path: Path):
    with pytest.raises(UnknownName, match="06_bounds"):
        export("06_bounds", folder=tmp_path)
    assert 'class="talk"' in export(LESSON.name, talk=True, folder=tmp_path).read_text(encoding="utf-8")
