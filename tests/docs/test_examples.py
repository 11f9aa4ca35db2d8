"""Every function below the pictures shows an example, and the examples are right."""

import doctest
import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

import kdtutor as kd
from docs.names import Name, everything

LAYERS = ("settings", "papers", "nets", "train", "data", "workers", "errors", "moved")
ELSEWHERE = tuple(
    f"kdtutor.{name}"
    for name in (
        *("data.photographs", "data.metric_sets", "data.vision", "data.image_folder.tiny_imagenet"),
        *(
            "settings.teachers.train_teacher",
            "settings.generators.train_generator",
            "settings.language.train_language_model",
        ),
        *("workers.cluster.need_ray", "workers.nodes.require_equal_versions", "train.capture.cuda_graph"),
    )
)
"""Sets that do not ship, trainings that take minutes, and what asks a cluster or a GPU."""
SHOWN = [name for name in everything() if name.kind != "data" and ">>>" in (inspect.getdoc(name.value) or "")]
LONGEST = 4  # lines of an example


def example(name: Name, folder: Path = Path()) -> doctest.DocTest:
    """The example of a name, which may use torch, kd, an empty folder and whatever the name's module has."""
    known: dict[str, Any] = {**vars(import_module(name.module)), "torch": torch, "kd": kd, "folder": folder}
    return doctest.DocTestParser().get_doctest(inspect.getdoc(name.value) or "", known, name.full, None, None)


@pytest.mark.parametrize("name", SHOWN, ids=lambda name: name.full)
def test_an_example_is_right(name: Name, tmp_path: Path) -> None:
    told: list[str] = []
    assert doctest.DocTestRunner().run(example(name, tmp_path), out=told.append).failed == 0, "".join(told)


def test_every_function_shows_an_example() -> None:
    asked = [name for name in everything() if name.kind == "function" and name.module.split(".")[1] in LAYERS]
    mute = sorted({name.full for name in asked} - {name.full for name in SHOWN})
    assert len(asked) > 200
    assert [name for name in mute if not name.startswith(ELSEWHERE)] == []


def test_examples_are_short() -> None:
    lines = {name.full: sum(part.source.count("\n") for part in example(name).examples) for name in SHOWN}
    assert [name for name, count in lines.items() if count > LONGEST] == []
