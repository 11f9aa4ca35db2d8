"""Reads the reference numbers of tests/oracles, and compares with them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

FOLDER = Path(__file__).parent.parent / "oracles"
PRECISIONS = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)


def oracle(case: str, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """Every number of one case; integers stay integers."""
    with np.load(FOLDER / f"{case}.npz") as stored:
        arrays = {name: stored[name] for name in stored.files if stored[name].dtype.kind in "fi"}
    numbers = {name: torch.from_numpy(np.asarray(value)) for name, value in arrays.items()}
    return {name: x.to(dtype) if x.is_floating_point() else x for name, x in numbers.items()}


def agree(ours: Tensor, theirs: Tensor) -> None:
    """Equal up to 10⁻⁹ in double precision, 2·10⁻⁵ in single precision (near zero: of the largest number)."""
    rtol = 1e-9 if ours.dtype == torch.float64 else 2e-5
    theirs = theirs.reshape(ours.shape)  # the reference gives some values as lists of one number
    torch.testing.assert_close(ours.detach(), theirs, rtol=rtol, atol=rtol * float(theirs.abs().max()))


def equals_reference(loss: Callable[[Tensor, Tensor], Tensor], name: str, dtype: torch.dtype) -> None:
    """Value and gradient of a loss, summed over the pairs of tensors of one case."""
    case = oracle(name, dtype)
    inputs = sorted(key.removeprefix("in_s") for key in case if key.startswith("in_s"))
    s = {i: case[f"in_s{i}"].requires_grad_() for i in inputs}
    pairs = {i: loss(s[i], case[f"in_t{i}"]) for i in inputs}
    total = torch.stack(list(pairs.values())).sum()
    total.backward()
    agree(total, case["out_loss"])
    for i in inputs:
        agree(s[i].grad, case[f"grad_s{i}"])
        if f"out_pair{i}" in case:
            agree(pairs[i], case[f"out_pair{i}"])


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers in double precision, always the same."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
