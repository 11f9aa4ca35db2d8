"""The lab in a real JupyterLab: set up by keyboard, three students trained, and after a reload the board is there."""

import re

import pytest
from playwright.sync_api import Page, expect

from .lab import complaints, open_notebook, run_all, widget
from .session import Visit

pytestmark = pytest.mark.browser


def test_the_lab_is_set_up_by_the_keyboard_and_its_board_outlives_the_page(visit: Visit) -> None:
    visit(three_students)


def three_students(page: Page, address: str) -> None:
    """The student alone and two that are taught, for an epoch; the second start does not train the first one again."""
    show_lab(page, address)
    lab = widget(page, "lab")
    expect(lab.get_by_label("method")).to_have_value(re.compile("hinton"))
    tab_to(page, "epochs", start="method")
    type_over(page, "1")
    tab_to(page, "seeds")
    type_over(page, "0")
    start(page)
    board = lab.locator(".kd-board table")
    expect(board).to_contain_text("hinton (KD)", timeout=60_000)
    expect(lab.locator(".kd-status").first).to_contain_text("finished")
    lab.get_by_label("method").focus()
    for _ in range(8):  # to similarity (SP): methods of two phases need two epochs
        page.keyboard.press("ArrowDown")
    expect(lab.get_by_label("method")).to_have_value(re.compile("similarity"))
    expect(lab).to_contain_text("1 of them is on the board already")
    start(page)
    expect(board).to_contain_text("similarity (SP)", timeout=60_000)
    rows = board.locator("tbody tr").all_inner_texts()
    assert len(rows) == 3
    show_lab(page, address)
    expect(widget(page, "lab").locator(".kd-board table tbody tr")).to_have_count(3)
    assert widget(page, "lab").locator(".kd-board table tbody tr").all_inner_texts() == rows
    assert complaints(page) == []


def show_lab(page: Page, address: str) -> None:
    """Open the notebook, or load its page anew, and run all of it."""
    open_notebook(page, address, "lab.ipynb")
    run_all(page)


def tab_to(page: Page, label: str, start: str | None = None) -> None:
    """Press Tab until the control with this label, or button with this word, has the focus."""
    if start:
        widget(page, "lab").get_by_label(start, exact=True).focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        named = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
        if page.evaluate(named) == label:
            return
    raise AssertionError(f"Tab does not lead to {label}")


def type_over(page: Page, text: str) -> None:
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def start(page: Page) -> None:
    """From a control of the panel to Start, and press it."""
    tab_to(page, "Start")
    page.keyboard.press("Enter")
