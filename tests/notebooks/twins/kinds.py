"""What a row of the tables holds, and what several lessons try their functions with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Arguments = tuple[Any, ...]  # tensors, lists of tensors, numbers; the first one is the student's side
Reference = tuple[Arguments, Tensor, Sequence[Tensor]]  # arguments, value, gradients (empty: none on record)


@dataclass(frozen=True)
class Twin:
    """A notebook's function and what it must equal: the package's function, and reference numbers if there are any."""

    package: Callable[..., Tensor]
    inputs: Callable[[], Sequence[Arguments]]
    reference: Callable[[], Reference] | None = None


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def maps(*shapes: tuple[int, ...], seed: int = 0) -> list[Tensor]:
    return [randn(*shape, seed=seed + i) for i, shape in enumerate(shapes)]


def logits() -> Sequence[Arguments]:
    sizes = [(5, 7, 4.0), (1, 3, 1.0), (4, 10, 20.0)]
    return [(randn(B, K, seed=B), 3 * randn(B, K, seed=K + 100), T) for B, K, T in sizes]


def pairs_of_equal_maps() -> Sequence[Arguments]:
    return [tuple(maps((3, 4, 5, 2), (3, 4, 5, 2), seed=seed)) for seed in (0, 10)]
