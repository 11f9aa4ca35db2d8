"""Why a result differs, where no mistake of the exercise fits: a factor, a missing mean, an argument never used."""

import dis
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from .observe import Array, Case, Observation, numbers

# part of torch's message: what it most often means
MEANINGS = {
    "'torch.return_types.": "max(dim=…) and min(dim=…) give values and positions: take .values, or use amax, amin",
    "must match the size of tensor": "shapes do not fit: is a keepdim=True missing, or a dim= another one?",
    "leaf Variable that requires grad": "it writes into its arguments; compute a new tensor instead",
    "modified by an inplace operation": "it writes into its arguments; compute a new tensor instead",
    "mat1 and mat2 shapes cannot": "shapes do not fit: print both; is one to be transposed, .transpose(1, 2)?",
    "Expected size for first two": "shapes do not fit: print both; is one to be transposed, .transpose(1, 2)?",
    "Boolean value of Tensor": "an if cannot ask a whole tensor: use torch.where, or multiply by a mask",
    "same dtype": "make new tensors with the dtype of the arguments: torch.zeros(…, dtype=z.dtype)",
    "must have the same dtype": "make new tensors with the dtype of the arguments: torch.zeros(…, dtype=z.dtype)",
    "expected scalar type": "make new tensors with the dtype of the arguments: torch.zeros(…, dtype=z.dtype)",
    "found dtype": "make new tensors with the dtype of the arguments: torch.zeros(…, dtype=z.dtype)",
    "that requires grad. Use": "numpy leaves the way of the gradient: stay with torch's functions",
    "Can't call numpy()": "numpy leaves the way of the gradient: stay with torch's functions",
    "element 0 of tensors does not require grad": "nothing here asks for a gradient",
    "positional argument": "do the arguments stand as the task has them?",
}


def raised(error: BaseException) -> str:
    """An error's first line, and what it most often means."""
    line = first_line(error)
    meaning = next((meaning for part, meaning in MEANINGS.items() if part in line), None)
    return f"it raised {line}" + (f"; {meaning}" if meaning else "")


def first_line(error: BaseException) -> str:
    """The kind of an error, and the first line of what it says."""
    try:
        text = str(error).strip()
    except Exception:  # an error class of the reader's own
        text = ""
    return f"{type(error).__name__}: {(text.splitlines() or [''])[0]}".rstrip(": ")


def unwritten(function: object) -> bool:
    """Whether a function has no body yet: nothing but `...`, `pass`, a docstring, or a bare `return`."""
    code = getattr(function, "__code__", None)
    allowed = {"RESUME", "NOP", "POP_TOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "EXTENDED_ARG", "CACHE"}
    return code is not None and all(step.opname in allowed for step in dis.get_instructions(code))


def unused(function: object, arguments: int) -> str | None:
    """The first of the arguments that the function never looks at."""
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    read: set[str] = set()
    for step in dis.get_instructions(code):
        if not step.opname.startswith("STORE"):
            read.update(step.argval if isinstance(step.argval, tuple) else [str(step.argval)])
    names = code.co_varnames[: min(arguments, code.co_argcount)]
    left = [name for name in names if name not in read]
    return f"{left[0]} is never used" if left else None


def explained(
    seen: Sequence[Observation], right: Sequence[Observation], cases: Sequence[Case], names: Sequence[str]
) -> str | None:
    """One sentence that fits every case: a mean that is missing, the order of the dimensions, or a common factor."""
    pairs = [(numbers(a.value), numbers(b.value)) for a, b in zip(seen, right, strict=True)]
    if any(a is None or b is None or not np.isfinite(b).all() for a, b in pairs):
        return None
    arrays = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not all(np.isfinite(a).all() for a, _ in arrays):
        return None
    return _arranged(arrays) or _scaled(arrays, cases, names)


def _arranged(arrays: Sequence[tuple[Array, Array]]) -> str | None:
    if all(a.shape == b.shape for a, b in arrays):
        return None
    if all(a.size == b.size and np.allclose(a.reshape(b.shape), b, rtol=1e-4, atol=1e-5) for a, b in arrays):
        shapes = next((a.shape, b.shape) for a, b in arrays if a.shape != b.shape)
        return f"the numbers are right, but the shape is {shapes[0]} where {shapes[1]} is expected"
    if all(a.T.shape == b.shape and np.allclose(a.T, b, rtol=1e-4, atol=1e-5) for a, b in arrays):
        return "the result is transposed"
    if all(b.ndim == 0 for _, b in arrays):
        for how in ("mean", "sum"):
            if all(np.isclose(getattr(a, how)(), b, rtol=1e-4, atol=1e-5) for a, b in arrays):
                return f"one number is wanted, the {how} of these"
    return None


def _scaled(arrays: Sequence[tuple[Array, Array]], cases: Sequence[Case], names: Sequence[str]) -> str | None:
    """A factor between all numbers of a case; over the cases it is one number, or the size of an argument."""
    factors = [_ratio(a, b) for a, b in arrays]
    known = [(factor, case) for factor, case in zip(factors, cases, strict=True) if factor is not None]
    if not known or any(np.isnan(factor) for factor, _ in known):
        return None
    first = known[0][0]
    if all(np.isclose(factor, first, rtol=1e-3) for factor, _ in known):
        return "every number has the wrong sign" if np.isclose(first, -1) else (
            None if np.isclose(first, 1) or len(known) == 1 else f"every number is {first:.4g} times what is expected"
        )  # fmt: skip
    sizes = [dict(_sizes(case, names)) for _, case in known]
    for name in sizes[0]:
        values = [size.get(name, np.nan) for size in sizes]
        if all(np.isclose(factor, value, rtol=1e-3) for (factor, _), value in zip(known, values, strict=True)):
            return f"every number is too large by the factor {name}: divide by it"
        if all(np.isclose(factor * value, 1, rtol=1e-3) for (factor, _), value in zip(known, values, strict=True)):
            return f"every number is too small by the factor {name}: multiply by it, or do not divide by it"
    return None


def _ratio(mine: Array, theirs: Array) -> float | None:
    """mine / theirs if it is the same everywhere, NaN if not, None if everything is 0."""
    if mine.shape != theirs.shape:
        return float("nan")
    if not theirs.any() and not mine.any():
        return None
    where = np.unravel_index(np.abs(theirs).argmax(), theirs.shape)
    if theirs[where] == 0:
        return float("nan")
    ratio = float(mine[where] / theirs[where])
    return ratio if np.allclose(mine, ratio * theirs, rtol=1e-3, atol=1e-6) else float("nan")


def _sizes(case: Case, names: Sequence[str]) -> Iterator[tuple[str, float]]:
    """What a result may have been multiplied with by mistake, as a reader would write it."""
    for name, argument in zip(names, case, strict=False):
        yield from _sizes_of(argument, name)


def _sizes_of(argument: Any, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(argument, Tensor) and argument.ndim:
        yield f"len({name})", len(argument)
        yield from ((f"{name}.shape[{dim}]", argument.shape[dim]) for dim in range(1, argument.ndim))
        yield f"{name}.numel()", argument.numel()
        yield f"{name}[0].numel()", argument[0].numel()
        if argument.ndim > 2:
            yield f"{name}[0, 0].numel()", argument[0, 0].numel()
    elif isinstance(argument, (int, float)) and argument:
        yield name, argument
        yield f"{name}**2", argument**2
    elif isinstance(argument, (tuple, list)):
        yield f"len({name})", len(argument)
