"""Every notebook in a real JupyterLab: Run All, sliders under the keyboard, Start / Pause / Stop under the mouse."""

import re

import pytest
from playwright.sync_api import Page, expect

from .lab import NOTEBOOKS, complaints, open_notebook, photograph, run_all, widget

pytestmark = pytest.mark.browser

LESSONS = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("name", LESSONS)
def test_run_all_shows_no_error(page: Page, lab: str, name: str) -> None:
    open_notebook(page, lab, name)
    run_all(page)
    photograph(page, name.removesuffix(".ipynb"))
    assert complaints(page) == []
    assert page.get_by_text("Error displaying widget").count() == 0
    for image in page.locator("img.widget-image").all():
        assert image.evaluate("e => e.naturalWidth") > 100
    move_every_slider(page)


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


def test_a_slider_moves_picture_and_sentence(page: Page, lab: str) -> None:
    open_notebook(page, lab, "00_start_here.ipynb")
    run_until(page, "widgets.Alive()")
    alive = widget(page, "alive")
    handle = alive.get_by_role("slider").first
    handle.focus()
    for petals in (6, 7, 8):
        before = alive.locator("img.widget-image").get_attribute("src") or ""
        page.keyboard.press("ArrowRight")
        expect(alive.locator(".kd-out")).to_contain_text(f"{petals} petals")
        expect(alive.locator("img.widget-image")).not_to_have_attribute("src", before)


def test_a_live_run_starts_pauses_and_stops(page: Page, lab: str) -> None:
    open_notebook(page, lab, "00_start_here.ipynb")
    run_until(page, "run.start()")
    run = widget(page, "first-student")
    status = run.locator(".kd-status")

    def press(word: str) -> None:
        run.get_by_role("button", name=word, exact=True).click()

    expect(status).to_contain_text("training", timeout=30_000)
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
    press("Start")
    expect(status).to_contain_text("finished", timeout=120_000)
    assert stopped_at < int(re.search(r"step (\d+)", status.inner_text())[1])  # type: ignore[index]
    assert complaints(page) == []


def run_until(page: Page, last_line: str) -> None:
    """Select the cell with this line, run all cells above it and the cell itself."""
    cell = page.locator(".jp-CodeCell", has_text=last_line).first
    cell.locator(".jp-InputArea-editor").click()
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-above'); }")
    page.wait_for_timeout(500)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")
    expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=120_000)


def test_whoever_stops_a_run_reads_on(page: Page, lab: str) -> None:
    open_notebook(page, lab, "00_start_here.ipynb")
    run_until(page, "run.start()")
    run = widget(page, "first-student")
    status = run.locator(".kd-status")
    expect(status).to_contain_text("epoch 2 of 6", timeout=60_000)
    run.get_by_role("button", name="Stop", exact=True).click()
    expect(status).to_contain_text("stopped")
    waiting = page.locator(".jp-CodeCell", has_text="await run.finished()").first
    waiting.locator(".jp-InputArea-editor").click()
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell'); }")
    expect(waiting.locator(".jp-OutputArea")).to_contain_text("The run was stopped in distil, epoch 2 of 6")
    assert complaints(page) == []
    images = page.locator(".jp-CodeCell", has_text="run.start()").first.locator(".jp-OutputArea img")
    expect(images).to_have_count(1)  # the widget's; the stored picture stands in for it only where no kernel answers
    expect(images).to_have_class(re.compile("widget-image"))
