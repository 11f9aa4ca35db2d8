"""What every loss needs before its formula: full precision and honest shapes."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor

from ..errors import ShapeError

P = ParamSpec("P")
R = TypeVar("R")


def shape(x: Tensor) -> str:
    return str(tuple(x.shape))


def same_shape(s: Tensor, t: Tensor, what: str) -> None:
    """Student's and teacher's `what` must have one shape: broadcasting would give a number that means nothing."""
    if s.shape != t.shape:
        raise ShapeError(f"{what}: the student's shape is {shape(s)}, the teacher's {shape(t)}; they must be equal")


def _lift(x: Any) -> Any:
    if isinstance(x, Tensor) and x.dtype in (torch.bfloat16, torch.float16):
        return x.float()
    return type(x)(map(_lift, x)) if type(x) in (tuple, list) else x


def full_precision(loss: Callable[P, R]) -> Callable[P, R]:
    """Compute `loss` in float32 (or float64) also where the nets run in half precision.

    Sums over many positions lose their digits in bfloat16, and a loss costs little beside the nets.
    """

    @wraps(loss)
    def lifted(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
            return loss(*_lift(args), **{name: _lift(value) for name, value in kwargs.items()})

    return lifted
