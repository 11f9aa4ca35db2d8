"""The explorers of the static pages: each module computes what Python does, and each moves by keyboard."""

import json
import pkgutil
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from docs.explorers.capture import STORED, capture
from docs.explorers.fronts import fronts
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.explorer import Explorer

from .explorer_page import chromium, look, move, show, stored, violations

pytestmark = pytest.mark.browser
ALL = stored()
COMPUTED = [name for name, page in ALL.items() if "module" in page]
MILLISECONDS = 100  # for a move
AT_RANDOM = 24  # settings of each module besides its corners
LESSON, WHOLE = 2e6, 12e6  # bytes

COMPARE = """async ({module, data, cases}) => {
    const {compute} = await import(`/${module}.js`);
    const {unpacked} = await import('/kit.js');
    const shipped = unpacked(data);
    return cases.map(settings => compute(settings, shipped));
}"""
TIME = """async ([name, cases]) => {
    const stored = await (await fetch(`/stored/${name}.json`)).json();
    const module = (await import(`/${stored.module}.js`)).default;
    let change = [], values = {...stored};
    const model = {get: name => values[name], set: (name, value) => { values[name] = value; change.forEach(f => f()); },
                   on: (_, f) => change.push(f), save_changes: () => {}};
    const el = document.createElement('div');
    document.body.append(el);
    module.render({model, el});
    const times = cases.map(settings => {
        const before = performance.now();
        model.set('settings', settings);
        el.getBoundingClientRect();
        return performance.now() - before;
    });
    el.remove();
    return times;
}"""


@pytest.fixture(scope="module")
def page(needs_chromium: str) -> Iterator[Page]:
    with chromium(needs_chromium) as page:
        yield page


@pytest.fixture(scope="module")
def alive(page: Page) -> Page:
    """One page with every explorer of the course on it."""
    show(page, list(ALL))
    return page


def cases(explorer: Explorer, controls: list[dict[str, Any]]) -> list[Settings]:
    """The explorer's corners and settings at random, each value one of the page's."""
    values = {control["name"]: control["values"] for control in controls}
    corners = [{name: nearest(value, values[name]) for name, value in corner.items()} for corner in explorer.corners()]
    dice = random.Random(0)
    return corners + [{name: dice.choice(options) for name, options in values.items()} for _ in range(AT_RANDOM)]


def nearest(value: Any, values: list[Any]) -> Any:
    return value if value in values else min(values, key=lambda other: abs(other - value))


def told(explorer: Explorer, settings: Settings) -> str:
    shown = explorer.draw(**settings)
    return shown if isinstance(shown, str) else shown[1]


@pytest.mark.parametrize("name", COMPUTED)
def test_a_module_computes_what_python_does(page: Page, name: str) -> None:
    kept = ALL[name]
    kind = pkgutil.resolve_name(kept["explorer"])
    front = fronts()[kind]
    explorer = front.explorer(kept["data"])
    assert json.loads(json.dumps(front.data(explorer))) == kept["data"]
    settings = cases(explorer, kept["controls"])
    page.goto("http://explorers.test/page.css")
    found = page.evaluate(COMPARE, {"module": kept["module"], "data": kept["data"], "cases": settings})
    for case, here in zip(settings, found, strict=True):
        expected = front.numbers(explorer, case)
        assert here["sentence"] == told(explorer, case), case
        assert here["numbers"].keys() >= expected.keys()
        for what, value in expected.items():
            assert here["numbers"][what] == pytest.approx(value, rel=1e-5, abs=1e-5), (what, case)
    times = sorted(page.evaluate(TIME, [name, settings]))
    assert times[len(times) // 2] <= MILLISECONDS


def test_every_front_is_somewhere_in_the_course() -> None:
    known = {(pkgutil.resolve_name(page["explorer"]), page.get("module")) for page in ALL.values()}
    assert {(kind, front.module) for kind, front in fronts().items()} <= known


@pytest.mark.parametrize("name", ALL)
def test_an_explorer_moves_by_keyboard(alive: Page, name: str) -> None:
    seen = [look(alive, name)]
    assert seen[0][1] == re.sub("<.*?>", "", ALL[name]["sentence"])
    for control in ALL[name]["controls"]:
        before = look(alive, name)
        move(alive, name, control["name"])
        seen.append(look(alive, name))
        assert seen[-1] != before, f"{control['name']} is dead"
    pictures, sentences = zip(*seen, strict=True)
    assert len(set(pictures)) > 1 and len(set(sentences)) > 1
    assert not alive.faults  # type: ignore[attr-defined]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, theme: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    show(page, list(ALL), theme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not page.faults  # type: ignore[attr-defined]


def test_without_its_file_the_stored_picture_stays(page: Page) -> None:
    show(page, [])
    page.evaluate("""async () => {
        const place = '<div class="kd-explorer" data-src="/stored/none.json">as it was</div>';
        document.querySelector('main').innerHTML = place;
        (await import('/page.js')).start();
    }""")
    page.wait_for_timeout(200)
    assert page.inner_text(".kd-explorer") == "as it was"
    page.faults.clear()  # type: ignore[attr-defined]


def test_what_is_stored_is_small() -> None:
    folders = [folder for folder in STORED.iterdir() if folder.is_dir()]
    sizes = {folder.name: sum(path.stat().st_size for path in folder.rglob("*.*")) for folder in folders}
    assert sum(sizes.values()) <= WHOLE and max(sizes.values()) <= LESSON, sizes


def test_frames_are_those_that_are_named() -> None:
    for name, page in ALL.items():
        folder = STORED / Path(name).parent
        named = {frame["file"] for frames in page.get("frames", {}).values() for frame in frames}
        there = {path.relative_to(folder).as_posix() for path in (STORED / name).glob("*")}
        assert named == there, name
        for control in page["controls"]:
            assert "frames" not in page or len(page["frames"][control["name"]]) == len(control["values"]), name


@pytest.mark.slow
@pytest.mark.parametrize("lesson", ["01_hinton"])
def test_a_lesson_captured_again_is_what_is_stored(lesson: str, tmp_path: Path) -> None:
    capture(lesson, tmp_path)
    for name, page in ALL.items():
        if name.startswith(lesson):
            again = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
            assert again == page
    assert len(list((tmp_path / lesson).glob("*.json"))) == sum(name.startswith(lesson) for name in ALL)
