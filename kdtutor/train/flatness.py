"""How flat the minimum is that a net has found: what its loss becomes when its weights are shaken."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Data, Split
from ..errors import require
from .evaluation import evaluate


@contextmanager
def shaken(net: nn.Module, sigma: float, generator: torch.Generator, relative: bool = False) -> Iterator[None]:
    """Add N(0, σ²) to every number of the parameters of `net`, and take it away again.

    relative: σ counts in units of the weights themselves. A filter of n weights w gets noise of N(0, σ² ‖w‖² / n), so
    that its length is about σ ‖w‖ (Li et al., 2018, scale directions so), and biases and the parameters of norms stay
    as they are. A batch norm undoes any factor on the filters before it: such a factor changes what absolute noise
    does, though the net computes the same, and leaves relative noise as it is.

    >>> net = torch.nn.Linear(1, 1)
    >>> with shaken(net, 0.1, torch.Generator()):
    ...     moved = net.weight.item()
    >>> net.weight.item() == moved
    False
    """
    require(sigma >= 0, f"sigma={sigma}: the deviation of the noise must not be negative")
    kept = [parameter.detach().clone() for parameter in net.parameters()]
    try:
        with torch.no_grad():
            for parameter in net.parameters():
                noise = torch.randn(parameter.shape, generator=generator).to(parameter)
                parameter.add_(sigma * noise * (_scale(parameter) if relative else 1.0))
        yield
    finally:
        with torch.no_grad():
            for parameter, value in zip(net.parameters(), kept, strict=True):
                parameter.copy_(value)


def _scale(parameter: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The root mean square of the weights of each filter; 0 for parameters that are no filters."""
    if parameter.ndim < 2:
        return torch.zeros_like(parameter)
    return parameter.flatten(1).square().mean(1).sqrt().view(-1, *[1] * (parameter.ndim - 1))


def losses_when_shaken(
    net: nn.Module,
    split: Split,
    data: Data,
    sigmas: Sequence[float],
    draws: int = 5,
    relative: bool = False,
    seed: int = 0,
) -> Float[Tensor, "sigmas draws"]:
    """The loss of the task on `split` with noise of each σ in the weights, `draws` times, the net in eval mode: its
    batch norms keep the statistics of the net that was not shaken. Equal seeds give nets of one architecture the same
    noise, times σ, so that their curves are smooth and can be compared draw by draw.

    >>> points, net = kd.data.load("moons"), kd.nets.build("mlp8", classes=2)
    >>> losses_when_shaken(net, points.test, points, [0.0, 1.0], draws=2).shape
    torch.Size([2, 2])
    """
    require(draws >= 1, f"draws={draws}: the noise is drawn at least once")
    rows = []
    for sigma in sigmas:
        generator = torch.Generator().manual_seed(seed)
        row = []
        for _ in range(draws):
            with shaken(net, sigma, generator, relative):
                row.append(evaluate(net, split, data).loss)
        rows.append(row)
    return torch.tensor(rows)
