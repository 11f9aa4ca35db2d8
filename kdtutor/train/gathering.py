"""What happens to gradients before an optimiser follows them: those of several batches are averaged, long ones cut."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Gathering(torch.optim.Optimizer):
    """`inner`, which moves once for every `accumulate` steps that are asked of it: down their mean gradient, whose norm
    over all parameters is cut to `clip_norm`.

    Each step takes the gradients from the parameters and keeps their sum, so that whoever asks may clear or overwrite
    them, and several optimisers count their steps apart. `flush` moves with what has been gathered so far.

    >>> w = torch.nn.Parameter(torch.tensor(0.0))
    >>> both = Gathering(torch.optim.SGD([w], lr=1.0), accumulate=2)
    >>> kd.train.descend(4 * w, both); kd.train.descend(2 * w, both); w.item()
    -3.0
    """

    def __init__(self, inner: torch.optim.Optimizer, accumulate: int = 1, clip_norm: float | None = None) -> None:
        # All that an optimiser has is the inner one's: torch's own constructor would make it anew.
        self.inner, self.accumulate, self.clip_norm = inner, accumulate, clip_norm
        self.taken = 0  # steps since the last move
        self.sums: dict[int, Float[Tensor, "..."]] = {}  # of gradients, by the number of their parameter

    @property
    def param_groups(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The inner one's."""
        return self.inner.param_groups

    @property
    def state(self) -> Any:  # type: ignore[override]
        """The inner one's, by parameter."""
        return self.inner.state

    def _parameters(self) -> list[nn.Parameter]:
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of the parameters; what has been gathered stays."""
        self.inner.zero_grad(set_to_none)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take the gradients, and move if there are enough of them."""
        if self.accumulate > 1:
            self._gather()
        self.taken += 1
        if self.taken == self.accumulate:
            self.flush()

    def _gather(self) -> None:
        for number, parameter in enumerate(self._parameters()):
            if (gradient := parameter.grad) is not None:
                self.sums[number] = self.sums[number] + gradient if number in self.sums else gradient.clone()

    @torch.no_grad()
    def flush(self) -> None:
        """Move down the mean of the gradients since the last move; nothing happens if there were none."""
        if not self.taken:
            return
        own = self._parameters()
        if self.accumulate > 1:
            for number, parameter in enumerate(own):
                parameter.grad = self.sums[number] / self.taken if number in self.sums else None
        self.taken, self.sums = 0, {}
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(own, self.clip_norm)
        self.inner.step()

    def state_dict(self) -> dict[str, Any]:
        """The inner one's, with what has been gathered."""
        return {**self.inner.state_dict(), "gathered": {"taken": self.taken, "sums": self.sums}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.inner.load_state_dict(state_dict)
        gathered, own = state_dict["gathered"], self._parameters()
        self.taken = gathered["taken"]
        self.sums = {number: total.to(own[number].device) for number, total in gathered["sums"].items()}


def flush(optimiser: torch.optim.Optimizer) -> None:
    """Let an optimiser that gathers gradients move with those that it has.

    >>> flush(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))]))  # silent: it has moved already
    """
    if isinstance(optimiser, Gathering):
        optimiser.flush()
