"""What the studies share: the pair of the preset "minute", its shifted images, and accuracies as rows."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from ... import nets
from ...data import Augment, Data
from ...nets import Net
from ...settings import Preset, preset
from ...train import Distiller, History, Progress, Recipe, fit, seed_everything

MINUTE = preset("minute", data="digits")  # whatever set a reader has chosen: stored results name theirs
TUNING_SEEDS = (10, 11)  # none of the seeds that the results are reported on


def minute_of(name: str) -> Preset:
    """The preset "minute" on the set of this name, "digits" or "fashion"."""
    return preset("minute", data=name)


def minute_for(case: Mapping[str, Any]) -> Preset:
    """The preset "minute" on the set that a case names; on the digits if it names none."""
    return minute_of(case.get("data", "digits"))


def suffix(data: str) -> str:
    """What the name of a study ends with that is about this set."""
    return "" if data == MINUTE.data_name else "_clothes"


def student(seed: int, name: str = MINUTE.student_name, classes: int = 10) -> Net:
    """A new student; equal seeds, equal first weights."""
    seed_everything(seed)
    return nets.build(name, **{**MINUTE.net_options, "classes": classes})


def filled(data: Data) -> Data:
    """`data` with its training images repeated until they fill a batch: every method gets equally many image passes."""
    copies = -(-MINUTE.recipe.batch_size // len(data.train))
    return replace(data, train=data.train[torch.arange(len(data.train)).repeat(copies)])


def recipe(lr: float, steps: int, shifts: bool = True) -> Recipe:
    """SGD at this rate, so many steps an epoch, on images that are shifted by up to two pixels."""
    augment = Augment(pad=2) if shifts else None
    return Recipe(lr=lr, augment=augment, steps_per_epoch=steps, channels_last=True)


def train(
    distiller: Distiller,
    data: Data,
    epochs: int,
    recipe: Recipe,
    seed: int,
    on_epoch: Callable[[Progress], None] | None = None,
) -> History:
    """`fit` as every study asks for it: on the CPU, and without a bar."""
    return fit(distiller, data, epochs, recipe=recipe, seed=seed, device="cpu", progress=False, on_epoch=on_epoch)


def last(history: History) -> dict[str, float]:
    """The row of a run: validation and test accuracy after the last epoch."""
    return {"val": history.last("val_accuracy"), "test": history.last("test_accuracy")}


def by_steps(history: History, steps: int) -> list[dict[str, float]]:
    """The rows of a run, one an epoch of so many steps: validation accuracy; test accuracy in the last one."""
    rows = [{"steps": steps * epoch, "val": value} for epoch, value in zip(*history.curve("val_accuracy"), strict=True)]
    rows[-1]["test"] = history.last("test_accuracy")
    return rows
