"""Where a run computes, and what it draws its random numbers from."""

import os
import random

import numpy as np
import torch

from ..errors import ConfigError, choose

DEVICE_VARIABLE = "KDTUTOR_DEVICE"
"""The environment variable that names the device of all runs."""


def device(name: str | torch.device | None = None) -> torch.device:
    """The device of that name, or the best one present: CUDA, then Apple's MPS, then the CPU.

    Without a name the environment variable KDTUTOR_DEVICE decides, if it is set.

    >>> device("cpu")
    device(type='cpu')
    """
    name = name if name is not None else os.environ.get(DEVICE_VARIABLE) or None
    if name is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind = choose("device", str(name).split(":")[0], ("cpu", "cuda", "mps"))
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"device={str(name)!r}: this torch sees no CUDA GPU; use device='cpu' or run `kdtutor doctor`"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ConfigError(f"device={str(name)!r}: this machine has no MPS device; use device='cpu'")
    return torch.device(name)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch (all devices). Call it before building a net: equal seeds, equal first weights.

    >>> seed_everything(0)
    >>> a = torch.rand(1)
    >>> seed_everything(0)
    >>> bool(a == torch.rand(1))
    True
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def describe(where: torch.device) -> str:
    """A device in words, with what its speed depends on.

    >>> isinstance(describe(torch.device("cpu")), str)
    True
    """
    if where.type == "cuda":
        return torch.cuda.get_device_name(where)
    if where.type == "mps":
        return "Apple GPU (MPS)"
    return f"CPU, {torch.get_num_threads()} threads"
