"""One run of a lesson for two tests: nbval compares its outputs, and they come from a page that a reader would see.

Where there is a Chromium, `pytest --nbval notebooks` takes the kernel of each lesson from here: at its first cell the
lesson is opened in JupyterLab and Run All Cells is chosen; every cell then receives what the page shows below it. What
else must hold in the page is the last test of each lesson. Where Run All stops, or without a Chromium, nbval runs the
lesson in a kernel of its own: of that it can say what it died of, and which line failed with which values. Without a
Chromium the last test skips.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbFile
from playwright.sync_api import Error as PageError
from playwright.sync_api import Page, expect

from kdtutor.course.map import LAB

from ..chromium import find_chromium
from .lab import NOTEBOOKS, as_notebook, complaints, open_notebook, photograph, run_all
from .session import LIMIT, visiting


@dataclass(frozen=True)
class Reading:
    """The code cells as the page holds them after Run All, whether all of them ended, and what was wrong."""

    cells: list[NotebookNode]
    whole: bool
    fault: Exception | None


def read_lesson(page: Page, address: str, name: str) -> Reading:
    """Open a lesson, run all of it, look at the page, and move every slider."""
    open_notebook(page, address, name)
    fault: Exception | None = None
    try:
        run_all(page)
    except (AssertionError, PageError) as error:
        fault = error
    whole = fault is None
    cells = [cell for cell in as_notebook(page).cells if cell.cell_type == "code"]
    try:
        photograph(page, name.removesuffix(".ipynb"))
        if fault is None:
            look(page)
            if name != LAB:  # which has no explorer
                move_every_slider(page)
    except (AssertionError, PageError) as error:
        fault = fault or error
    return Reading(cells, whole, fault)


def look(page: Page) -> None:
    """No error, no warning, and every picture is there."""
    assert complaints(page) == []
    assert page.get_by_text("Error displaying widget").count() == 0
    for image in page.locator("img.widget-image").all():
        assert image.evaluate("e => e.naturalWidth") > 100


def move_every_slider(page: Page) -> None:
    """The first slider of every explorer: an arrow key changes the picture or the sentence, and nothing fails."""
    explorers = page.locator(".jupyter-widgets:has(> img.widget-image):has(.kd-out):has([role=slider])")
    assert explorers.count() > 0
    for explorer in explorers.all():
        handle = explorer.get_by_role("slider").first
        handle.scroll_into_view_if_needed()
        sentence, picture = (
            explorer.locator(".kd-out").inner_text(),
            explorer.locator("img.widget-image").get_attribute("src"),
        )
        handle.focus()
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
        expect(explorer.locator("img.widget-image")).not_to_have_attribute("src", picture or "")
        assert "does not work" not in explorer.locator(".kd-out").inner_text()
        assert sentence
    assert complaints(page) == []


class Shown:
    """Stands where nbval has its kernel, and answers a cell with what the page shows below it."""

    def __init__(self, reading: Reading) -> None:
        self._cells = iter(reading.cells)
        self._messages: Iterator[dict[str, Any]] = iter(())

    def execute_cell_input(self, source: str, allow_stdin: bool | None = None) -> str:
        # nbval leaves out cells that are marked to be skipped, but the page runs them.
        cell = next(cell for cell in self._cells if cell.source == source)
        told = [(output.output_type, output) for output in cell.outputs] + [("status", {"execution_state": "idle"})]
        ours = {"msg_id": cell.id}
        self._messages = iter([{"msg_type": kind, "content": out, "parent_header": ours} for kind, out in told])
        return str(cell.id)

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        if (message := next(self._messages, None)) is None:
            raise Empty
        return message

    def await_reply(self, message: str, timeout: float | None = None) -> None:
        """The page has awaited it."""

    def await_idle(self, message: str, timeout: float | None = None) -> None:
        """Likewise."""

    def is_alive(self) -> bool:
        return True

    def look(self) -> None:
        """It has lived to the end."""

    def blame(self) -> None:
        """No line failed."""

    def interrupt(self) -> None:
        """Nothing runs any more."""

    def stop(self) -> None:
        """Its kernel ended with the visit."""


@contextmanager
def uncounted(config: pytest.Config) -> Iterator[None]:
    """Where the tests count the lines that they cover, nbval would have the kernels count theirs, too."""
    counted = getattr(config.option, "cov_source", None)
    config.option.cov_source = None
    try:
        yield
    finally:
        config.option.cov_source = counted


class Lesson(IPyNbFile):
    """nbval's collector for a notebook of the course."""

    reading: Reading | None = None

    def collect(self) -> Iterator[pytest.Item]:
        yield from super().collect()
        yield InThePage.from_parent(self, name="in the page")

    def setup(self) -> None:
        name = self.path.name
        if chromium := find_chromium():
            self.reading = visiting(self.config, chromium)(lambda page, address: read_lesson(page, address, name))
        if self.reading is None or not self.reading.whole:
            with uncounted(self.config):
                super().setup()
        else:
            self.setup_sanitize_files()
            self.kernel = Shown(self.reading)

    def teardown(self) -> None:
        with uncounted(self.config):
            super().teardown()


class InThePage(pytest.Item):
    """Run All shows no error, every picture is there, and every explorer's first slider moves it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_marker("browser")

    def runtest(self) -> None:
        assert isinstance(self.parent, Lesson) and self.parent.reading is not None
        if self.parent.reading.fault is not None:
            raise self.parent.reading.fault

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}: in the page"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Iterator[None]:
    """Lessons become `Lesson`s; other notebooks stay as nbval collects them."""
    found = yield
    if file_path.parent != NOTEBOOKS:
        return found
    return [Lesson.from_parent(parent, path=file_path) if isinstance(node, IPyNbFile) else node for node in found]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first cell of a lesson waits for all of them."""
    for item in items:
        if isinstance(item.parent, Lesson):
            item.add_marker(pytest.mark.timeout(LIMIT + 60))
