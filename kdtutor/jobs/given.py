"""Weights that somebody has already, made a model of: in a folder with a card, measured where there are data."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError, require
from ..files import require_folder
from .options import Arch, Memory, Root, Task

if TYPE_CHECKING:
    from ..data import Data  # which take long to import
    from ..nets import Net


@dataclass(frozen=True, kw_only=True)
class Given:
    """What is told of weights that are there: their net, and the images and classes that they were trained on."""

    arch: Arch = None
    data: Annotated[
        str | None, typer.Option(help="Images to measure it on, as those of `kdtutor teach`.", show_default=False)
    ] = None
    classes: Annotated[
        str | None,
        typer.Option(help="Names of the outputs, in their order, with commas.", show_default="the data's, in theirs"),
    ] = None
    mean: Annotated[
        str | None, typer.Option(help="Of the pixels (0…1), a number a channel.", show_default="ImageNet's")
    ] = None
    std: Annotated[str | None, typer.Option(help="Their standard deviation, likewise.", show_default="ImageNet's")] = (
        None
    )
    size: Annotated[
        int | None, typer.Option(help="Pixels on a side of its images.", min=1, show_default="as the images have")
    ] = None
    stages: Annotated[
        str | None, typer.Option(help="Nodes with commas between them, where features are read.", show_default="found")
    ] = None
    task: Task = None
    memory: Memory = None
    root: Root = None

    def command(self, weights: str | None, out: str) -> str:
        """The command that asks for this card."""
        asked = {name: value for name, value in {**vars(self), "out": out}.items() if value is not None}
        options = [f"--{name} {shlex.quote(str(value))}" for name, value in asked.items()]
        return " ".join(["kdtutor card", *([shlex.quote(weights)] if weights else []), *options])


def model_of(given: Given, weights: str | None, out: str) -> "Net":
    """Load `weights` into the net, measure it on the data, if any are named, and write it with its card into `out`.

    A net that a function makes may have its weights already. What cannot be is refused in a sentence.
    """
    from .. import nets
    from ..nets.factory import is_factory
    from ..nets.models import WEIGHTS
    from ..train import environment

    told = "a card tells of which net the weights are: name it with --arch, such as resnet18 or module:function"
    require(given.arch is not None, told)
    name = nets.full_name(str(given.arch))
    told = f"name the file of the weights of {name}: kdtutor card WEIGHTS --arch {given.arch} …"
    require(weights is not None or is_factory(name), told)
    require_folder(out)
    require(not (Path(out) / WEIGHTS).exists(), f"{out} holds a model already: name another folder with --out")
    data = _data(given)
    classes, mean, size = _classes(given, data), _numbers("mean", given.mean), _size(given, data)
    channels = data.channels if data is not None else len(mean or "rgb")
    net = nets.build(name, classes=len(classes), channels=channels, **_elsewhere(name, size, given.stages))
    if weights is not None:
        nets.load_weights(net, weights)
    net.card = {"name": Path(out).absolute().name, "classes": classes}
    card = {
        "data": None if data is None else data.name,
        "source": given.data,
        **_shown(given, data, classes, size, channels),
        "recipe": {"weights": None if weights is None else Path(weights).name},
        "seed": None,
        **_measured(net, data),
        "command": given.command(weights, out),
        "environment": environment(),
    }
    folder = nets.save_model(net.eval(), out, card)
    return nets.teacher(folder, *((name,) if is_factory(name) else ()))


def _data(given: Given) -> "Data | None":
    """The data that are named, with the statistics that are."""
    from dataclasses import replace

    from .. import data as sets
    from .between import in_bytes

    if given.data is None:
        return None
    data = sets.load(given.data, given.root, size=given.size, task=given.task, memory=in_bytes(given.memory))
    mean, std = _numbers("mean", given.mean), _numbers("std", given.std)
    return replace(data, mean=mean or data.mean, std=std or data.std)


def _classes(given: Given, data: "Data | None") -> list[str]:
    told = "name the classes in the order of the outputs, with --classes a,b,c, or images of them, with --data"
    require(given.classes is not None or data is not None, told)
    if given.classes is None:
        assert data is not None
        return list(data.classes)
    names = [part.strip() for part in given.classes.split(",")]
    require(all(names) and len(set(names)) == len(names), f"--classes {given.classes}: expected names, each once")
    return names


def _size(given: Given, data: "Data | None") -> list[int]:
    if data is not None:
        return list(data.size)
    told = "without --data nothing tells how large the images are: name their pixels on a side, such as --size 224"
    require(given.size is not None, told)
    return [int(given.size or 0)] * 2


def _numbers(what: str, text: str | None) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        told = f"--{what} {text!r}: expected a number for each channel, with commas, such as 0.5,0.5,0.5"
        raise ConfigError(told) from None


def _elsewhere(name: str, size: list[int], stages: str | None) -> dict[str, Any]:
    """What `build` is told of a net that is made elsewhere."""
    from ..nets.build import is_own
    from .between import stages_of

    return {} if is_own(name) else {"size": size[0] if size else None, "stages": stages_of(stages)}


def _shown(given: Given, data: "Data | None", classes: list[str], size: list[int], channels: int) -> dict[str, Any]:
    """What the card says of images and labels."""
    from ..data.image_folder import MEAN, STD
    from .cards import of_data

    if data is not None:
        return {**of_data(data), "classes": classes}
    task = given.task or "classification"
    require(task != "regression", "--task regression: name images with --data, whose numbers tell the unit")
    mean = list(_numbers("mean", given.mean) or MEAN)
    std = list(_numbers("std", given.std) or STD)
    told = f"{len(mean)} means and {len(std)} standard deviations for images of {channels} channels; give one for each"
    require(len(mean) == len(std) == channels, told)
    return {
        "task": task, "task options": {}, "classes": classes, "mean": mean, "std": std, "size": size,
        "channels": channels,
    }  # fmt: skip


def _measured(net: "Net", data: "Data | None") -> dict[str, Any]:
    """How well the net does on the test split of the data; its outputs are put in the order of their classes."""
    from .. import nets
    from ..train import evaluate
    from .cards import counted

    if data is None:
        return {"protocol": "not measured"}
    measures = evaluate(nets.in_order(net, data.classes, data.name), data.test, data).measures
    return {**measures, **counted(measures, data), "protocol": "test split, weights that were given"}
