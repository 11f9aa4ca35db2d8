"""Exercises of the lesson on the overhaul: a margin that never breaks, where a gradient flows, the sum."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ...papers import overhaul
from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction
from ..rules import by_hand

Maps = Sequence[Tensor]


def _safe_margin(weight: Tensor, bias: Tensor) -> Tensor:
    s, mu = weight.abs(), bias
    z = mu / s.clamp(min=1e-30)
    log_hazard = -(z**2) / 2 - math.log(2 * math.pi) / 2 - torch.special.log_ndtr(-z)
    near = mu - s * log_hazard.exp()  # the difference of two nearly equal numbers for a large z
    far = -s / z.clamp(min=1) * (1 - 2 / z.clamp(min=1) ** 2)  # the first two terms of its series
    m = torch.where(z < 30, near, far)
    return torch.where(s > 0, m, mu.clamp(max=0))


def _partial_gradient(s: Tensor, t: Tensor) -> Tensor:
    counts = (s > t) | (t > 0)
    return 2 * (s - t) * counts / len(s)


def _overhaul_loss(maps_s: Maps, maps_t: Maps, margins: Maps) -> Tensor:
    loss = torch.zeros(())
    for n, (s, t, m) in enumerate(zip(maps_s, maps_t, margins, strict=True)):
        target = overhaul.margin_relu(t, m)
        loss = loss + 2.0 ** (n - len(maps_s) + 1) * overhaul.partial_l2(s, target)
    return loss


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _channels() -> list[tuple[Tensor, Tensor]]:
    def pair(weights: list[float], biases: list[float]) -> tuple[Tensor, Tensor]:
        return torch.tensor(weights, dtype=torch.float64), torch.tensor(biases, dtype=torch.float64)

    return [
        pair([0.5, 1.0, 2.0], [0.2, -0.7, -6.0]),
        pair([-0.5, -1.5], [0.3, -0.2]),
        pair([1.0, 0.5, 1.0], [3.2, 2.0, 5.0]),
        pair([1.0, 0.1], [50.0, 9.0]),
        pair([0.0, 0.0, 0.0], [-0.4, 0.7, 0.0]),
    ]


def _map(seed: int, *shape: int, grad: bool = False, double: bool = False) -> Tensor:
    return drawn(seed, shape, grad=grad, double=double)[0]


def _pairs() -> list[tuple[Tensor, Tensor]]:
    maps = [(_map(1, 3, 2, 4, 2), _map(2, 3, 2, 4, 2)), (_map(3, 1, 4, 3, 3), 2 * _map(4, 1, 4, 3, 3))]
    edges = torch.tensor([-1.0, -0.5, 0.0, 0.5]).view(1, 1, 2, 2)
    maps.append((_map(5, 2, 3, 3, 3, double=True), _map(6, 2, 3, 3, 3, double=True)))
    return [*maps, (edges.clone(), torch.zeros(1, 1, 2, 2))]  # a target of exactly 0 asks only of an active student


def _stages() -> list[tuple[list[Tensor], list[Tensor], list[Tensor]]]:
    shapes = [(2, 3, 6, 4), (2, 4, 3, 2), (2, 5, 2, 2)]
    cases = []
    for n in (1, 3, 2):
        maps = [[_map(10 * side + i, *shape, grad=True) for i, shape in enumerate(shapes[:n])] for side in (1, 2)]
        margins = [-0.3 - _map(30 + i, shape[1]).abs() for i, shape in enumerate(shapes[:n])]
        cases.append((maps[0], maps[1], margins))
    return cases


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _as_written(weight: Tensor, bias: Tensor) -> Tensor:
    return _literal(weight.abs(), bias)


def _literal(s: Tensor, mu: Tensor) -> Tensor:
    z = mu / s
    return mu - s * torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) / torch.special.ndtr(-z)


def _authors(weight: Tensor, bias: Tensor) -> Tensor:
    s = weight.abs()
    return torch.where(torch.special.ndtr(-bias / s) <= 0.001, -3 * s, _literal(s, bias))


def _weighted(maps_s: Maps, maps_t: Maps, margins: Maps, weights: Sequence[float]) -> Tensor:
    terms = [
        weight * overhaul.partial_l2(s, overhaul.margin_relu(t, m))
        for weight, s, t, m in zip(weights, maps_s, maps_t, margins, strict=True)
    ]
    return torch.stack(terms).sum()


def _halving(n: int) -> list[float]:
    return [2.0 ** (i - n + 1) for i in range(n)]


safe_margin = Exercise(
    "safe_margin",
    _safe_margin,
    _channels,
    mistakes={
        "it is right until z is large or γ is 0: there 0/0 makes NaN; take logarithms, and treat γ = 0 on its own": (
            _as_written
        ),
        "γ may be negative: its size is the standard deviation": _literal,
        "beyond z = 3.09 the margin jumps to −3 |γ|, as in the authors' code; the formula goes to 0 there": _authors,
        "the margin is the mean of the negative part; this is the mean of min(x, 0), which counts the others as 0": (
            lambda w, b: _safe_margin(w, b) * torch.special.ndtr(-b / w.abs())
        ),
        "γ = 0 is missing: the channel is the constant β, so m = min(β, 0)": lambda w, b: torch.where(
            w == 0, math.nan, _safe_margin(w, b)
        ),
    },
    hints=(
        "Start from the formula with s = |γ|. Where does it divide by something that has become 0?",
        "φ(z)/Φ(−z) = exp(log φ(z) − log Φ(−z)); torch.special.log_ndtr is log Φ, finite for every z.",
        "For z beyond 30, −s/z · (1 − 2/z²) is exact to six digits. And γ = 0 needs a torch.where of its own.",
    ),
    samples=(0, 1),
    hidden=lambda: [tuple(drawn(seed, (4,), (4,), double=True)) for seed in (1, 2)],
    minutes=8,
    contract="γ and β, (C,) each → m, (C,): finite for negative and zero γ and for every z, and right",
)

partial_gradient = Exercise(
    "partial_gradient",
    _partial_gradient,
    _pairs,
    mistakes={
        "it is not 0 where s ≤ t′ ≤ 0: there the loss is constant": lambda s, t: 2 * (s - t) / len(s),
        "the 2 of the square is missing": lambda s, t: _partial_gradient(s, t) / 2,
        "the mean over B is missing: divide by the number of images": lambda s, t: _partial_gradient(s, t) * len(s),
        "the loss is a mean over B only; this divides by all elements": lambda s, t: (
            _partial_gradient(s, t) * len(s) / s.numel()
        ),
        "the sign is turned: this is where the student moves, minus the gradient": lambda s, t: (
            -_partial_gradient(s, t)
        ),
        "where t′ > 0 a student below it counts too: it has to rise": lambda s, t: 2 * (s - t) * (s > t) / len(s),
        "where t′ ≤ 0 a student above it counts too: it has to fall": lambda s, t: 2 * (s - t) * (t > 0) / len(s),
    },
    hints=(
        "First the gradient of the full L2 distance, then a mask of zeros and ones.",
        "A position counts where s > t′ or t′ > 0; (a > b) | (b > 0) is a mask, and a mask can be multiplied.",
    ),
    rules=(by_hand,),
    samples=(0, 1),
    minutes=5,
    contract="s and t′, (B, C, H, W) each → ∂(partial L2)/∂s, without autograd",
)

overhaul_loss = Exercise(
    "overhaul_loss",
    _overhaul_loss,
    _stages,
    mistakes={
        "all stages count alike; each earlier one should count half as much as the next": lambda s, t, m: _weighted(
            s, t, m, [1.0] * len(s)
        ),
        "the order of the weights is turned: the last stage counts most": lambda s, t, m: _weighted(
            s, t, m, _halving(len(s))[::-1]
        ),
        "the last stage has weight 1; this is half of the loss": lambda s, t, m: _overhaul_loss(s, t, m) / 2,
        "the teacher's maps go through the margin ReLU first": lambda s, t, m: torch.stack(
            [w * overhaul.partial_l2(a, b) for w, a, b in zip(_halving(len(s)), s, t, strict=True)]
        ).sum(),
        "the student's maps stay as they are; only the teacher's go through the margin ReLU": lambda s, t, m: (
            _overhaul_loss([overhaul.margin_relu(a, b) for a, b in zip(s, m, strict=True)], t, m)
        ),
        "the distance is the full one; partial L2 is asked": lambda s, t, m: torch.stack(
            [
                w * overhaul.full_l2(a, overhaul.margin_relu(b, c))
                for w, a, b, c in zip(_halving(len(s)), s, t, m, strict=True)
            ]
        ).sum(),
        "the stages are averaged; the loss is their weighted sum": lambda s, t, m: _overhaul_loss(s, t, m) / len(s),
    },
    hints=(
        "One stage is partial_l2(s, margin_relu(t, m)).",
        "With N stages, stage n = 0 … N − 1 has the weight 2 ** (n − N + 1): 1/4, 1/2, 1.",
    ),
    samples=(0, 1),
    minutes=6,
    contract="three lists, one entry a stage: connected maps of the student, pre-activations of the teacher, margins → "
    "the weighted sum; margin_relu and partial_l2 are at hand",
)

still_taught = Prediction(
    "still_taught",
    {
        "t = 2.0, s = 0.5": (True, "the target is positive, and the student has to reach it"),
        "t = 2.0, s = -3.0": (True, "the target is positive: the student has to come up from anywhere"),
        "t = -0.2, s = 0.3": (True, "the student is active where the teacher is silent, and has to come down"),
        "t = -2.0, s = -0.3": (True, "t′ = max(t, m) = -0.6, and the student is still above it"),
        "t = -2.0, s = -0.9": (False, "t′ = -0.6: the student is below it, and a ReLU hides how far"),
        "t = -0.2, s = -0.3": (False, "t′ = -0.2 is not positive and the student is below it"),
        "t = 0.0, s = -0.3": (False, "a target of exactly 0 counts as silent"),
    },
    hints=(
        "First the target: t′ = max(t, m). Then: is s > t′, or t′ > 0?",
        "The explorer just above shows each of these points.",
    ),
    minutes=4,
    contract="{position: True if a gradient reaches the student there, else False}, for the margin m = −0.6",
)
