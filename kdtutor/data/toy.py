"""Two-dimensional sets made in code: points on which a whole network can be looked at."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import choose, require
from .splits import Data, Split

Curve = Callable[[Float[Tensor, " n"], int], Float[Tensor, "n 2"]]


def _moons(t: Float[Tensor, " n"], k: int) -> Float[Tensor, "n 2"]:
    angle = torch.pi * t
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    return upper - torch.tensor([0.5, 0.25]) if k == 0 else torch.tensor([0.5, 0.25]) - upper


def _spirals(t: Float[Tensor, " n"], k: int) -> Float[Tensor, "n 2"]:
    radius, angle = 0.1 + 1.1 * t, 3 * torch.pi * t + k * torch.pi
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def _rings(t: Float[Tensor, " n"], k: int) -> Float[Tensor, "n 2"]:
    angle = 2 * torch.pi * t
    return (0.4 + 0.6 * k) * torch.stack([angle.cos(), angle.sin()], 1)


CURVES: dict[str, Curve] = {"moons": _moons, "spirals": _spirals, "rings": _rings}


def toy(name: str, n: int = 400, noise: float = 0.08, seed: int = 0) -> Data:
    """Two classes of points `(n, 2)` along two curves, with Gaussian noise of standard deviation `noise`.

    `name` is "moons", "spirals" or "rings". Train, validation and test are three independent draws of `n` points.

    >>> toy("moons", n=10).train.images.shape
    torch.Size([10, 2])
    """
    curve = CURVES[choose("toy set", name, CURVES)]
    require(n >= 2 and noise >= 0, f"toy({name!r}, n={n}, noise={noise}): n must be at least 2 and noise at least 0")
    generator = torch.Generator().manual_seed(seed)

    def draw() -> Split:
        counts = (n - n // 2, n // 2)
        clean = torch.cat([curve(torch.rand(count, generator=generator), k) for k, count in enumerate(counts)])
        labels = torch.cat([torch.full((count,), k) for k, count in enumerate(counts)])
        return Split(clean + noise * torch.randn(n, 2, generator=generator), labels)

    return Data(name, draw(), draw(), draw(), ("first", "second"), (0.0, 0.0), (1.0, 1.0))
