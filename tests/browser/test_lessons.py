"""The first lesson in a real JupyterLab, live: sliders under the keyboard, Start / Pause / Stop under the mouse.

Run All of every lesson is in `lessons.py`, since nbval shares those runs.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from .lab import complaints, open_notebook, put_notebook, run_all, widget
from .session import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_slider_and_the_buttons_of_a_live_run(visit: Visit) -> None:
    visit(read_the_first_lesson)


def read_the_first_lesson(page: Page, lab: str) -> None:
    """One visit for all three: what comes first in the lesson is computed once."""
    open_notebook(page, lab, "00_start.ipynb")
    run_until(page, "run.start()")
    press_every_button(page)
    move_the_first_slider(page)
    assert complaints(page) == []


def move_the_first_slider(page: Page) -> None:
    """A key moves the picture and the sentence."""
    alive = widget(page, "alive")
    handle = alive.get_by_role("slider").first
    handle.focus()
    for petals in (6, 7, 8):
        before = alive.locator("img.widget-image").get_attribute("src") or ""
        page.keyboard.press("ArrowRight")
        expect(alive.locator(".kd-out")).to_contain_text(f"{petals} petals")
        expect(alive.locator("img.widget-image")).not_to_have_attribute("src", before)


def press_every_button(page: Page) -> None:
    """Pause, Resume and Stop; whoever stops reads on beside one picture, and may start again."""
    run = widget(page, "first-student")
    status = run.locator(".kd-status")

    def press(word: str) -> None:
        run.get_by_role("button", name=word, exact=True).click()

    expect(status).to_contain_text("epoch 2 of 6", timeout=60_000)
    press("Pause")
    expect(status).to_contain_text("paused")
    held = status.inner_text()
    page.wait_for_timeout(1000)
    assert status.inner_text() == held
    press("Resume")
    expect(status).not_to_have_text(held)
    press("Stop")
    expect(status).to_contain_text("stopped")
    stopped_at = int(re.search(r"step (\d+)", status.inner_text())[1])  # type: ignore[index]
    read_on(page)
    press("Start")
    expect(status).to_contain_text("finished", timeout=120_000)
    assert stopped_at < int(re.search(r"step (\d+)", status.inner_text())[1])  # type: ignore[index]


def read_on(page: Page) -> None:
    """The cell that waits for a run says that it was stopped, and shows what was learnt."""
    waiting = page.locator(".jp-CodeCell", has_text="await run.finished()").first
    waiting.locator(".jp-InputArea-editor").click()
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")
    expect(waiting.locator(".jp-OutputArea")).to_contain_text(
        re.compile(r"The run was stopped in distil, epoch \d of 6")
    )
    images = page.locator(".jp-CodeCell", has_text="run.start()").first.locator(".jp-OutputArea img")
    expect(images).to_have_count(1)  # the widget's; the stored picture stands in for it only where no kernel answers
    expect(images).to_have_class(re.compile("widget-image"))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        # A second, because what a kernel has to say of the cell before is lost with it if it dies at once.
        ("import os, time\ntime.sleep(1)\nos._exit(1)", r"cell \[2\] `import os, time`: its kernel died"),
        ("1 / 0", r"Run All stopped before cell \[3\] `y = 2`: ZeroDivisionError: division by zero"),
    ],
)
def test_run_all_names_the_cell_at_fault(visit: Visit, source: str, sentence: str) -> None:
    def read(page: Page, lab: str) -> None:
        put_notebook(lab, "faulty.ipynb", "x = 1", source, "y = 2")
        open_notebook(page, lab, "faulty.ipynb")
        with pytest.raises(AssertionError, match=sentence):
            run_all(page, seconds=60)

    visit(read)


def run_until(page: Page, last_line: str) -> None:
    """Select the cell with this line, run all cells above it and the cell itself."""
    cell = page.locator(".jp-CodeCell", has_text=last_line).first
    cell.locator(".jp-InputArea-editor").click()
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-above'); }")
    page.wait_for_timeout(500)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")
    expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=120_000)
