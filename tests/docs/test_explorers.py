"""The explorers of the static pages: each module computes what Python does, and each moves by keyboard."""

import html
import json
import pkgutil
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from docs.explorers.bundle import as_script, bundle
from docs.explorers.capture import STORED, capture
from docs.explorers.fronts import fronts
from kdtutor.widgets.controls import Settings
from kdtutor.widgets.explorer import Explorer

from .explorer_page import chromium, look, move, place_of, press, show, stored, violations

pytestmark = pytest.mark.browser
ALL = stored()
COMPUTED = [name for name, page in ALL.items() if "module" in page]
MILLISECONDS = 100  # for a move
MOVES = 3  # of one control, after which something has changed: to shuffle both layers alike changes no FSP matrix
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
            np.testing.assert_allclose(here["numbers"][what], value, rtol=1e-5, atol=1e-5, err_msg=f"{what} of {case}")
    times = sorted(page.evaluate(TIME, [name, settings]))
    assert times[len(times) * 9 // 10] <= MILLISECONDS


def test_every_front_is_somewhere_in_the_course() -> None:
    known = {(pkgutil.resolve_name(page["explorer"]), page.get("module")) for page in ALL.values()}
    assert {(kind, front.module) for kind, front in fronts().items()} <= known


@pytest.mark.parametrize("name", ALL)
def test_an_explorer_moves_by_keyboard(alive: Page, name: str) -> None:
    seen = [look(alive, name)]
    assert seen[0][1] == html.unescape(re.sub("<.*?>", "", ALL[name]["sentence"]))
    for control in ALL[name]["controls"]:
        before = look(alive, name)
        for _ in range(MOVES):
            move(alive, name, control["name"])
            seen.append(look(alive, name))
            if seen[-1] != before:
                break
        else:
            pytest.fail(f"{control['name']} is dead")
        press(alive, name, control["name"], "End")  # a verdict may take a longer way to change
        seen.append(look(alive, name))
    pictures, sentences = zip(*seen, strict=True)
    assert len(set(pictures)) > 1 and len(set(sentences)) > 1
    assert not alive.faults  # type: ignore[attr-defined]


def test_of_stored_pictures_one_control_moves_at_a_time(alive: Page) -> None:
    name = next(name for name, page in ALL.items() if "frames" in page and len(page["controls"]) > 1)
    first, second = (control["name"] for control in ALL[name]["controls"][:2])
    show(alive, [name])
    value, note = f"{place_of(name)} [data-control='{first}']", f"{place_of(name)} .kd-note"
    default, told = alive.input_value(value), alive.inner_text(note)
    move(alive, name, first)
    assert alive.input_value(value) != default and alive.inner_text(note) == told
    move(alive, name, second)
    assert alive.input_value(value) == default and "went back" in alive.inner_text(note)


def test_a_film_plays_and_pauses(page: Page) -> None:
    name = next(name for name, page in ALL.items() if "play" in page["controls"][0])
    show(page, [name])
    button = page.locator(f"{place_of(name)} button")
    seen = {look(page, name)}
    button.click()
    page.wait_for_function(
        "button => Number(button.parentNode.querySelector('input').value) > 1", arg=button.element_handle()
    )
    button.click()
    seen.add(look(page, name))
    assert button.inner_text() == "Play" and len(seen) == 2


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
        (await import('/page.js')).begin();
    }""")
    page.wait_for_timeout(200)
    assert page.inner_text(".kd-explorer") == "as it was"
    page.faults.clear()  # type: ignore[attr-defined]


def test_a_page_that_is_opened_as_a_file_is_alive_too(page: Page, tmp_path: Path) -> None:
    names = [next(name for name in ALL if (name in COMPUTED) == computed) for computed in (True, False)]
    for name in names:
        shutil.copytree(STORED / Path(name).parent, tmp_path / Path(name).parent, dirs_exist_ok=True)
        text = (STORED / f"{name}.json").read_text(encoding="utf-8")
        (tmp_path / f"{name}.json.js").write_text(as_script(text), encoding="utf-8")
    (tmp_path / "bundle.js").write_text(bundle(), encoding="utf-8")
    places = [f'<div class="kd-explorer" id="{name}" data-src="{name}.json">stored</div>' for name in names]
    html = f"<!doctype html><meta charset='utf-8'>{''.join(places)}<script src='bundle.js'></script>"
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    for name in names:
        page.wait_for_selector(f"{place_of(name)}[data-alive]")
        before = look(page, name)
        move(page, name, ALL[name]["controls"][-1]["name"])
        assert look(page, name) != before


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
@pytest.mark.parametrize("lesson", ["01_hinton", "06_boundaries"])
def test_a_lesson_captured_again_is_what_is_stored(lesson: str, tmp_path: Path) -> None:
    capture(lesson, tmp_path)
    for name, page in ALL.items():
        if name.startswith(lesson):
            again = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
            assert again == page
    assert len(list((tmp_path / lesson).glob("*.json"))) == sum(name.startswith(lesson) for name in ALL)
