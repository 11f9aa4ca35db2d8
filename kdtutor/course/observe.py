"""What a function did with given arguments, and how that differs from what is right, in words."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .watch import Calls, watched

Array = np.ndarray[Any, Any]
Case = tuple[Any, ...]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Observation:
    """One call: what it returned or raised, the gradients that came back, whether it wrote into its arguments, and
    what it called."""

    value: Any = None
    gradients: tuple[Tensor | None, ...] = ()  # one for each tensor among the arguments that requires them
    wrote: bool = False
    error: BaseException | None = None
    calls: Calls = field(default_factory=Calls)


def observe(function: Function, case: Case) -> Observation:
    """Call `function` with copies of the arguments; random numbers are the same at every call, and nothing is raised.

    The gradients are those of a weighted sum of everything returned.
    """
    arguments = tuple(_copy(argument) for argument in case)
    tensors = list(_tensors(arguments))
    versions = [tensor._version for tensor in tensors]
    wanted = [tensor for tensor in tensors if tensor.requires_grad]
    gradients: tuple[Tensor | None, ...] = (None,) * len(wanted)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(0)
            with watched() as calls:
                value = function(*arguments)
            wrote = [tensor._version for tensor in tensors] != versions or not _same(arguments, case)
            sums = [_weighted_sum(tensor) for tensor in _tensors(value) if tensor.requires_grad]
            if wanted and sums:
                gradients = torch.autograd.grad(sum(sums[1:], sums[0]), wanted, allow_unused=True)
    except (Exception, SystemExit) as error:
        return Observation(error=error)
    return Observation(value, gradients, wrote, calls=calls)


def _copy(argument: Any) -> Any:
    if isinstance(argument, Tensor):
        return argument.detach().clone().requires_grad_(argument.requires_grad)
    if type(argument) in (tuple, list):
        return type(argument)(map(_copy, argument))
    return copy.deepcopy(argument)


def in_double(value: Any) -> Any:
    """The same arguments, real numbers in double precision."""
    if isinstance(value, Tensor):
        return value.detach().double().requires_grad_(value.requires_grad) if value.is_floating_point() else value
    return type(value)(map(in_double, value)) if type(value) in (tuple, list) else value


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))


def _same(one: Any, other: Any) -> bool:
    """Whether tensors, and lists of tensors and numbers, are still what they were."""
    if isinstance(other, Tensor):
        return isinstance(one, Tensor) and one.shape == other.shape and _close(one, other)
    if isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return not isinstance(other, (int, float)) or bool(one == other)


def _close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one.detach(), other.detach(), rtol=0, atol=0, equal_nan=True)


def _weighted_sum(x: Tensor) -> Tensor:
    """Unequal weights: the gradient of a plain sum is 0 for everything that always adds up to 1."""
    return (x * torch.linspace(0.5, 1.5, x.numel(), dtype=x.dtype).view(x.shape)).sum()


def difference(seen: Observation, right: Observation, tolerance: float, gradients: bool = True) -> str | None:
    """The first thing in which `seen` differs from `right`, in words; None if nothing does. `gradients=False` compares
    the values alone."""
    if seen.error is not None and type(seen.error) is type(right.error):
        return None
    for one in (seen, right):
        if one.error is not None:
            return f"it raised {one.error!r}"
    found = _values(seen.value, right.value, tolerance, "the result")
    if found or not gradients:
        return found
    if seen.wrote and not right.wrote:
        return "the result is right, but the function writes into its arguments; compute a new tensor instead"
    for mine, theirs in zip(seen.gradients, right.gradients, strict=True):
        if mine is None and theirs is not None:
            if not any(True for _ in _tensors(seen.value)):
                return "the result is right, but no gradient comes back through a bare number; return the tensor itself"
            return "the result is right, but no gradient comes back through it: is there a detach() or item() too many?"
        if mine is not None and theirs is None:
            return "the result is right, but a gradient flows into what should be constant, the teacher's side"
        if mine is not None and _values(mine, theirs, tolerance, "the gradient"):
            return "the result is right, but its gradient is not"
    return None


def _values(mine: Any, theirs: Any, tolerance: float, what: str) -> str | None:
    """How two values differ. A Python number, a numpy number and a tensor without dimensions are the same to us."""
    wrong = f"{what} is {_kind(mine)}, expected {_kind(theirs)}"
    if isinstance(theirs, (tuple, list)):
        if not isinstance(mine, (tuple, list)) or len(mine) != len(theirs):
            return wrong
        parts = (_values(a, b, tolerance, f"value {i}") for i, (a, b) in enumerate(zip(mine, theirs, strict=True), 1))
        return next(filter(None, parts), None)
    if isinstance(theirs, Mapping):
        if not isinstance(mine, Mapping) or set(mine) != set(theirs):
            return wrong
        parts = (_values(mine[key], theirs[key], tolerance, f"{key!r}") for key in theirs)
        return next(filter(None, parts), None)
    a, b = numbers(mine), numbers(theirs)
    if b is None:
        return None if type(mine) is type(theirs) and bool(mine == theirs) else wrong
    if a is None or (isinstance(theirs, Tensor) and isinstance(mine, np.ndarray) and mine.ndim > 0):
        return wrong
    if a.shape != b.shape:
        return f"{what} has shape {a.shape}, expected {b.shape}"
    if _is_truth(mine) != _is_truth(theirs):
        return f"{what} holds {_content(mine)}, expected {_content(theirs)}"
    far = ~np.isclose(a, b, rtol=tolerance, atol=0.1 * tolerance, equal_nan=True)
    if far.any():
        return f"{what} has the right shape but wrong numbers: {a[far][0]:.4g} where {b[far][0]:.4g} is expected"
    return None


def numbers(value: Any) -> Array | None:
    """A number, or a tensor of real numbers, as an array; None for anything else."""
    if isinstance(value, Tensor):
        if value.is_complex() or value.is_sparse or value.is_meta:
            return None
        return value.detach().cpu().double().numpy()
    if isinstance(value, (bool, int, float, np.number, np.bool_, np.ndarray)):
        try:
            return np.asarray(value, dtype=np.float64)
        except (OverflowError, TypeError, ValueError):  # too large for a float, complex, or an array of objects
            return None
    return None


def _is_truth(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_)) or getattr(value, "dtype", None) in (torch.bool, np.dtype(bool))


def _content(value: Any) -> str:
    return "True and False" if _is_truth(value) else "numbers"


def _kind(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a numpy array of shape {value.shape}"
    if isinstance(value, Mapping):
        return f"a dictionary with the keys {', '.join(map(repr, value))}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)} values"
    if isinstance(value, str):
        return repr(value)
    return "a number" if isinstance(value, (int, float, np.number)) else f"of type {type(value).__name__}"
