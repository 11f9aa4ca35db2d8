"""Random arguments to try an exercise with: equal seeds, equal numbers, unless others are asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

_AWAY: ContextVar[int] = ContextVar("away", default=0)


def generator(seed: int) -> torch.Generator:
    """Random numbers of a seed; inside `drawn_anew` those of another one."""
    return torch.Generator().manual_seed(seed + _AWAY.get())


@contextmanager
def drawn_anew(away: int) -> Iterator[None]:
    """Cases that are made inside have the shapes and the structure they always have, and other numbers."""
    token = _AWAY.set(away)
    try:
        yield
    finally:
        _AWAY.reset(token)


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
    rng = generator(seed)
    made = [draw(shape, generator=rng) for shape in shapes]
    return [(x.double() if double else x).requires_grad_(grad) for x in made]
