"""Exercises of the lesson on LABEL: its loss."""

import torch
from torch import Tensor

from ..exercise import Exercise


def _example_loss(z_s: Tensor, z_t: Tensor) -> Tensor:
    return (z_s - z_t.detach()).square().mean()


def _pairs() -> list[tuple[Tensor, Tensor]]:
    """Logits of a student, which require gradients, and of a teacher."""
    generator = torch.Generator().manual_seed(1)
    pairs = [3 * torch.randn(2, B, K, generator=generator) for B, K in ((4, 5), (7, 3), (1, 6))]
    return [(z[0].requires_grad_(), z[1]) for z in pairs]


# TODO: three to five exercises; of each the mistakes that a reader is likely to make, by name.
example_loss = Exercise(
    "example_loss",
    _example_loss,
    _pairs,
    mistakes={
        "it sums over the numbers; take their mean": lambda s, t: (s - t).square().sum(),
        "it sums over the classes; take the mean over them too": lambda s, t: (s - t).square().sum(1).mean(),
        "this is the mean of the absolute differences; square them": lambda s, t: (s - t).abs().mean(),
    },
    hints=(
        "Subtract the two tensors, and square what is left, number by number.",
        ".mean() without a dimension takes the mean over all numbers.",
    ),
    samples=(0, 1),
    minutes=4,
    contract="logits (B, K) twice → a scalar",
)
