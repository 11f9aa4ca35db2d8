"""The exponential moving average of a net, which often answers better than the net that moves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from jaxtyping import Shaped
from torch import Tensor, nn


class Average:
    """The exponential moving average of the state of `net`, from its state now on: weights, and the statistics of batch
    norms as well, which belong to them. Whole numbers, such as how many batches a norm has seen, stay the net's own.

    >>> net = torch.nn.Linear(1, 1, bias=False); _ = net.weight.data.fill_(0.0)
    >>> average = Average(net, decay=0.75); _ = net.weight.data.fill_(4.0)
    >>> average.update(); average.values["weight"].item()
    1.0
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net, self.decay = net, decay
        self.values = {name: x.clone() for name, x in self._live().items()}

    def _live(self) -> dict[str, Shaped[Tensor, "..."]]:
        state = self.net.state_dict()
        return {name: x for name, x in state.items() if isinstance(x, Tensor) and x.is_floating_point()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the net as it is now."""
        torch._foreach_lerp_(list(self.values.values()), list(self._live().values()), 1 - self.decay)

    def load(self, values: Mapping[str, Shaped[Tensor, "..."]]) -> None:
        """Go on from these values."""
        for name, kept in self.values.items():
            kept.copy_(values[name])

    @torch.no_grad()
    def leave(self, values: Mapping[str, Shaped[Tensor, "..."]] | None = None) -> None:
        """Leave the average, or other `values`, in the net."""
        for name, x in self._live().items():
            x.copy_((values or self.values)[name])

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The net is its average meanwhile."""
        own = {name: x.clone() for name, x in self._live().items()}
        self.leave()
        try:
            yield
        finally:
            self.leave(own)
