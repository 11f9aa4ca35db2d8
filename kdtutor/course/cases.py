"""Random arguments to try an exercise with: equal seeds, equal numbers."""

from collections.abc import Callable

import torch
from torch import Tensor


def drawn(
    seed: int,
    *shapes: tuple[int, ...],
    grad: bool = False,
    double: bool = False,
    draw: Callable[..., Tensor] = torch.randn,
) -> list[Tensor]:
    """A tensor of each shape, one drawn after another: normal numbers, or `draw=torch.rand` for those of 0 to 1.

    grad: gradients are asked for, so that those of the reader's function are compared too. double: in float64.
    """
    generator = torch.Generator().manual_seed(seed)
    made = [draw(shape, generator=generator) for shape in shapes]
    return [(x.double() if double else x).requires_grad_(grad) for x in made]
