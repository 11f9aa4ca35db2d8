"""Weights of one's own into a net of the same architecture."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from ..data.words import listed
from ..errors import DataError, ShapeError, choose, require
from .trace import Net

AROUND = ("module.", "_orig_mod.", "model.")  # what names begin with after DataParallel, torch.compile, Lightning
INSIDE = ("state_dict", "model", "model_state_dict")  # where training scripts put a state dict
SHOWN = 2  # names that a sentence tells
Weights = Mapping[str, Tensor]


def load_weights(net: Net, path: str | Path, head: Literal["strict", "anew"] = "strict") -> tuple[str, ...]:
    """Load weights into the net, all or none; return the names of those that were left as they are, fresh.

    Args:
        net: of the architecture that the weights were trained in; see `build`.
        path: a .safetensors file, or what torch.save has written: a state dict, alone or under "state_dict" or "model",
            with names as they are or behind "module.". No code in it is run.
        head: "strict": also the layer of the logits has to fit. "anew": it is left as it is, fresh, whatever the file
            has for it, such as a layer for other classes.

    Raises:
        DataError: the file is absent, damaged or holds no weights. ShapeError: they are of another architecture, or of
        a classifier for another number of classes. UnknownName: `head` is neither.

    >>> net, path = kd.nets.build("mlp8", classes=2), folder / "mine.pt"
    >>> torch.save(kd.nets.build("mlp8", classes=5).state_dict(), path)
    >>> load_weights(net, path, head="anew")
    ('classifier.bias', 'classifier.weight')
    """
    choose("way with the head", head, ("strict", "anew"))
    read = _unwrapped(_read(Path(path)), net)
    own = net.state_dict()
    heads = {name for name in own if name.rpartition(".")[0] in net.head_names or name in net.head_names}
    fresh = heads if head == "anew" else set()
    there = {name: tensor for name, tensor in read.items() if name not in fresh}
    expected = {name: tensor for name, tensor in own.items() if name not in fresh}
    _check(net, Path(path), there, expected, heads)
    net.load_state_dict(there, strict=False)  # what is missing was checked
    return tuple(sorted(fresh))


def _check(net: Net, path: Path, there: Weights, expected: Weights, heads: set[str]) -> None:
    """The weights there are those expected, in names and shapes; only counters of batches may be missing."""
    missing = {n: x for n, x in expected.items() if n not in there and not n.endswith("num_batches_tracked")}
    surplus = {name: tensor for name, tensor in there.items() if name not in expected}
    unlike = [name for name in there if name in expected and there[name].shape != expected[name].shape]
    if unlike and not missing and not surplus and heads.issuperset(unlike):
        shapes = f"{unlike[0]} is {_shape(there[unlike[0]])}, expected {_shape(expected[unlike[0]])}"
        raise ShapeError(
            f"{path} classifies other classes than {net.name}, which has {net.num_classes} ({shapes}); name as "
            "many classes as it has (--classes, classes=…), or begin its head anew (kdtutor teach --weights, "
            'load_weights(…, head="anew"))'
        )
    told = [
        *(f"{name} is {_shape(there[name])}, expected {_shape(expected[name])}" for name in unlike[:SHOWN]),
        *([f"it lacks {listed(_shaped(missing), SHOWN)}"] if missing else []),
        *([f"it has {listed(_shaped(surplus), SHOWN)}, which the net has not"] if surplus else []),
    ]
    require(not told, f"{path} holds weights of another architecture than {net.name}: {'; '.join(told)}", ShapeError)


def _read(path: Path) -> Weights:
    """The tensors in a file, by name."""
    require(path.is_file(), f"there is no file of weights {path}", DataError)
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        value = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from error
    except pickle.UnpicklingError as error:
        raise DataError(
            f"{path} is damaged, or holds more than tensors, which could run code and is not read; save the weights "
            "alone: torch.save(model.state_dict(), path)"
        ) from error
    except (safetensors.SafetensorError, EOFError, LookupError, RuntimeError, ValueError) as error:
        raise DataError(
            f"{path} is damaged, or no file of weights; expected a .safetensors file or a state dict that torch.save "
            "has written"
        ) from error
    return _state_dict(value, path)


def _state_dict(value: Any, path: Path) -> Weights:
    """The tensors by name in what a training script has saved."""
    if isinstance(value, Mapping):
        for key in INSIDE:
            if isinstance(value.get(key), Mapping):
                return _state_dict(value[key], path)
    tensors = isinstance(value, Mapping) and bool(value) and all(isinstance(each, Tensor) for each in value.values())
    kind = type(value).__name__
    held = (
        f"{kind} of {listed([str(key) for key in value], SHOWN) or 'nothing'}" if isinstance(value, Mapping) else kind
    )
    require(
        tensors,
        f"{path} holds no state dict, but a {held}; expected tensors by name, alone or under {' or '.join(INSIDE)}",
        DataError,
    )
    return {str(name): tensor for name, tensor in value.items()}


def _unwrapped(weights: Weights, net: Net) -> Weights:
    """The weights by the names that the net has, without what all begin with."""
    own = net.state_dict()
    for prefix in AROUND:
        if all(name.startswith(prefix) for name in weights) and not any(name.startswith(prefix) for name in own):
            return _unwrapped({name.removeprefix(prefix): tensor for name, tensor in weights.items()}, net)
    return weights


def _shaped(weights: Weights) -> list[str]:
    return [f"{name} {_shape(tensor)}" for name, tensor in weights.items()]


def _shape(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))
