"""A built site in a Chromium without a server: requests are answered from its folder, others refused and told."""

import mimetypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page, Route, sync_playwright

from tests.browser.lab import CHROMIUM_OPTIONS

T = TypeVar("T")
ADDRESS = "http://site.test/"
THEMES = ("light", "dark")
TOO_WIDE = "() => document.documentElement.scrollWidth - window.innerWidth"


class Visit:
    """A page of a site, and what went wrong in it: words of its console, and addresses outside that it asked for."""

    def __init__(self, page: Page, site: Path) -> None:
        self.page, self.site = page, site
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.faults.append(said.text))
        page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        path = self.site / unquote(urlsplit(route.request.url).path).lstrip("/")
        if not route.request.url.startswith(ADDRESS) or not path.is_file():
            self.faults.append(f"asked for {route.request.url}")
            return route.abort()
        kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0] or "text/plain"
        return route.fulfill(body=path.read_bytes(), content_type=kind)

    def open(self, name: str, theme: str = "light", width: int = 1000) -> Page:
        """Show a page of the site."""
        self.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.goto("about:blank")
        self.page.goto(ADDRESS + name)
        return self.page


def visit(chromium: str, site: Path, action: Callable[[Visit], T]) -> T:
    """What a function finds in a site. In a thread: an open Playwright keeps an event loop running."""

    def run() -> T:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_OPTIONS)
            try:
                return action(Visit(browser.new_page(), site))
            finally:
                browser.close()

    with ThreadPoolExecutor(1, "site") as thread:
        return thread.submit(run).result()
