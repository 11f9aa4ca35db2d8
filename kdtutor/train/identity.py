"""Which run a folder holds: digests of everything that shapes a run, and what differs between two of them."""

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from os.path import commonpath
from typing import Any

import torch
from torch import Tensor, nn

from ..data import Data, Latents, Source, Split
from ..data.image_folder import FileSplit
from ..nets.digest import digest, public, structure
from .trainable import Phase, Trainable

Identity = dict[str, str]
"""A digest (of a version: the version) by what it is of, in the order in which a difference is told."""

STUDENT, TEACHER, OWN = "student", "teacher", "own"
LEFT_OUT = {"training", "noise", "options"}  # of what a distiller holds: the rest are settings, functions, a judge


def identity(
    distiller: Trainable, data: Data, phases: tuple[Phase, ...], batches: Source, source: Source | None = None
) -> Identity:
    """The digests of a run that is about to begin, from its nets, data and phases, and from the source of its batches
    if the caller gave one. Where batches are latents no training image is looked at.

    >>> points, method = kd.data.load("moons"), kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> now = identity(method, points, method.phases(1), method.source(points, kd.Recipe()))
    >>> now == identity(method, points, method.phases(1), method.source(points, kd.Recipe()))
    True
    """
    splits = {
        name: split for name, split in data.splits().items() if name != "train" or not isinstance(batches, Latents)
    }
    held = parts(distiller)
    levels = [module for module in distiller.modules() if isinstance(module, Trainable)]
    attributes = {name: value for each in levels for name, value in public(each).items() if name not in LEFT_OUT}
    return {
        **{name: digest(net.state_dict()) for name, net in held.items()},
        "layers": digest({name: structure(net) for name, net in held.items()}),
        OWN: digest(_own_tensors(levels)),
        "data": digest([data.name, data.classes, data.mean, data.std]),
        **{f"{name} split": digest(content(split)) for name, split in splits.items()},
        "source of batches": digest(source),
        "phases": digest([[p.name, p.epochs, p.weights, p.needs_teacher, p.schedule, p.lr] for p in phases]),
        "code": digest([type(each) for each in levels]),
        **{f"its {name}": digest(value) for name, value in attributes.items()},
        "version of torch": torch.__version__.split("+")[0],
        "version of kdtutor": _version(),
    }


def difference(then: Identity, now: Identity, distiller: Trainable, learnt: Mapping[str, Tensor]) -> str:
    """What of the run `now` differs from the run `then`, whose checkpoint holds `learnt`; "" for the same run.

    A student that has learnt in this run already counts as the one that began it, and so do the other nets of its
    distiller: the same call goes on in the same kernel. What the distiller made for itself (adapters, a memory) is then
    not compared: another distiller around that student draws it anew, and the checkpoint's replaces it.

    >>> method = kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> difference({"data": "a"}, {"data": "a"}, method, {})
    ''
    """
    held = parts(distiller)
    anew = then.get(STUDENT) == now.get(STUDENT)
    for what in [*then, *(what for what in now if what not in then)]:
        made = what == OWN or what.startswith("its ") or (what in held and not hasattr(held[what], "config"))
        if then.get(what) == now.get(what) or (made and not (anew and what in then and what in now)):
            continue
        if what in held and now[what] == digest(_below(what, learnt)):
            continue
        return _told(what, then.get(what), now.get(what))
    return ""


def parts(distiller: Trainable, prefix: str = "") -> dict[str, nn.Module]:
    """The nets of a distiller, each once, by the name under which its state is stored first.

    >>> list(parts(kd.Alone(kd.nets.build("mlp8", classes=2))))
    ['student']
    """
    found: dict[str, nn.Module] = {}
    for name, child in distiller.named_children():
        inner = parts(child, f"{prefix}{name}.") if isinstance(child, Trainable) else {prefix + name: child}
        found.update({key: net for key, net in inner.items() if not any(net is other for other in found.values())})
    return found


def _own_tensors(levels: Iterable[Trainable]) -> dict[str, Tensor]:
    tensors = [chain(each.named_parameters(recurse=False), each.named_buffers(recurse=False)) for each in levels]
    return {f"{level} {name}": tensor for level, named in enumerate(tensors) for name, tensor in named}


def content(split: Split) -> list[Any]:
    """Images and labels; of images that stay on disk their names and sizes, for reading them all takes too long.

    >>> [tuple(x.shape) for x in content(kd.data.load("moons").test)]
    [(400, 2), (400,)]
    """
    if not isinstance(split, FileSplit):
        return [split.images, split.labels]
    paths = split.files.paths
    top = commonpath([path.parent.parent for path in paths]) if paths else ""
    names = [path.relative_to(top).as_posix() if top else path.as_posix() for path in paths]
    cut = [split.files.size, *([split.files.middle] if split.files.middle != 1 else [])]
    return [names, [path.stat().st_size for path in paths], split.labels, *cut]


def _below(name: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}


def _version() -> str:
    try:
        return version("kdtutor")
    except PackageNotFoundError:  # a copy that is not installed
        return "none"


def _told(what: str, then: str | None, now: str | None) -> str:
    if what == STUDENT:
        return "its student's first weights differ (build the student from the same seed, or use the same object)"
    if what == TEACHER:
        return "its teacher's weights differ"
    if what.startswith("version"):
        return f"its {what} is {then}, this run's is {now}"
    if what in ("data", "layers", "phases"):
        return {
            "data": "its data differ (name, classes or statistics)",
            "layers": "the layers of its nets differ",
            "phases": "the weights or rates of its phases differ",
        }[what]
    if what.endswith(" split"):
        return f"its data differ (the {what})"
    if what == "code":
        return "the code of its distiller differs"
    if what == OWN:
        return "the first values of its distiller's own tensors differ"
    if what.startswith("its "):
        return f"its distiller's {what.removeprefix('its ')} differs"
    if what == "source of batches":
        return "its source of batches differs"
    return f"the weights of its {what.replace('.', ' ')} differ"
