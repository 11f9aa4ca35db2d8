"""A step that reads its teacher's answers, beside one of the student alone and one for which the teacher runs."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import kdtutor as kd
from kdtutor.data import Augment, Data, Source
from kdtutor.nets import Net
from kdtutor.train import Distiller

from .timing import Line, medians
from .training import cifar, digits

IMAGES = 640  # so that the teacher's answers are had in seconds; what a step costs does not depend on it
EPOCHS = 10**6  # the run never ends


def _steps(distiller: Distiller, data: Data, recipe: kd.Recipe, source: Source | None) -> Callable[[], None]:
    """A step of the loop itself: the batch is drawn, the student moves, the terms are noted."""
    running = kd.train.steps(distiller, data, EPOCHS, recipe=recipe, device="cpu", source=source)
    taken = count()

    def step() -> None:
        next(running)
        assert next(taken) < (recipe.steps_per_epoch or 0) - 1, "an epoch has ended: its measurement would count"

    return step


def stored_lines() -> list[Line]:
    """Whole steps, augmented batches included: the student alone, taught from one stored view, and taught live."""
    lines = []
    pairs: dict[str, tuple[tuple[Net, Net, Data], int, Augment]] = {
        "digits": (digits("resnet8x0.25"), 101, Augment(pad=2)),
        "resnet56 → resnet20": (cifar(), 15, Augment(pad=4, flip=True)),
    }
    with tempfile.TemporaryDirectory() as folder:
        for number, (pair, ((student, teacher, whole), rounds, augment)) in enumerate(pairs.items()):
            data = replace(whole, train=whole.train[:IMAGES])
            recipe = kd.Recipe(lr=1e-4, augment=augment, steps_per_epoch=rounds + 10)
            cached = kd.cache(
                teacher, data, recipe=recipe, folder=Path(folder, str(number)), device="cpu", progress=False
            )

            def taught(student: Net = student, teacher: Net = teacher) -> Distiller:
                return kd.papers.hinton.Hinton(kd.nets.build(**student.config), teacher)

            clocks = {
                "alone": _steps(kd.Alone(kd.nets.build(**student.config)), data, recipe, None),
                "stored": _steps(taught(), data, recipe, cached),
                "live": _steps(taught(), data, recipe, None),
            }
            took = medians(clocks, rounds=rounds, warm_up=3)
            what = f"hinton, stored answers, {pair}"
            lines.append(Line(what, took["stored"], "the student alone", took["alone"], 1.1))
            lines.append(Line(what, took["stored"], "the teacher runs", took["live"]))
    return lines
