"""Reads the reference numbers of tests/oracles."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FOLDER = Path(__file__).parent.parent / "oracles"


def oracle(case: str, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """Every number of one case; integers stay integers."""
    with np.load(FOLDER / f"{case}.npz") as stored:
        arrays = {name: stored[name] for name in stored.files if stored[name].dtype.kind in "fi"}
    numbers = {name: torch.from_numpy(np.asarray(value)) for name, value in arrays.items()}
    return {name: x.to(dtype) if x.is_floating_point() else x for name, x in numbers.items()}
