"""What a function did with given arguments, and how that differs from what is right, in words."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

Case = tuple[Any, ...]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Observation:
    """One call: what it returned or raised, the gradients that came back, and whether it wrote into its arguments."""

    value: Any = None
    gradients: tuple[Tensor | None, ...] = ()  # one for each tensor among the arguments that requires them
    wrote: bool = False
    error: Exception | None = None

    @property
    def unwritten(self) -> bool:
        """The function has no body yet: it returns nothing, or says that it is not implemented."""
        if self.error is not None:
            return isinstance(self.error, NotImplementedError)
        return self.value is None or self.value is ...


def observe(function: Function, case: Case) -> Observation:
    """Call `function` with copies of the arguments; random numbers are the same at every call, and nothing is raised.

    The gradients are those of the sum of everything returned.
    """
    arguments = tuple(_copy(argument) for argument in case)
    tensors = list(_tensors(arguments))
    versions = [tensor._version for tensor in tensors]
    wanted = [tensor for tensor in tensors if tensor.requires_grad]
    gradients: tuple[Tensor | None, ...] = (None,) * len(wanted)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(0)
            value = function(*arguments)
            sums = [tensor.sum() for tensor in _tensors(value) if tensor.requires_grad]
            if wanted and sums:
                gradients = torch.autograd.grad(sum(sums[1:], sums[0]), wanted, allow_unused=True)
    except Exception as error:
        return Observation(error=error)
    return Observation(value, gradients, [tensor._version for tensor in tensors] != versions)


def _copy(argument: Any) -> Any:
    if isinstance(argument, Tensor):
        return argument.detach().clone().requires_grad_(argument.requires_grad)
    if type(argument) in (tuple, list):
        return type(argument)(map(_copy, argument))
    return copy.deepcopy(argument)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))


def difference(seen: Observation, right: Observation, tolerance: float) -> str | None:
    """The first thing in which `seen` differs from `right`, in words; None if nothing does."""
    if seen.error is not None and type(seen.error) is type(right.error):
        return None
    for one in (seen, right):
        if one.error is not None:
            return f"it raised {one.error!r}"
    found = _values(seen.value, right.value, tolerance, "the result")
    if found:
        return found
    if seen.wrote and not right.wrote:
        return "the result is right, but the function writes into its arguments; compute a new tensor instead"
    for mine, theirs in zip(seen.gradients, right.gradients, strict=True):
        if mine is None and theirs is not None:
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
    a, b = _numbers(mine), _numbers(theirs)
    if b is None:
        return None if type(mine) is type(theirs) and bool(mine == theirs) else wrong
    if a is None:
        return wrong
    if a.shape != b.shape:
        return f"{what} has shape {a.shape}, expected {b.shape}"
    far = ~np.isclose(a, b, rtol=tolerance, atol=0.1 * tolerance, equal_nan=True)
    if far.any():
        return f"{what} has the right shape but wrong numbers: {a[far][0]:.4g} where {b[far][0]:.4g} is expected"
    return None


def _numbers(value: Any) -> "np.ndarray[Any, Any] | None":
    if isinstance(value, Tensor):
        return value.detach().cpu().double().numpy()
    if isinstance(value, (bool, int, float, np.number, np.bool_, np.ndarray)):
        return np.asarray(value, dtype=np.float64)
    return None


def _kind(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, (Tensor, np.ndarray)):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, Mapping):
        return f"a dictionary with the keys {', '.join(map(repr, value))}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)} values"
    if isinstance(value, str):
        return repr(value)
    return "a number" if isinstance(value, (int, float, np.number)) else f"of type {type(value).__name__}"
