"""Exercises of the lesson on self-distillation: rounds, permuted dark knowledge, weights, an exit's loss, leaving."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import drawn, generator
from ..exercise import Exercise


def _shrinkage(d: Tensor, c: float, rounds: int) -> Tensor:
    return 1 / (1 + c / d) ** rounds


def _dkpp_targets(p: Tensor, order: Tensor) -> Tensor:
    targets = p.clone()
    for b, row in enumerate(p):
        others = [k for k in range(len(row)) if k != row.argmax()]
        targets[b, others] = row[others][order[b]]
    return targets


def _cwtm_weights(z_t: Tensor) -> Tensor:
    surest = z_t.softmax(1).max(1).values
    return surest / surest.sum()


def _exit_loss(z: Tensor, z_deepest: Tensor, labels: Tensor, alpha: float, T: float) -> Tensor:
    log_q = (z / T).log_softmax(1)
    log_p = (z_deepest.detach() / T).log_softmax(1)
    divergence = T**2 * (log_p.exp() * (log_p - log_q)).sum(1).mean()
    return (1 - alpha) * F.cross_entropy(z, labels) + alpha * divergence


def _leaves_at(logits: Tensor, threshold: float) -> Tensor:
    sure = logits.softmax(2).max(2).values >= threshold
    left = torch.full_like(logits[0, :, 0], len(logits) - 1, dtype=torch.long)
    for e in reversed(range(len(logits))):
        left[sure[e]] = e
    return left


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=generator(seed))


def _eigenvalues() -> list[tuple[Tensor, float, int]]:
    return [
        (torch.tensor([1.0, 0.3, 0.01]), 0.1, 1),
        (torch.tensor([2.0, 0.5]), 0.5, 3),
        (torch.linspace(0.2, 0.9, 4), 1.0, 7),
    ]


def _permutations() -> list[tuple[Tensor, Tensor]]:
    sizes = ((3, 5, 1), (1, 4, 2), (4, 10, 3))
    return [
        ((2 * _randn(B, K, seed=seed)).softmax(1), _randn(B, K - 1, seed=seed + 9).argsort(1)) for B, K, seed in sizes
    ]


def _exits() -> list[tuple[Tensor, Tensor, Tensor, float, float]]:
    options = ((0.3, 3.0), (0.7, 1.0), (0.5, 2.0))
    return [
        (_randn(B, K, seed=B).requires_grad_(), 2 * _randn(B, K, seed=K).requires_grad_(), torch.arange(B) % K, *option)
        for (B, K), option in zip(((4, 5), (2, 3), (6, 10)), options, strict=True)
    ]


def _several_exits(*sizes: tuple[int, int, int, float]) -> list[tuple[Tensor, float]]:
    sizes = sizes or ((3, 12, 5, 0.6), (2, 6, 10, 0.9), (4, 20, 3, 0.8))
    return [(3 * _randn(E, B, K, seed=E), threshold) for E, B, K, threshold in sizes]


# -- mistakes ---------------------------------------------------------------------------------------------------------

shrinkage = Exercise(
    "shrinkage",
    _shrinkage,
    _eigenvalues,
    mistakes={
        "each round divides once more: a power, not rounds times c": lambda d, c, n: 1 / (1 + n * c / d),
        "c and d have changed places: this keeps what is small": lambda d, c, n: 1 / (1 + d / c) ** n,
        "this is one round; there are several": lambda d, c, n: 1 / (1 + c / d),
        "this grows; a round divides by 1 + c / d": lambda d, c, n: (1 + c / d) ** n,
    },
    hints=("K (K + c I)⁻¹ has the eigenvalues d / (d + c).", "The same matrix again in each round: a power."),
    samples=(0,),
    hidden=lambda: [(drawn(1, (5,), draw=torch.rand)[0] + 0.1, 0.3, 2), (torch.tensor([4.0, 1.0, 0.05]), 0.8, 4)],
    minutes=3,
    contract="eigenvalues (N,), a number c > 0, a number of rounds → what is left of each coefficient, (N,)",
)

dkpp_targets = Exercise(
    "dkpp_targets",
    _dkpp_targets,
    _permutations,
    mistakes={
        "the largest moves, too: it stays with its class, and only the others change places": lambda p, order: p.gather(
            1, torch.cat([order, torch.full_like(order[:, :1], p.shape[1] - 1)], 1)
        ),
        "every sample is permuted alike: read the row of the order that is its own": lambda p, order: _dkpp_targets(
            p, order[:1].expand_as(order)
        ),
        "nothing has moved": lambda p, order: p.clone(),
        "the others are sorted, not permuted": lambda p, order: _dkpp_targets(
            p, torch.stack([row[row != row.max()].argsort(descending=True) for row in p])
        ),
    },
    hints=(
        "Row by row: which classes are not the largest? A list of K - 1 numbers.",
        "others = [k for k in range(K) if k != row.argmax()]; then targets[b, others] = row[others][order[b]].",
    ),
    samples=(0, 1),
    minutes=8,
    contract="probabilities (B, K), for each sample a permutation of 0 … K-2, (B, K-1) → targets (B, K)",
)

cwtm_weights = Exercise(
    "cwtm_weights",
    _cwtm_weights,
    lambda: [(3 * _randn(B, K, seed=B),) for B, K in ((4, 5), (1, 3), (7, 10))],
    mistakes={
        "the weights are not divided by their sum over the batch": lambda z: z.softmax(1).max(1).values,
        "they are divided by the largest; they have to sum to 1": lambda z: (
            z.softmax(1).max(1).values / z.softmax(1).max(1).values.max()
        ),
        "this is the largest logit; take the largest probability": lambda z: z.max(1).values / z.max(1).values.sum(),
        "this is a softmax over the batch; it runs over the classes": lambda z: (
            z.softmax(0).max(1).values / z.softmax(0).max(1).values.sum()
        ),
        "they sum to the size of the batch; here they sum to 1": lambda z: len(z) * _cwtm_weights(z),
    },
    hints=("softmax over the classes, and its largest number.", "Divide by the sum over the B samples."),
    samples=(0,),
    minutes=4,
    contract="the teacher's logits (B, K) → a weight for each sample, (B,), which sum to 1",
)

exit_loss = Exercise(
    "exit_loss",
    _exit_loss,
    _exits,
    mistakes={
        "the deepest exit is not detached: it would be pulled towards the shallow one": lambda z, d, y, a, T: (
            (1 - a) * F.cross_entropy(z, y)
            + a * T**2 * F.kl_div((z / T).log_softmax(1), (d / T).softmax(1), reduction="batchmean")
        ),
        "the directions are changed: the deepest exit stands first in KL": lambda z, d, y, a, T: (
            (1 - a) * F.cross_entropy(z, y)
            + a * T**2 * F.kl_div((d.detach() / T).log_softmax(1), (z / T).softmax(1), reduction="batchmean")
        ),
        "the factor T² is missing": lambda z, d, y, a, T: (
            (1 - a) * F.cross_entropy(z, y) + a / T**2 * (_exit_loss(z, d, y, 1.0, T))
        ),
        "alpha is the share of the deepest exit, not of the labels": lambda z, d, y, a, T: _exit_loss(
            z, d, y, 1 - a, T
        ),
        "the labels' term is softened, too; only what exits say to each other is": lambda z, d, y, a, T: (
            (1 - a) * F.cross_entropy(z / T, y) + a * _exit_loss(z, d, y, 1.0, T)
        ),
    },
    hints=(
        "kd_loss of lesson 1, with the deepest exit as teacher.",
        "F.kl_div((z / T).log_softmax(1), (z_deepest.detach() / T).softmax(1), reduction='batchmean') * T**2",
    ),
    samples=(0, 1, 2),
    minutes=7,
    contract="logits of an exit and of the deepest (B, K), labels (B,), alpha, T → a scalar",
)

leaves_at = Exercise(
    "leaves_at",
    _leaves_at,
    _several_exits,
    mistakes={
        "the threshold is compared with logits; it is one for probabilities": lambda z, t: (
            torch.cat([z.max(2).values[:-1] >= t, torch.ones_like(z[:1, :, 0]).bool()]).int().argmax(0)
        ),
        "a sample of which nobody is sure leaves at the last exit, not at the first": lambda z, t: (
            (z.softmax(2).max(2).values >= t).int().argmax(0)
        ),
        "this is the surest exit; take the first that is sure enough": lambda z, t: (
            z.softmax(2).max(2).values.argmax(0)
        ),
        "the softmax runs over the exits; it runs over the classes": lambda z, t: _leaves_at(z.softmax(0).log(), t),
    },
    hints=(
        "softmax over the classes, its maximum, and a comparison: (E, B) of True and False.",
        "Set the last row to True: there is no exit after it. .int().argmax(0) finds the first True.",
    ),
    hidden=lambda: _several_exits((5, 9, 4, 0.7), (3, 15, 6, 0.5)),
    minutes=6,
    contract="logits (E, B, K) of all exits, a threshold → the number of the exit of each sample, from 0, (B,)",
)
