"""The film at the head of the README: python -m docs.film moves explorers of the built site in a Chromium.

Needs `make site` and Playwright. What is filmed is what a visitor of the site sees, moved by the keyboard.
"""

import io
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from .names import ROOT
from .pdf import CHROMIUMS

TARGET = ROOT / "docs/course.webp"
SIZE = (820, 600)  # pixels of the film
MILLISECONDS = 160  # a frame; the last of a scene stays for a second
QUALITY = 45
ABOVE = ".mobile-header, .back-to-top { display: none !important }"  # what floats above the page


@dataclass(frozen=True)
class Scene:
    """An explorer, by lesson and cell, and the control that is moved: key presses in all, and for a frame."""

    lesson: str
    cell: str
    control: str
    presses: int
    step: int = 1
    key: str = "ArrowRight"


SCENES = (
    Scene("01_hinton", "42118c7a", "T", 20),
    Scene("06_boundaries", "ab-34", "moment", 23),
    Scene("09_adversarial", "df-turnfilm", "moment", 24, 2),
    Scene("12_spot_adaptive", "54b00f64", "tau", 20),
)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which a folder is served as long as the context is open."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def frames(page: Page, address: str, scene: Scene) -> Iterator[Image.Image]:
    """The pictures of a scene, the first before anything is moved."""
    page.goto(f"{address}/lessons/{scene.lesson}.html")
    page.add_style_tag(content=ABOVE)
    place = page.locator(f'.kd-explorer[data-src$="{scene.lesson}/{scene.cell}.json"]')
    place.scroll_into_view_if_needed()
    page.wait_for_selector(f'[data-src$="{scene.cell}.json"][data-alive]')
    control = place.locator(f"[data-control='{scene.control}']")
    control.press("Home")
    for _ in range(0, scene.presses + 1, scene.step):
        yield Image.open(io.BytesIO(place.screenshot())).convert("RGB")
        for _ in range(scene.step):
            control.press(scene.key)
        page.wait_for_timeout(60)


def framed(picture: Image.Image) -> Image.Image:
    """A picture in the middle of a white one of the film's size, smaller where it would not fit."""
    picture.thumbnail(SIZE)
    sheet = Image.new("RGB", SIZE, "white")
    sheet.paste(picture, ((SIZE[0] - picture.width) // 2, (SIZE[1] - picture.height) // 2))
    return sheet


def film(site: Path = ROOT / "site", target: Path = TARGET) -> Path:
    """Store the film as an animated WebP."""
    executable = next(path for name in CHROMIUMS if (path := shutil.which(name)))
    pictures, times = [], []
    with served(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 900, "height": 900})
        for scene in SCENES:
            shown = [framed(picture) for picture in frames(page, address, scene)]
            pictures += shown
            times += [MILLISECONDS] * (len(shown) - 1) + [1000]
        browser.close()
    first, *rest = pictures
    first.save(target, save_all=True, append_images=rest, duration=times, loop=0, quality=QUALITY, method=6)
    return target


if __name__ == "__main__":
    print(film(*map(Path, sys.argv[1:])))
