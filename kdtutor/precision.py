"""Losses in full precision, whatever the nets compute in."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import torch
from jaxtyping import AbstractArray, Float
from torch import Tensor

from .errors import ShapeError

P = ParamSpec("P")
R = TypeVar("R")

HALVES = (torch.bfloat16, torch.float16)
FLOATS: Any = Float[Tensor, "..."].dtypes  # type: ignore[attr-defined]  # mypy sees a plain Tensor


def full_precision(loss: Callable[P, R]) -> Callable[P, R]:
    """Compute `loss` in float32 (or float64) also where the nets run in half precision.

    Sums over many positions lose their digits in bfloat16, and a loss costs little beside the nets. An argument that is
    annotated as a tensor has to be one, and one of floating-point numbers where it is a `Float`; else `ShapeError`.

    >>> mean = full_precision(lambda x: x.mean())
    >>> mean(torch.ones(2, dtype=torch.bfloat16)).dtype
    torch.float32
    """
    parameters = signature(loss).parameters
    floats = {
        name: parameter.annotation.dtypes == FLOATS
        for name, parameter in parameters.items()
        if isinstance(parameter.annotation, type) and issubclass(parameter.annotation, AbstractArray)
    }

    @wraps(loss)
    def lifted(*args: P.args, **kwargs: P.kwargs) -> R:
        names = (*parameters, *[""] * len(args))  # more arguments than there are names are refused by the loss itself
        positional = [_lift(loss.__name__, name, x, floats.get(name)) for name, x in zip(names, args, strict=False)]
        by_name = {name: _lift(loss.__name__, name, x, floats.get(name)) for name, x in kwargs.items()}
        with (
            torch.autocast("cpu", enabled=False),
            torch.autocast("cuda", enabled=False),
            torch.autocast("mps", enabled=False),
        ):
            return loss(*positional, **by_name)

    return lifted


def _lift(function: str, name: str, x: Any, floats: bool | None) -> Any:
    """The argument `name` in full precision; of tuples and lists each part. With `floats` true or false it has to be a
    tensor, and one of floating-point numbers where that is true."""
    if not isinstance(x, Tensor):
        if floats is not None:
            raise ShapeError(f"{function}: {name} is a {type(x).__name__}; expected a tensor")
        return type(x)(_lift(function, name, part, None) for part in x) if type(x) in (tuple, list) else x
    if floats and not x.is_floating_point():
        raise ShapeError(
            f"{function}: {name} holds numbers of {x.dtype}; expected floating-point numbers, such as {name}.float()"
        )
    return x.float() if x.dtype in HALVES else x
