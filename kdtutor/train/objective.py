"""The objective of a step: named terms, their weighted sum, and one step down its gradient."""

from collections.abc import Iterable, Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ..data import UNLABELLED
from ..errors import require
from .precision import full_precision

Terms = dict[str, Float[Tensor, ""]]


@full_precision
def task_loss(logits: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    """Cross-entropy in nats, mean over the labelled samples of the batch; 0 if none is labelled."""
    total = F.cross_entropy(logits, labels, ignore_index=UNLABELLED, reduction="sum")
    return total / (labels != UNLABELLED).sum().clamp(min=1)


def accuracy(logits: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    """Share of the labelled samples whose largest logit is their class; 0 if none is labelled."""
    known = labels != UNLABELLED
    return ((logits.argmax(1) == labels) & known).sum() / known.sum().clamp(min=1)


def weighted_sum(
    terms: Mapping[str, Float[Tensor, ""]], weights: Mapping[str, float], also: Iterable[str] = ()
) -> Float[Tensor, ""]:
    """Σ weight · term over all `terms`; a term without a weight counts once.

    Raises `ConfigError` for a weight that belongs to no term: under a wrong name it would leave the term it was meant
    for at 1. `also` names terms that are known and not there, in another phase or with other options.
    """
    known = {*terms, *also}
    strange = sorted(weights.keys() - known)
    require(
        not strange,
        f"the weight {strange[:1]} belongs to no term; the terms are {', '.join(sorted(known))}: "
        "correct its name, or leave it out of the phase's weights",
    )
    return torch.stack([weights.get(name, 1.0) * value for name, value in terms.items()]).sum()


def descend(loss: Float[Tensor, ""], optimiser: torch.optim.Optimizer) -> None:
    """One step of `optimiser` down the gradient of `loss`. Parameters that `loss` does not reach stay as they are.

    Raises `ConfigError` where it reaches none at all.
    """
    require(
        loss.requires_grad,
        "the loss reaches no parameter that may move: what it is computed from is frozen (requires_grad=False) or "
        "detached; thaw a part of the student with requires_grad_(True), or give the loss a weight",
    )
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
