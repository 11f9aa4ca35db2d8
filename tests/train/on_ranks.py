"""What the tests of several ranks run, in one process or in each of those that torchrun starts: nets without batch norm
in float64. `python -m tests.train.on_ranks FOLDER` trains every method and leaves its weights in FOLDER."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch

import kdtutor as kd
from kdtutor.papers import METHODS
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Recipe
from kdtutor.train.checkpoint import learnt
from kdtutor.train.ranks import joined, rank

RECIPE = Recipe(batch_size=12, steps_per_epoch=3)
EPOCHS = 2
SPOTS = ("adaptive", "random")


def images() -> kd.Data:
    """A few digits in numbers that need no rounding; half of the training images have no label."""
    whole = kd.data.load("digits")
    train, test = (replace(s, images=whole.normalise(s.images).double()) for s in (whole.train[::50], whole.test[::40]))
    return kd.Data("few", train, None, test, whole.classes, whole.mean, whole.std).few_labels(3)


def net(seed: int) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build("lenet5x0.5", classes=10, channels=1).double()


def method(name: str) -> kd.Distiller:
    student, teacher = net(0), net(1)
    if name in SPOTS:
        return SpotAdaptive(METHODS["attention"](student, teacher), name, T=2.0).double()
    margins = [torch.full((width,), -0.1) for width in teacher.widths]  # these nets have no norm to read them from
    options = {"overhaul": {"margins": margins}, "matching": {"margins": margins, "how": "random"}}
    consecutive = {"consecutive": {"form": "consecutive"}}
    kind = METHODS["correlation" if name == "consecutive" else name]
    return kind(student, teacher, **{**options, **consecutive}.get(name, {})).double()


NAMES = (*METHODS, *SPOTS, "consecutive")


def train(name: str, folder: Path) -> None:
    distiller = method(name)
    history = kd.fit(distiller, images(), EPOCHS, recipe=RECIPE, device="cpu", progress=False)
    if rank() == 0:
        rows = [list(row) for row in history.rows]
        torch.save({"weights": learnt(distiller), "rows": rows}, folder / f"{name}.pt")


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    told = {}
    with joined("cpu"):
        for name in NAMES:
            try:
                train(name, folder)
            except Exception as e:
                import traceback; traceback.print_exc()
    (folder / f"rank{os.environ['RANK']}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
