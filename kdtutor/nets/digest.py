"""A digest of nets, tensors and settings: equal if and only if they would do the same."""

import dataclasses
import functools
import inspect
import json
import types
from collections.abc import Callable, Mapping
from enum import Enum
from hashlib import sha256
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

# What a library does is told by its version; of other classes and functions the code counts.
LIBRARIES = ("kdtutor", "kdtutor_torchvision", "torch", "torchvision", "timm", "numpy", "builtins", "abc", "typing")


def digest(value: object) -> str:
    """The sha256 of names, shapes, dtypes and bytes of every tensor in `value`, and of all else that shapes a run.

    `value` may be a net (its state and the settings of its layers), a tensor, a function (its code), a number, a text,
    or any nesting of these in lists, dictionaries, sets, dataclasses and other objects (their public attributes).
    Nothing depends on the process, the device or the memory format. Generators of random numbers do not count.

    >>> digest({"lr": 0.1}) == digest({"lr": 0.1}), digest({"lr": 0.1}) == digest({"lr": 0.2})
    (True, False)
    """
    hashed = sha256()
    _feed(hashed.update, value, ())
    return hashed.hexdigest()


def plain(value: object) -> Any:
    """`value` as JSON can hold it: nets, tensors and other objects become their type and the first of their digest.

    >>> plain({"betas": (0.5, 0.9)})
    {'betas': (0.5, 0.9)}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value)) if type(value) in (list, tuple) else list(map(plain, value))
    try:
        json.dumps(value)
    except TypeError:
        return f"{getattr(value, '__name__', type(value).__name__)} {digest(value)[:12]}"
    return value


Update = Callable[[Any], None]


def _feed(update: Update, value: Any, above: tuple[int, ...]) -> None:
    """Each value is told with its type and the number of its parts, so that no two nestings read the same."""
    if id(value) in above:
        return  # a cycle
    inside = (*above, id(value))

    def parts(kind: str, values: list[Any]) -> None:
        update(f"{kind} {len(values)};".encode())
        for part in values:
            _feed(update, part, inside)

    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic)):
        update(f"{type(value).__name__} {value!r};".encode())
    elif isinstance(value, (PurePath, torch.dtype, torch.device, torch.memory_format, Enum)):
        update(f"{type(value).__name__} {value};".encode())
    elif isinstance(value, Tensor):
        _feed_tensor(update, value)
    elif isinstance(value, np.ndarray):
        parts(f"array {value.dtype} {value.shape}", [value.tolist() if value.dtype == object else value.tobytes()])
    elif isinstance(value, nn.Module):
        parts("net", [structure(value), value.state_dict()])
    elif isinstance(value, Mapping):
        parts("map", [[key, value[key]] for key in sorted(value, key=repr)])
    elif isinstance(value, (list, tuple)):
        parts(type(value).__name__, list(value))
    elif isinstance(value, (set, frozenset)):
        parts("set", sorted(map(digest, value)))
    elif isinstance(value, types.CodeType):
        parts("code", [value.co_code, value.co_names, value.co_consts])
    elif isinstance(value, types.FunctionType):
        closed = [cell.cell_contents for cell in value.__closure__ or () if _filled(cell)]
        parts("function", [value.__qualname__, value.__code__, value.__defaults__, value.__kwdefaults__, closed])
    elif isinstance(value, types.MethodType):
        parts("method", [value.__func__, type(value.__self__)])
    elif isinstance(value, (classmethod, staticmethod)):
        parts(type(value).__name__, [value.__func__])
    elif isinstance(value, property):
        parts("property", [value.fget, value.fset])
    elif isinstance(value, functools.partial):
        parts("partial", [value.func, value.args, value.keywords])
    elif isinstance(value, type):
        parts(f"class {value.__module__}.{value.__qualname__}", [code(value)])
    elif dataclasses.is_dataclass(value):
        told = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        parts("object", [type(value), told])
    else:
        parts("object", [type(value), public(value)])


def _feed_tensor(update: Update, value: Tensor) -> None:
    update(f"tensor {value.dtype} {tuple(value.shape)};".encode())
    if value.is_meta:
        return
    whole = value.detach().to_dense() if value.layout != torch.strided else value.detach()
    flat = whole.resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    if flat.stride() != (1,):  # one number out of a larger tensor may keep that one's stride, and is contiguous too
        flat = flat.clone(memory_format=torch.contiguous_format)
    update(flat.view(torch.uint8).numpy().data)


def _filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that is given a value later
        return False


def public(value: object) -> dict[str, Any]:
    """The attributes of an object that do not begin with an underscore.

    >>> public(torch.nn.Dropout(0.3))["p"]
    0.3
    """
    return {name: part for name, part in getattr(value, "__dict__", {}).items() if not name.startswith("_")}


def structure(net: nn.Module) -> list[tuple[str, type, str]]:
    """Name, class and settings of every layer: what two nets with the same tensors can still differ in.

    >>> len(structure(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.ReLU())))
    3
    """
    return [(name, type(layer), layer.extra_repr()) for name, layer in net.named_modules()]


def code(kind: type) -> list[tuple[str, Any]]:
    """What the classes that `kind` is made of define themselves, if they belong to no library.

    >>> code(torch.nn.ReLU) == code(torch.nn.ReLU)
    True
    """
    own = [base for base in inspect.getmro(kind) if base.__module__.split(".")[0] not in LIBRARIES]
    callables = (types.FunctionType, classmethod, staticmethod, property)
    return [(name, part) for base in own for name, part in vars(base).items() if isinstance(part, callables)]
