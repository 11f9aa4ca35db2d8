"""Reads the reference numbers of tests/oracles, and compares with them."""

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
