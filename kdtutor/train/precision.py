"""Losses in full precision, whatever the nets compute in."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import torch
from jaxtyping import AbstractArray, Float
from torch import Tensor

from ..errors import ShapeError, require

P = ParamSpec("P")
R = TypeVar("R")

HALVES = (torch.bfloat16, torch.float16)
FLOATS: Any = Float[Tensor, "..."].dtypes  # type: ignore[attr-defined]  # mypy sees a plain Tensor


def full_precision(loss: Callable[P, R]) -> Callable[P, R]:
    """Compute `loss` in float32 (or float64) also where the nets run in half precision.

    Sums over many positions lose their digits in bfloat16, and a loss costs little beside the nets. An argument that is
    annotated as a tensor has to be one, and one of floating-point numbers where it is a `Float`; else `ShapeError`.
    """
    parameters = signature(loss).parameters
    floats = {
        name: parameter.annotation.dtypes == FLOATS
        for name, parameter in parameters.items()
        if isinstance(parameter.annotation, type) and issubclass(parameter.annotation, AbstractArray)
    }

    @wraps(loss)
    def lifted(*args: P.args, **kwargs: P.kwargs) -> R:
        for name, value in (*zip(parameters, args, strict=False), *kwargs.items()):
            if name in floats:
                _check(loss.__name__, name, value, floats[name])
        with (
            torch.autocast("cpu", enabled=False),
            torch.autocast("cuda", enabled=False),
            torch.autocast("mps", enabled=False),
        ):
            return loss(*_lift(args), **{name: _lift(value) for name, value in kwargs.items()})

    return lifted


def _check(function: str, name: str, value: object, floats: bool) -> None:
    if not isinstance(value, Tensor):
        raise ShapeError(f"{function}: {name} is a {type(value).__name__}; expected a tensor")
    require(
        value.is_floating_point() or not floats,
        f"{function}: {name} holds numbers of {value.dtype}; expected floating-point numbers, such as {name}.float()",
        ShapeError,
    )


def _lift(x: Any) -> Any:
    if isinstance(x, Tensor) and x.dtype in HALVES:
        return x.float()
    return type(x)(map(_lift, x)) if type(x) in (tuple, list) else x
