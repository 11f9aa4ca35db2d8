"""Exercises of the lesson on activation boundaries: hinge, gradient, layers, what the loss notices, and regions."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...papers import boundaries
from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction
from ..rules import RELU, at_most, by_hand

Maps = Sequence[Tensor]


def _boundary_loss(z_s: Tensor, z_t: Tensor, margin: float) -> Tensor:
    y = torch.where(z_t > 0, 1.0, -1.0)
    return torch.relu(margin - y * z_s).square().sum() / len(z_s)


def _hinge_gradient(z_s: Tensor, z_t: Tensor, margin: float) -> Tensor:
    y = torch.where(z_t > 0, 1.0, -1.0)
    return -2 * y * torch.relu(margin - y * z_s) / len(z_s)


def _ab_loss(zs_s: Maps, zs_t: Maps, margin: float) -> Tensor:
    N, loss = len(zs_s), torch.zeros(())
    for n, (z_s, z_t) in enumerate(zip(zs_s, zs_t, strict=True)):
        loss = loss + 2.0 ** (n - N + 1) * boundaries.boundary_loss(z_s, z_t, margin)
    return loss


def _regions(n: int) -> int:
    count = 1
    for k in range(n):
        count += k + 1  # line k + 1 crosses k others and so cuts k + 1 regions in two
    return count


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _pairs(grad: bool = True) -> list[tuple[Tensor, Tensor, float]]:
    """Pre-activations of both nets and a margin; among the teacher's there are zeros."""
    found = []
    for seed, (shape, margin) in enumerate([((3, 2, 4, 3), 1.0), ((2, 3, 2, 5), 0.4), ((1, 4, 3, 3), 2.0)]):
        z_s, z_t = (1.5 * z for z in drawn(seed, shape, shape, double=seed == 2))
        z_t[0, 0] = 0
        found.append((z_s.requires_grad_(grad), z_t.requires_grad_(grad), margin))
    return found


def _traces() -> list[tuple[list[Tensor], list[Tensor], float]]:
    shapes = [(2, 3, 4, 3), (2, 4, 4, 3), (2, 5, 2, 2)]
    sizes = ((3, 1.0), (2, 0.5))
    return [(drawn(1, *shapes[:n], grad=True), drawn(2, *shapes[:n], grad=True), margin) for n, margin in sizes]


# -- mistakes ---------------------------------------------------------------------------------------------------------

Loss = Callable[[Tensor, Tensor, float], Tensor]


def _elementwise(per_element: Loss) -> Loss:
    return lambda z_s, z_t, margin: per_element(z_s, z_t, margin).sum() / len(z_s)


def _sign(z_t: Tensor) -> Tensor:
    return torch.where(z_t > 0, 1.0, -1.0)


def _weighted(weight: Callable[[int, int], float]) -> Callable[[Maps, Maps, float], Tensor]:
    """The sum over the layers with other weights, given n and N."""

    def loss(zs_s: Maps, zs_t: Maps, margin: float) -> Tensor:
        pairs = zip(zs_s, zs_t, strict=True)
        terms = [weight(n, len(zs_s)) * boundaries.boundary_loss(s, t, margin) for n, (s, t) in enumerate(pairs)]
        return torch.stack(terms).sum()

    return loss


boundary_loss = Exercise(
    "boundary_loss",
    _boundary_loss,
    _pairs,
    mistakes={
        "the hinge is not squared": _elementwise(lambda s, t, m: torch.relu(m - _sign(t) * s)),
        "the sides are exchanged: an active neuron of the teacher asks for z_s above the margin": _elementwise(
            lambda s, t, m: torch.relu(m + _sign(t) * s).square()
        ),
        "only the active neurons are asked; silent ones have a side too": _elementwise(
            lambda s, t, m: (t > 0) * torch.relu(m - s).square()
        ),
        "a teacher's 0 counts as silent": _elementwise(
            lambda s, t, m: torch.relu(m - torch.where(t >= 0, 1.0, -1.0) * s).square()
        ),
        "torch.sign(0) is 0, and a teacher's 0 counts as silent": _elementwise(
            lambda s, t, m: torch.relu(m - torch.sign(t) * s).square()
        ),
        "the teacher's magnitude has slipped in: only its side may count": _elementwise(
            lambda s, t, m: torch.relu(m - t * s).square()
        ),
        "the margin is always 1 here; take the one that is given": lambda s, t, m: _boundary_loss(s, t, 1.0),
        "it is the mean over all elements; sum over C, H and W, mean over B": lambda s, t, m: (
            _boundary_loss(s, t, m) / s[0].numel()
        ),
        "the batch is summed; take its mean": lambda s, t, m: _boundary_loss(s, t, m) * len(s),
        "it stops at the boundary: beyond it, up to the margin, there is still a loss": _elementwise(
            lambda s, t, m: (_sign(t) * s <= 0) * torch.relu(m - _sign(t) * s).square()
        ),
    },
    hints=(
        "Make a tensor y that is +1 where the teacher is active and -1 elsewhere; torch.where does it in one line.",
        "y · z_s is positive on the right side. How far is it from the margin?",
        "torch.relu(margin - y * z_s), squared, summed, divided by the batch.",
    ),
    rules=(at_most(1, RELU, "with more than one ReLU; y = ±1 makes one enough"),),
    samples=(0, 1),
    minutes=6,
    contract="pre-activations (B, C, H, W) twice and a margin → the squared hinge, summed over C, H, W, mean over B; "
    "one ReLU is enough",
)

hinge_gradient = Exercise(
    "hinge_gradient",
    _hinge_gradient,
    lambda: _pairs(grad=False),
    mistakes={
        "the sign is wrong: this is the direction of descent, the gradient points the other way": lambda s, t, m: (
            -_hinge_gradient(s, t, m)
        ),
        "the inner derivative is missing: -y, from max(0, margin - y·z)": lambda s, t, m: (
            2 * torch.relu(m - _sign(t) * s) / len(s)
        ),
        "the factor 2 of the square is missing": lambda s, t, m: _hinge_gradient(s, t, m) / 2,
        "the mean over the batch is missing: divide by B": lambda s, t, m: _hinge_gradient(s, t, m) * len(s),
        "it divides by all elements; only the batch is averaged": lambda s, t, m: (
            _hinge_gradient(s, t, m) / s[0].numel()
        ),
        "this is the gradient of a hinge that is not squared": lambda s, t, m: (
            -_sign(t) * (m - _sign(t) * s > 0) / len(s)
        ),
        "beyond the margin the gradient is 0": lambda s, t, m: -2 * _sign(t) * (m - _sign(t) * s) / len(s),
    },
    hints=(
        "With y = ±1, the side of the teacher, each element is max(0, margin - y·z)².",
        "Chain rule: 2 · max(0, …) times the derivative of what is inside, and 1/B from the mean.",
    ),
    rules=(by_hand,),
    samples=(0, 1),
    minutes=5,
    contract="z_s, z_t (B, C, H, W) and a margin → the gradient of boundary_loss with respect to z_s, without autograd",
)

ab_loss = Exercise(
    "ab_loss",
    _ab_loss,
    _traces,
    mistakes={
        "every layer counts once here; an earlier one counts half of the next": _weighted(lambda n, N: 1.0),
        "the order is reversed: the last layer counts 1, the first one least": _weighted(lambda n, N: 2.0**-n),
        "all weights are half of what they should be: the last layer counts 1": _weighted(lambda n, N: 2.0 ** (n - N)),
        "all weights are twice too large: the last layer counts 1": _weighted(lambda n, N: 2.0 ** (n - N + 2)),
        "the layers are averaged; the loss is their weighted sum": _weighted(lambda n, N: 2.0 ** (n - N + 1) / N),
        "the factor 3/1000 is a weight of the whole loss, not part of it": _weighted(
            lambda n, N: 0.003 * 2.0 ** (n - N + 1)
        ),
        "the margin is always 1 here; take the one that is given": lambda s, t, m: _ab_loss(s, t, 1.0),
    },
    hints=(
        "enumerate(zip(zs_s, zs_t)) gives n and the two maps of layer n, from 0.",
        "The exponent n - N + 1 is 0 for the last layer, n = N - 1, and -1 for the one before it.",
    ),
    samples=(0, 1),
    minutes=5,
    contract="two lists of pre-activations, first layer first, and a margin → Σ 2^(n-N+1) · boundary_loss of layer n; "
    "boundary_loss is at hand",
)

keeps_sides = Prediction(
    "keeps_sides",
    {
        "the teacher's pre-activations doubled": (True, "only their sign is read"),
        "the student's pre-activations doubled": (False, "the hinge is measured from the margin, in z_s"),
        "the student's doubled, and the margin too": (
            False,
            "every hinge doubles: its square is four times as large",
        ),
        "channels of both shuffled alike": (True, "the sum does not ask for the order of its terms"),
        "channels of the student shuffled": (False, "each neuron answers to one neuron of the teacher"),
        "1 added to the teacher's pre-activations": (False, "those between -1 and 0 change sides"),
        "both maps enlarged, every pixel four times": (False, "the loss is a sum over positions: four times as large"),
        "every image twice in the batch": (True, "it is a mean over the batch"),
    },
    hints=(
        "Write the loss of one element, max(0, margin - y·z_s)² with y = ±1, and apply the change.",
        "Over what is it summed, and over what is the mean taken?",
    ),
    minutes=4,
    contract="{change: True if boundary_loss stays exactly as it is, else False}",
)

regions = Exercise(
    "regions",
    _regions,
    [(n,) for n in (0, 1, 2, 3, 8, 20)],
    mistakes={
        "this would be so if every pattern of sides occurred; lines in a plane do not allow all of them": lambda n: (
            2**n
        ),
        "these are the crossings; count the regions between them": lambda n: n * (n - 1) // 2,
        "the first region is missing: without a line there is one": lambda n: _regions(n) - 1,
        "this is so for parallel lines; lines that cross make more": lambda n: n + 1,
    },
    hints=(
        "Draw one line after another. How many of the earlier lines does the next one cross?",
        "A line that crosses k others passes through k + 1 regions, and cuts each in two.",
    ),
    hidden=[(4,), (5,), (13,), (100,)],
    minutes=5,
    contract="n → the largest number of regions into which n straight lines cut the plane",
)
