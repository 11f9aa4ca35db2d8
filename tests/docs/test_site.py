"""The site: a small book for what each page does, and, slow, the whole of it."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from docs.__main__ import build, main
from docs.lessons import lessons
from docs.outputs import shown
from docs.pdf import pdf
from kdtutor.course.map import FOLDER, LESSONS
from kdtutor.course.questions import asked
from kdtutor.errors import DataError, UnknownName
from tests.docs.explorer_page import violations
from tests.docs.site_page import THEMES, TOO_WIDE, Visit, visit

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
STATE = "application/vnd.jupyter.widget-view+json"
PAGES = ("index.html", "map.html", "search.html?q=temperature", "api/kdtutor.papers.hinton.html",
         "lessons/glossary.html", "lessons/cheat_sheet.html", "lessons/01_hinton.html")  # fmt: skip


def picture(representation: str, alt: str) -> nbformat.NotebookNode:
    data = {"image/png": DOT, "text/plain": representation, STATE: {"model_id": "1"}}
    return new_output("display_data", data, metadata={"image/png": {"alt": alt, "width": 7}})


def cell(source: str, *outputs: nbformat.NotebookNode, name: str = "a") -> nbformat.NotebookNode:
    return new_code_cell(source, outputs=list(outputs), id=name)


# ---- one output


def test_a_picture_keeps_its_text_and_a_widget_s_state_is_not_shown():
    (output,), files = shown(cell("plot()", picture("<Picture: x>", 'a "b" < c')), "01_x")
    (image,) = re.findall(r"<img[^>]*>", output.data["text/html"])
    assert unescape(re.search(r'alt="([^"]*)"', image)[1]) == 'a "b" < c'
    assert list(files) == ["pictures/01_x/a.png"] and 'src="pictures/01_x/a.png"' in image
    assert STATE not in output.data and "figcaption" not in output.data["text/html"]


@pytest.mark.parametrize("widget, says", [("LiveRun run: x", "trains"), ("Explorer T=1: x", "move this picture")])
def test_a_widget_that_the_page_cannot_move_says_so(widget: str, says: str):
    (output,), _ = shown(cell("run", picture(f"<{widget}>", "x")), "01_x")
    assert says in re.search("<figcaption>(.*)</figcaption>", output.data["text/html"])[1]


def test_an_explorer_has_its_place_around_its_picture(tmp_path, monkeypatch):
    monkeypatch.setattr("docs.outputs.STORED", tmp_path)
    (tmp_path / "01_x").mkdir()
    (tmp_path / "01_x/a.json").write_text("{}")
    (output,), _ = shown(cell("Explorer()", picture("<Explorer T=1: x>", "x")), "01_x")
    place = '<div class="kd-explorer" data-src="../explorers/stored/01_x/a.json"><figure'
    assert output.data["text/html"].startswith(place)


def test_a_table_loses_its_style_and_its_links_lead_to_pages():
    table = '<style scoped>b {}</style><table border="1" class="dataframe"><a href=\'02_y.ipynb\'>y</a></table>'
    (output,), _ = shown(cell("t", new_output("execute_result", {"text/html": table, "text/plain": "t"})), "01_x")
    expected = '<div class="scrolls"><table class="dataframe"><a href=\'02_y.html\'>y</a></table></div>'
    assert output.data["text/html"] == expected


# ---- a small book, in a browser


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """A front page and a lesson with all that a page of a lesson does by itself."""
    folder = tmp_path_factory.mktemp("book")
    long = "x = " + " + ".join(["long"] * 60)
    formula = "$$\\big( " + " + ".join(["T^2"] * 60) + " \\big)$$"
    cells = [
        new_markdown_cell("# A lesson\n\nBuilds on [the second part](01_lesson.ipynb#2.-Deep-inside).", id="title"),
        new_markdown_cell(f"## 1. Feel it\n\nA formula,\n{formula}\nand text.", id="one"),
        cell(long, picture("<LiveRun r: x>", "a dot"), new_output("stream", text=long), name="wide"),
        new_markdown_cell("<details><summary><b>Recap.</b> Why?</summary>\n\nBecause.\n\n</details>", id="recap"),
        cell('questions("hinton")', picture("<Questions>", "questions"), name="ask"),
        new_markdown_cell("## Deeper", id="deep"),
        new_markdown_cell("### 2. Deep inside\n\nAn *abyssal* sentence.", id="inside"),
        new_markdown_cell("## Next\n\nThat is all.", id="next"),
    ]
    (folder / "notebooks").mkdir()
    python = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    nbformat.write(new_notebook(cells=cells, metadata=python), folder / "notebooks/01_lesson.ipynb")
    taught = lessons(folder / "notebooks", "..")
    front = "# Front\n\n```{toctree}\nlessons/01_lesson\n```\n"
    assert build(folder / "site", folder / "work", {"index.md": front, **taught.pages}, taught.pictures) == 0
    assert {path.name for path in folder.iterdir()} <= {"site", "work", "notebooks"}, "nothing beside the site"
    return folder / "site"


def test_a_folder_that_holds_anything_else_is_left_as_it_is(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("of somebody else", encoding="utf-8")
    with pytest.raises(DataError, match="holds other files"):
        build(tmp_path, tmp_path.parent / "work", {}, {})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


LESSON = "lessons/01_lesson.html"


@pytest.mark.browser
def test_what_folds_opens_for_whoever_wants_to_see_it(book: Path, needs_chromium: str):
    def action(at: Visit) -> None:
        inside = at.open(LESSON).get_by_text("abyssal")
        assert not inside.is_visible() and at.page.get_by_text("That is all.").is_visible()
        at.page.get_by_role("link", name="the second part").click()
        inside.wait_for(state="visible", timeout=5_000)

        at.open("search.html?q=abyssal").locator(".search a").first.click()
        at.page.get_by_text("abyssal").first.wait_for(state="visible", timeout=5_000)

        at.open(LESSON).evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert at.page.locator("article details:not([open])").count() == 0
        at.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert not at.page.get_by_text("abyssal").is_visible()
        at.page.emulate_media(media="print")
        assert not at.page.locator(".sidebar-drawer").is_visible()
        assert at.faults == []

    visit(needs_chromium, book, action)


@pytest.mark.browser
def test_questions_are_answered_by_keyboard(book: Path, needs_chromium: str):
    five = asked("hinton")

    def action(at: Visit) -> None:
        sections = at.open(LESSON).locator(".kd-question")
        assert sections.count() == len(five)
        for i, question in enumerate(five):
            said = sections.nth(i).locator("[aria-live]")
            radios = sections.nth(i).get_by_role("radio")
            radios.first.focus()
            at.page.keyboard.press("Space")
            for k, option in enumerate(question.options):
                assert radios.nth(k).is_checked()
                assert said.inner_text().replace("\n", " ").endswith(option.why.replace("`", ""))
                assert said.inner_text().startswith("Right" if option.right else "Not quite")
                at.page.keyboard.press("ArrowDown")
        firsts = sum(question.options[0].right for question in five)
        assert at.page.locator(".kd-score").inner_text() == f"{firsts} of {len(five)} right."
        assert at.faults == []

    visit(needs_chromium, book, action)


@pytest.mark.browser
def test_nothing_is_wider_than_a_phone_and_all_can_be_read(book: Path, needs_chromium: str):
    def action(at: Visit) -> None:
        for theme in THEMES:
            assert at.open(LESSON, theme, width=360).evaluate(TOO_WIDE) <= 0
            assert violations(at.page) == []
        assert at.faults == []

    visit(needs_chromium, book, action)


def test_without_a_script_the_answers_can_be_unfolded(book: Path):
    html = (book / LESSON).read_text(encoding="utf-8")
    for question in asked("hinton"):
        assert all(option.why.split("`")[0] in unescape(html) for option in question.options)
    assert html.count("<summary>Answer</summary>") == len(asked("hinton"))


def test_a_lesson_that_cannot_be_printed_is_refused(tmp_path):
    with pytest.raises(UnknownName, match="'hinton' is not a known lesson"):
        pdf("hinton")
    with pytest.raises(DataError, match="`make site` builds it"):
        pdf("01_hinton", site=tmp_path)


# ---- the whole site


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The site as `make site` builds it: warnings are errors."""
    folder = tmp_path_factory.mktemp("site")
    assert main(folder / "html", folder / "work") == 0
    return folder / "html"


class Read(HTMLParser):
    """Pictures with their texts, links, and identifiers of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.alts: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        self.names |= {told["id"] or ""} if "id" in told else set()
        if tag == "img":
            self.alts.append(told.get("alt") or "")
        if tag == "a" and told.get("href"):
            self.links.append(told["href"] or "")


def stored_alts(lesson: Path) -> list[str]:
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    shown = [one for one in cells if not "".join(one["source"]).startswith("questions(")]
    outputs = [output for one in shown for output in one.get("outputs", [])]
    return [output["metadata"]["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]


@pytest.mark.slow
@pytest.mark.timeout(900)  # it builds the site for all
def test_every_lesson_is_there_with_all_its_pictures(site: Path):
    for lesson in LESSONS:
        page = Read(site / f"lessons/{lesson.name}.html")
        assert [alt for alt in page.alts if alt] == page.alts
        assert page.alts == stored_alts(FOLDER / lesson.file)
        assert "A stored copy" in (site / f"lessons/{lesson.name}.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_links_between_pages_lead_somewhere(site: Path):
    pages = {path.resolve(): Read(path) for folder in ("", "lessons") for path in (site / folder).glob("*.html")}
    lost = []
    for path, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            at = (path.parent / target).resolve() if target else path
            there = at.is_file() and (not anchor or at not in pages or anchor in pages[at].names)
            if "://" not in link and not there:
                lost.append(f"{path.name}: {link}")
    assert lost == []


@pytest.mark.slow
def test_the_site_is_small(site: Path):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) <= 60 * 2**20


@pytest.mark.slow
@pytest.mark.browser
def test_pages_are_whole_in_both_themes_and_on_a_phone(site: Path, needs_chromium: str):
    def action(at: Visit) -> None:
        found = []
        for name in PAGES:
            for theme in THEMES:
                page = at.open(name, theme, width=360)
                page.wait_for_timeout(300)
                found += [f"{name}, {theme}: {one}" for one in violations(page)]
                found += [f"{name} is too wide"] if page.evaluate(TOO_WIDE) > 0 else []
        assert found + at.faults == []

    visit(needs_chromium, site, action)


@pytest.mark.slow
@pytest.mark.browser
def test_every_lesson_opens_without_a_fault(site: Path, needs_chromium: str):
    def action(at: Visit) -> None:
        for lesson in LESSONS:
            at.open(f"lessons/{lesson.name}.html", width=360)
            assert at.page.evaluate(TOO_WIDE) <= 0, lesson.name
        assert at.faults == []

    visit(needs_chromium, site, action)


@pytest.mark.slow
@pytest.mark.browser
def test_a_lesson_is_printed(site: Path, needs_chromium: str, tmp_path):
    printed = pdf("01_hinton", site, tmp_path).read_bytes()
    assert printed.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", printed)) >= 5
    assert len(re.findall(rb"/Subtype\s*/Image", printed)) >= len(stored_alts(FOLDER / "01_hinton.ipynb"))
