"""The lab in a real JupyterLab: set up by keyboard, three students trained, and after a reload the board is there."""

import pytest
from playwright.sync_api import Page, expect

from .lab import complaints, open_notebook, run_all, widget
from .session import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RUN = 120_000  # milliseconds for two students that train for seconds, on a machine that does much else


def test_the_lab_is_set_up_by_the_keyboard_and_its_board_outlives_the_page(visit: Visit) -> None:
    visit(three_students)


def three_students(page: Page, address: str) -> None:
    """The student alone and two that are taught, for an epoch; the second start does not train the first one again."""
    show_lab(page, address)
    lab = widget(page, "lab")
    board = lab.locator(".kd-board table")
    set_up(page, epochs="1", seeds="0")
    start(page, "taught by hinton (KD)")
    expect(board).to_contain_text("hinton (KD)", timeout=RUN)
    method = lab.get_by_label("method")
    expect(method).to_be_enabled()
    method.focus()
    for _ in range(8):  # to relational (RKD): methods of two phases need two epochs
        page.keyboard.press("ArrowDown")
    start(page, "taught by relational (RKD). 1 of them is on the board already")
    expect(board).to_contain_text("relational (RKD)", timeout=RUN)
    rows = board.locator("tbody tr").all_inner_texts()
    assert len(rows) == 3
    show_lab(page, address)
    again = widget(page, "lab").locator(".kd-board table tbody tr")
    expect(again).to_have_count(3)
    assert again.all_inner_texts() == rows
    assert complaints(page) == []


def show_lab(page: Page, address: str) -> None:
    """Open the notebook, or load its page anew, and run all of it."""
    open_notebook(page, address, "lab.ipynb")
    run_all(page)


def set_up(page: Page, **values: str) -> None:
    """Type these values over those of the controls, on the way from the first one by Tab."""
    widget(page, "lab").get_by_label("method").focus()
    for name, value in values.items():
        tab_to(page, name)
        page.keyboard.press("Control+A")
        page.keyboard.type(value)


def tab_to(page: Page, label: str) -> None:
    """Press Tab until the control with this label, or button with this word, has the focus."""
    for _ in range(12):
        page.keyboard.press("Tab")
        named = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
        if page.evaluate(named) == label:
            return
    raise AssertionError(f"Tab does not lead to {label}")


def start(page: Page, what: str) -> None:
    """From a control of the panel to Start, and press it, once the panel says what that will train."""
    lab = widget(page, "lab")
    expect(lab).to_contain_text(what)
    expect(lab.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    tab_to(page, "Start")
    page.keyboard.press("Enter")
