"""Explorers of a page that lies in a folder: no server, no modules, and alive all the same."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from docs.explorers.bundle import wrapped
from docs.outputs import STORED, explorers
from tests.browser.lab import CHROMIUM_OPTIONS
from tests.chromium import need_chromium
from tests.docs.explorer_page import look, move

COMPUTED, FRAMES = "01_hinton/42118c7a", "06_boundaries/ab-34"
PAGE = """<!doctype html><html lang="en"><title>A folder</title>
<main><div class="kd-explorer" data-src="explorers/stored/{0}.json" id="{0}"></div>
<div class="kd-explorer" data-src="explorers/stored/{1}.json" id="{1}"></div></main>
<script src="explorers/bundle.js"></script></html>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("folder")
    for name, data in explorers():
        path = home / name
        if "stored" not in path.parts or any(one in name for one in (COMPUTED, FRAMES)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (home / "index.html").write_text(PAGE.format(COMPUTED, FRAMES), encoding="utf-8")
    return home


@pytest.mark.browser
def test_explorers_move_on_a_page_that_no_server_serves(folder: Path):
    executable = need_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_OPTIONS)
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: said.type == "error" and faults.append(said.text))
        page.goto((folder / "index.html").as_uri())
        for name, control in ((COMPUTED, "T"), (FRAMES, "moment")):
            page.locator(f"[id='{name}']").scroll_into_view_if_needed()
            page.wait_for_selector(f"[id='{name}'][data-alive]", timeout=10_000)
            before = look(page, name)
            move(page, name, control)
            page.wait_for_timeout(200)
            assert all(old != new for old, new in zip(before, look(page, name), strict=True)), name
        assert faults == []
        shutil.rmtree(folder / "explorers/stored" / COMPUTED.split("/")[0])
        page.goto((folder / "index.html").as_uri())
        page.wait_for_timeout(500)
        assert page.locator("[data-alive]").count() <= 1 and any(COMPUTED in fault for fault in faults)
        browser.close()


def test_a_module_as_a_function():
    module = 'import { a, b as c } from "./kit.js";\nexport const d = a;\nexport default c;\n'
    told = wrapped(module, "sub/x.js").splitlines()
    assert told[1:-1] == [
        'const { a, b: c } = need("sub/kit.js");', "const d = a;", "out.default = c;", "Object.assign(out, { d });",
    ]  # fmt: skip
    again = wrapped('export { a, b } from "./kit/lists.js";\n', "kit.js").splitlines()[1]
    assert again == '{ const { a, b } = need("kit/lists.js"); Object.assign(out, { a, b }); }'


def test_nothing_is_left_that_only_a_module_may_say():
    script = dict(explorers())["explorers/bundle.js"].decode()
    for path in STORED.parent.rglob("*.js"):
        if path.name != "main.js":
            assert f'modules["{path.relative_to(STORED.parent).as_posix()}"]' in script
    lines = [line for line in script.splitlines() if line.startswith(("import ", "export ")) or "import.meta" in line]
    assert lines == []
