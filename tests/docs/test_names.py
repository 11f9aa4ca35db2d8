"""Every public name says what it is, and has a page."""

import inspect
import re
from importlib import import_module
from types import ModuleType

import pytest

import kdtutor
from docs.names import Name, data_docs, defined, everything, exported, methods, modules, packages
from docs.pages import Pages
from docs.resolve import resolve

LAYERS = ("course", "data", "figures", "jobs", "nets", "papers", "rows", "settings", "train", "widgets", "workers")


def test_the_walk_finds_every_layer() -> None:
    assert set(packages()) == {"kdtutor", *(f"kdtutor.{layer}" for layer in LAYERS)}
    assert {"kdtutor.errors", "kdtutor.methods", "kdtutor.papers.hinton"} < set(modules())
    assert [name for name in modules() if "._" in name or name.startswith("kdtutor.cli")] == []


def test_a_module_shows_what_it_defines_and_nothing_that_it_imports() -> None:
    assert [name.name for name in defined("kdtutor.papers.hinton")] == [
        "soften",
        "kd_loss",
        "entropy",
        "Hinton",
        "check_temperature",
    ]
    assert defined("kdtutor.nets.build")[0].full == "kdtutor.nets.build.NAMES"
    assert exported("kdtutor.nets")["build"] == Name("kdtutor.nets.build", "build", kdtutor.nets.build)
    assert isinstance(exported("kdtutor")["papers"], ModuleType)


def test_every_public_name_has_a_text() -> None:
    mute = [name.full for name in everything() if name.kind == "data" and name.name not in data_docs(name.module)]
    mute += [name.full for name in everything() if name.kind != "data" and not name.value.__doc__]
    mute += [module for module in modules() if not import_module(module).__doc__]
    assert mute == []


def test_every_public_method_has_a_text_of_its_own_or_its_base_s() -> None:
    owners = [name for name in everything() if name.kind == "class"]
    told = {
        (owner.full, name): inspect.getdoc(getattr(owner.value, name))
        for owner in owners
        for name in methods(owner.value)
    }
    assert [where for where, text in told.items() if not text] == []


def test_every_public_name_has_a_place_on_a_page(pages: Pages) -> None:
    placed = re.findall(
        r"^\.\. auto(?:class|function|data):: (\S+)::(\S+)\n(?!   :no-index:)", "\n".join(pages.values()), re.M
    )
    assert sorted(".".join(pair) for pair in placed) == sorted(name.full for name in everything())


@pytest.mark.parametrize("package", packages())
def test_what_a_package_exports_is_on_its_page(package: str, pages: Pages) -> None:
    page = pages[f"api/{package}.rst"]
    assert [name for name in exported(package) if f":py:obj:`{name} <kdtutor" not in page] == []


@pytest.mark.parametrize(
    ("word", "module", "full"),
    [
        ("kd_loss", "kdtutor.papers.hinton", "kdtutor.papers.hinton.kd_loss"),
        ("kd_loss", "kdtutor.papers.fsp", "kdtutor.papers.hinton.kd_loss"),
        ("pair_loss", "kdtutor.papers.attention", "kdtutor.papers.attention.pair_loss"),
        ("nets.critic", "kdtutor.papers.gan", "kdtutor.nets.critics.critic"),
        ("ShapeError", "kdtutor.papers.hinton", "kdtutor.errors.ShapeError"),
        ("Distiller.measure", "kdtutor.train.loop", None),
        ("(B, K)", "kdtutor.papers.hinton", None),
        ("no_such_name", "kdtutor.papers.hinton", None),
    ],
)
def test_what_a_word_in_backticks_refers_to(word: str, module: str, full: str | None) -> None:
    assert resolve(word, module) == full


def test_an_argument_is_no_reference() -> None:
    assert resolve("entropy", "kdtutor.papers.hinton") and not resolve("entropy", "kdtutor.papers.hinton", ("entropy",))


def test_data_that_a_package_exports_is_found_where_it_is_defined() -> None:
    found = {name: at.full for name, at in exported("kdtutor.settings").items() if isinstance(at, Name)}
    assert found["PAIRS"] == "kdtutor.settings.presets.PAIRS"
    assert all(full in {name.full for name in everything()} for full in found.values())
