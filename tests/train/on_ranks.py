"""What the tests of several ranks run, in one process or in each of those that torchrun starts.

`torchrun … -m tests.train.on_ranks shared FOLDER` trains every method there, on nets without batch norm in float64, and
calls what is refused; `… killed FOLDER` is `kdtutor distil`, one of whose processes is killed in its second epoch.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn

import kdtutor as kd
from kdtutor.cli.app import app
from kdtutor.data import UNLABELLED, Dense
from kdtutor.papers import METHODS
from kdtutor.papers.adversarial import Adversarial
from kdtutor.papers.mutual import Mutual
from kdtutor.papers.own_teacher import OwnTeacher
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Entry, Recipe, together
from kdtutor.train.checkpoint import learnt
from kdtutor.train.ranks import joined, rank
from tests.tasks import fitting

RECIPE = Recipe(lr=0.01, batch_size=12, steps_per_epoch=2)
OPTIONS = replace(
    RECIPE, optimiser="adamw", clip_norm=0.1, accumulate=2, ema=0.5, steps_per_epoch=3, label_smoothing=0.1,
    class_weights="balanced", mixup=0.4,
)  # fmt: skip
SPOTS = ("adaptive", "random")  # strategies of spot-adaptive distillation
NAMES = (*METHODS, *SPOTS, "consecutive", "pixels", "mutual", "born_again", "own_teacher")


@cache
def images() -> kd.Data:
    """A few digits in numbers that need no rounding; some of the training images have no label."""
    whole = kd.data.load("digits")
    train, test = (replace(s, images=whole.normalise(s.images).double()) for s in (whole.train[::50], whole.test[::40]))
    return kd.Data("few", train, None, test, whole.classes, whole.mean, whole.std).few_labels(3)


@cache
def masks() -> kd.Data:
    """The same images, where each pixel is ink or paper; of those without a label it is not known."""

    def split(of: kd.data.Split) -> kd.data.Split:
        known = torch.where(of.labels.view(-1, 1, 1) < 0, UNLABELLED, (of.images[:, 0] > 0).long())
        return kd.data.Split(of.images, known, task=Dense())

    whole = images()
    return replace(whole, train=split(whole.train), test=split(whole.test), classes=("paper", "ink"))


def net_of_pixels(seed: int) -> kd.Net:
    kd.seed_everything(seed)
    model = nn.Sequential(nn.Conv2d(1, 4 + seed, 3, padding=1), nn.ReLU(), nn.Conv2d(4 + seed, 2, 1)).double()
    return kd.nets.wrap(model, stages=["0"], example=torch.zeros(1, 1, 28, 28).double())


def net(seed: int) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build("lenet5x0.5", classes=10, channels=1).double()


def method(name: str) -> kd.Distiller:
    """A method by its name; spot-adaptive distillation by its strategy, the zoo's form of CC by that."""
    if name == "pixels":
        return METHODS["channelwise"](net_of_pixels(0), net_of_pixels(1), alpha=0.5).double()
    student, teacher = net(0), net(1)
    if name in SPOTS:
        return SpotAdaptive(METHODS["attention"](student, teacher), name, T=2.0).double()
    if name == "mutual":
        return Mutual(student, teacher, update="alternating").double()
    if name == "own_teacher":
        return OwnTeacher(kd.nets.MultiExit(student)).double()
    margins = [torch.full((width,), -0.1) for width in teacher.widths]  # these nets have no norm to read them from
    options: dict[str, dict[str, Any]] = {
        "overhaul": {"margins": margins},
        "matching": {"margins": margins, "how": "random"},
        "consecutive": {"form": "consecutive"},
    }
    kind: Any = kd.papers.get("correlation" if name == "consecutive" else name)
    return kind(student, teacher, **options.get(name, {})).double()


def trained(name: str, out: Path | None = None, **changes: Any) -> dict[str, Any]:
    """The weights after two epochs, and what was recorded."""
    distiller = method(name)
    asked: dict[str, Any] = {"recipe": RECIPE, "device": "cpu", "progress": False, "out": out, **changes}
    history = kd.fit(distiller, masks() if name == "pixels" else fitting(name, images()), 2, **asked)
    return {"weights": learnt(distiller), "rows": [list(row) for row in history.rows]}


def cached(folder: Path) -> dict[str, Any]:
    """The same for the first method, by a teacher whose answers are kept in `folder`."""
    teacher = method("hinton").teacher
    source = kd.cache(teacher, images(), recipe=RECIPE, folder=folder, device="cpu", progress=False)
    return trained("hinton", source=source)


def refusals() -> dict[str, str]:
    """The sentences of what several ranks cannot do."""
    generated = Adversarial(METHODS["logits"](net(0), net(1)), kd.nets.generator("deconvolutionx0.25", 8, size=28))
    calls: dict[str, Callable[[], Any]] = {
        "uneven": lambda: trained("hinton", recipe=replace(RECIPE, batch_size=15)),
        "generated": lambda: kd.fit(generated, images(), 1, progress=False),
        "together": lambda: together([Entry(method("hinton"))], images()),
        "busy": lambda: trained("hinton", out=Path(os.environ["HELD"])),
        "another run": lambda: trained("hinton", seed=rank()),
    }
    told = {}
    for name, call in calls.items():
        try:
            call()
        except kd.Error as error:
            told[name] = str(error)
    return told


def streamed(root: Path) -> tuple[dict[str, torch.Tensor], int]:
    """The weights after an epoch over images that stay on disk, and how many of them were read here to train on."""
    image_folder = import_module("kdtutor.data.image_folder")  # beside it is a function of this name
    data = image_folder.image_folder(root, size=16, in_memory=0, workers=0)
    paths: list[Path] = []
    usual = image_folder.read
    image_folder.read = lambda path: [paths.append(path), usual(path)][1]
    kd.seed_everything(0)
    student = kd.nets.build("lenet5x0.5", classes=2)
    kd.fit(kd.Alone(student), data, 1, recipe=Recipe(batch_size=4), device="cpu", progress=False)
    image_folder.read = usual
    return student.state_dict(), sum("train" in path.parts for path in paths)


def with_norms(out: Path) -> None:
    """A run whose student has batch norms."""
    student = kd.nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2).double()
    kd.fit(kd.Alone(student), images(), 1, recipe=RECIPE, device="cpu", progress=False, out=out)


def command(out: Path) -> list[str]:
    """`kdtutor distil` on points, for a net without batch norm."""
    return [
        "distil",
        "alone",
        "--data",
        "moons",
        "--student",
        "mlp",
        "--epochs",
        "4",
        "--device",
        "cpu",
        "--out",
        str(out),
    ]


def distil(out: Path) -> None:
    app(command(out), standalone_mode=False)


def shared(folder: Path) -> None:
    with joined("cpu"):
        for name in NAMES:
            result = trained(name, out=folder / f"of_rank{rank()}" if name == "hinton" else None)
            if rank() == 0:
                torch.save(result, folder / f"{name}.pt")
        from_cache, optioned = cached(folder / "cache"), trained("hinton", recipe=OPTIONS)
        with_norms(folder / "norms")
        weights, read = streamed(folder / "images")
        (folder / f"read{rank()}.json").write_text(json.dumps(read))
        if rank() == 0:
            torch.save(weights, folder / "streamed.pt")
            torch.save(from_cache, folder / "cached.pt")
            torch.save(optioned, folder / "options.pt")
        (folder / f"refused{rank()}.json").write_text(json.dumps(refusals()))
    distil(folder / "whole")
    distil(folder / "killed")


def killed(folder: Path) -> None:
    usual = kd.Distiller.step
    steps = iter(range(1, 1000))

    def step(*args: Any) -> Any:
        if rank() == 1 and next(steps) == 12:
            os.kill(os.getpid(), signal.SIGKILL)
        return usual(*args)

    kd.Distiller.step = step  # type: ignore[method-assign]
    distil(folder / "killed")


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"shared": shared, "killed": killed}[sys.argv[1]](Path(sys.argv[2]))
