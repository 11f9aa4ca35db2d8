"""One JupyterLab and one Chromium for all browser tests of a process, in a thread of their own.

A thread, because an open Playwright keeps an event loop running, and beside that `asyncio.run` of other tests fails.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from .lab import CHROMIUM_OPTIONS, can_open_another, close_notebooks, end_kernels, server

T = TypeVar("T")
Visit = Callable[[Callable[[Page, str], T]], T]

expect.set_options(timeout=30_000)  # a picture may take its time on a busy machine

LIMIT = 900.0  # seconds for one visit, above all limits of its parts: a lesson computes for a minute on a quiet machine
_VISIT = pytest.StashKey[Visit]()


def visiting(config: pytest.Config, chromium: str) -> Visit:
    """What lets a function do something in a page: `visit(lambda page, address: …)` returns what that returns.

    The server and the browser start with the first visit and end with the run; notebooks and kernels end with their
    visit. The page is a fresh one, or shows JupyterLab with nothing open in it.
    """
    if _VISIT not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[_VISIT] = stack.enter_context(_session(chromium))
    return config.stash[_VISIT]


@contextmanager
def _session(chromium: str) -> Iterator[Visit]:
    with TemporaryDirectory(prefix="kdtutor-lab-", ignore_cleanup_errors=True) as folder, ExitStack() as at_end:
        thread = at_end.enter_context(ThreadPoolExecutor(1, "browser"))
        opened = ExitStack()

        def start() -> tuple[BrowserContext, str]:
            address = opened.enter_context(server(Path(folder)))
            playwright = opened.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_OPTIONS)
            opened.callback(browser.close)
            # One context: its cache spares every page but the first half of the time in which JupyterLab loads; and one
            # page for as long as all is well with it, in which JupyterLab need not load again.
            return browser.new_context(viewport={"width": 1280, "height": 1000}), address

        def visit(action: Callable[[Page, str], T]) -> T:
            page = context.pages[0] if context.pages else context.new_page()
            page.set_default_timeout(60_000)
            empty = False
            try:
                result = action(page, address)
                close_notebooks(page)
                empty = can_open_another(page)
                return result
            finally:
                if not empty:
                    page.close()
                end_kernels(address)

        at_end.callback(lambda: thread.submit(opened.close).result(60))
        context, address = thread.submit(start).result(180)
        yield lambda action: thread.submit(visit, action).result(LIMIT)
