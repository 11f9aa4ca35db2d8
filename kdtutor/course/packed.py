"""Values and observations as bytes that hold no code: JSON, and tensors behind it. Reading them runs nothing."""

import builtins
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from .observe import Observation
from .watch import Called, Calls

SIZE = 8  # bytes in which the length of the JSON is written
PLAIN = (bool, int, float, str, type(None))


def pack(value: Any) -> bytes:
    """A value as bytes: numbers, texts, tensors, arrays, and lists, tuples and dictionaries of them.

    Of anything else, such as an object of a class of the reader's own, only the name of its type is kept.
    """
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_described(value, tensors)).encode()
    return len(text).to_bytes(SIZE, "big") + text + save(tensors)


def unpack(data: bytes) -> Any:
    """The value that `pack` made the bytes of. Raises `ValueError` where they are none of its."""
    end = SIZE + int.from_bytes(data[:SIZE], "big")
    try:
        return _value(json.loads(data[SIZE:end]), load(data[end:]))
    except (KeyError, TypeError, IndexError, RecursionError, SafetensorError, ValueError) as error:
        raise ValueError(f"these bytes hold no value ({error})") from None


def told(seen: Observation) -> list[Any]:
    """What was seen of a call, as a value that can be packed."""
    error = None if seen.error is None else [type(seen.error).__name__, _text(seen.error)]
    calls = [seen.calls.torch, seen.calls.largest, [list(one) for one in seen.calls.package]]
    return [seen.value, list(seen.gradients), seen.wrote, error, calls]


def heard(told: Any) -> Observation:
    """What was seen of a call elsewhere. Raises `ValueError` where a value tells of none."""
    try:
        value, gradients, wrote, error, (names, largest, package) = told
        calls = Calls([str(name) for name in names], int(largest), [Called(*map(_part, one)) for one in package])
        if not all(gradient is None or isinstance(gradient, Tensor) for gradient in gradients):
            raise ValueError("a gradient is a tensor or nothing")
        return Observation(value, tuple(gradients), bool(wrote), None if error is None else _raised(*error), calls)
    except TypeError as fault:
        raise ValueError(f"this tells of no call ({fault})") from None


def _described(value: Any, tensors: dict[str, Tensor]) -> Any:
    kind = type(value)  # the type itself: a class that only derives from it may compare as it likes
    if kind in PLAIN:
        return {"plain": value}
    if value is ...:
        return {"dots": True}
    if isinstance(value, np.generic) and kind.__module__ == "numpy":
        return _described(value.item(), tensors)
    if kind is np.ndarray and value.dtype.kind in "biuf":
        return {"array": _kept(torch.from_numpy(np.ascontiguousarray(value)).reshape(value.shape), tensors)}
    if kind in (Tensor, torch.nn.Parameter) and _is_plain(value):
        return {"tensor": _kept(value, tensors), "grad": bool(value.requires_grad)}
    if kind in (list, tuple):
        return {kind.__name__: [_described(part, tensors) for part in value]}
    if kind is dict:
        return {"dict": [[_described(part, tensors) for part in pair] for pair in value.items()]}
    return {"other": kind.__name__}


def _is_plain(tensor: Tensor) -> bool:
    return tensor.layout is torch.strided and tensor.device.type == "cpu" and not tensor.is_complex()


def _kept(tensor: Tensor, tensors: dict[str, Tensor]) -> str:
    name = str(len(tensors))
    tensors[name] = tensor.detach().clone(memory_format=torch.contiguous_format)
    return name


def _value(described: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Any:
    (kind, content), *rest = described.items()
    if kind == "plain":
        if type(content) not in PLAIN:
            raise ValueError(f"{content!r} is not plain")
        return content
    if kind == "tensor":
        return tensors[content].requires_grad_(bool(rest) and rest[0][1] is True)
    if kind == "array":
        return tensors[content].numpy()
    if kind == "list":
        return [_value(part, tensors) for part in content]
    if kind == "tuple":
        return tuple(_value(part, tensors) for part in content)
    if kind == "dict":
        return {_value(key, tensors): _value(part, tensors) for key, part in content}
    if kind == "dots":
        return ...
    return type(_part(content), (), {})()


def _part(part: Any) -> Any:
    """A text or a whole number, as names and lines are."""
    if type(part) not in (str, int):
        raise ValueError(f"{part!r} is neither a text nor a number")
    return part


def _text(error: BaseException) -> str:
    try:
        return str(error)[:1000]
    except BaseException:  # an error class of the reader's own
        return ""


def _raised(name: str, text: str) -> BaseException:
    """An error of this name; a class of Python's own where there is one, so that errors of a kind are equal."""
    kind = getattr(builtins, _part(name), None)
    if isinstance(kind, type) and issubclass(kind, BaseException):
        try:
            return kind(text)
        except TypeError:  # it takes more than a text
            pass
    return type(name, (Exception,), {})(text)
