"""A page of explorers in a Chromium without a server: requests are answered from docs/explorers, others refused."""

import json
import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page, Route, sync_playwright

from docs.explorers.capture import STORED
from tests.browser.lab import CHROMIUM_OPTIONS

ROOT = STORED.parent
ADDRESS = "http://explorers.test"
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SERIOUS = ("serious", "critical")
HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Explorers</title>
<meta name="viewport" content="width=device-width">
<style>body {{ background: {paper}; color: {ink}; color-scheme: {scheme}; font: 16px sans-serif }}</style>
<main><h1>Explorers</h1>{places}</main><script type="module" src="/main.js"></script></html>"""
THEMES = {"light": ("#fff", "#222"), "dark": ("#131416", "#ddd")}


def stored() -> dict[str, dict[str, Any]]:
    """What is stored of every explorer, by lesson and cell: "01_hinton/42118c7a"."""
    files = sorted(STORED.glob("*/*.json"))
    return {f"{path.parent.name}/{path.stem}": json.loads(path.read_text(encoding="utf-8")) for path in files}


@contextmanager
def chromium(executable: str) -> Iterator[Page]:
    """A page whose requests are answered from docs/explorers; `page.faults` collects what its console complains of."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        page.faults = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.faults.append(str(error)))  # type: ignore[attr-defined]
        page.on("console", lambda said: said.type == "error" and page.faults.append(said.text))  # type: ignore[attr-defined]
        page.route("**/*", _answer)
        yield page
        browser.close()


def _answer(route: Route) -> None:
    if route.request.url.startswith("file:"):
        return route.continue_()
    path = ROOT / route.request.url.removeprefix(ADDRESS).lstrip("/")
    if not route.request.url.startswith(ADDRESS) or not path.is_file():
        return route.abort()
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0] or "text/plain"
    return route.fulfill(body=path.read_bytes(), content_type=kind)


def place_of(name: str) -> str:
    """The selector of an explorer in the page."""
    return f"[id='{name}']"


def show(page: Page, names: list[str], theme: str = "light") -> None:
    """Put these explorers into the page and wait until all are alive."""
    places = "".join(
        f'<h2>{name}</h2><div class="kd-explorer" data-src="/stored/{name}.json" id="{name}">the stored picture</div>'
        for name in names
    )
    paper, ink = THEMES[theme]
    html = HTML.format(places=places, paper=paper, ink=ink, scheme=theme)
    page.route(f"{ADDRESS}/{theme}", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{ADDRESS}/{theme}")
    for name in names:
        page.locator(place_of(name)).scroll_into_view_if_needed()
        page.wait_for_selector(f"{place_of(name)}[data-alive]", timeout=20_000)


LOOK = """place => [
    [...place.querySelectorAll('.kd-picture svg, .kd-picture img')].map(e => e.src ?? e.innerHTML).join(),
    place.querySelector('.kd-sentence').textContent]"""


def look(page: Page, name: str) -> tuple[str, str]:
    """The picture and the sentence of an explorer as they are now."""
    picture, sentence = page.eval_on_selector(place_of(name), LOOK)
    return picture, sentence


KEY = """control => {
    if (control.type === 'checkbox') return 'Space';
    const last = control.max ?? control.options.length - 1;
    const names = control.max ? ['ArrowRight', 'ArrowLeft'] : ['ArrowDown', 'ArrowUp'];
    return names[Number(control.value) === Number(last) ? 1 : 0];
}"""


def move(page: Page, name: str, control: str) -> None:
    """Move one control by keyboard: on to its next value, or back from its last one."""
    element = page.locator(f"{place_of(name)} [data-control='{control}']")
    element.press(element.evaluate(KEY))


def press(page: Page, name: str, control: str, key: str) -> None:
    """Press a key on one control."""
    page.locator(f"{place_of(name)} [data-control='{control}']").press(key)


def violations(page: Page) -> list[str]:
    """What axe finds serious, a line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run({resultTypes: ['violations']})")["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
