"""Every function of the mathematics shows an example, and the examples are right."""

import doctest
import inspect
from importlib import import_module
from typing import Any

import pytest
import torch

import kdtutor as kd
from docs.names import Name, everything

LAYERS = ("papers",)
SHOWN = [name for name in everything() if name.kind != "data" and ">>>" in (inspect.getdoc(name.value) or "")]
LONGEST = 4  # lines of an example


def example(name: Name) -> doctest.DocTest:
    """The example of a name, which may use torch, kd and whatever the name's module has."""
    known: dict[str, Any] = {**vars(import_module(name.module)), "torch": torch, "kd": kd}
    return doctest.DocTestParser().get_doctest(inspect.getdoc(name.value) or "", known, name.full, None, None)


@pytest.mark.parametrize("name", SHOWN, ids=lambda name: name.full)
def test_an_example_is_right(name: Name) -> None:
    told: list[str] = []
    assert doctest.DocTestRunner().run(example(name), out=told.append).failed == 0, "".join(told)


def test_every_function_shows_an_example() -> None:
    asked = [name for name in everything() if name.kind == "function" and name.module.split(".")[1] in LAYERS]
    assert len(asked) > 80
    assert sorted({name.full for name in asked} - {name.full for name in SHOWN}) == []


def test_examples_are_short() -> None:
    lines = {name.full: sum(part.source.count("\n") for part in example(name).examples) for name in SHOWN}
    assert [name for name, count in lines.items() if count > LONGEST] == []
