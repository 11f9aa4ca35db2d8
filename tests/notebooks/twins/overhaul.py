"""Margins, as the lesson writes them and as the package does."""

from collections.abc import Sequence

import torch

from kdtutor.papers import overhaul

from ...papers.oracle import oracle
from .kinds import Arguments, Reference, Twin, randn


def channels() -> Sequence[Arguments]:
    """Weights of both signs and biases of batch norms."""
    weight = torch.tensor([0.5, 1.0, -0.8, 1.5, 0.6, 2.0], dtype=torch.float64)
    return [(weight, randn(6, seed=seed)) for seed in (0, 1)]


def margin_reference() -> Reference:
    """Where at most 0.001 of a channel is negative, the authors' code has a branch of its own: such are left out."""
    case = oracle("ofd_case1")
    channels = [tuple(case[f"{name}{i}"] for name in ("in_teacher_bn_weight", "in_teacher_bn_bias", "out_margin_f64_"))
                for i in (0, 1)]  # fmt: skip
    weight, bias, expected = (torch.cat(parts) for parts in zip(*channels, strict=True))
    kept = torch.special.ndtr(-bias / weight.abs()) > 0.001
    return (weight[kept], bias[kept]), expected[kept], []


def maps_and_margins() -> Sequence[Arguments]:
    return [(randn(3, 4, 5, 2, seed=seed), -randn(4, seed=seed + 1).abs()) for seed in (0, 1)]


def maps_and_targets() -> Sequence[Arguments]:
    """Also with targets that are exactly 0."""
    t = randn(3, 4, 5, 2, seed=9).clamp(min=-0.5)
    return [(randn(3, 4, 5, 2, seed=seed), target) for seed, target in ((7, t), (8, t.relu()))]


def partial_reference() -> Reference:
    """The reference sums over the batch."""
    case = oracle("ofd_case1")
    t = torch.maximum(case["in_t0"], case["in_margin0"].view(1, -1, 1, 1))
    return (case["out_connected0"], t), case["out_raw_sum0"] / len(t), []


TWINS = {
    "margin": Twin(overhaul.margin, channels, margin_reference),
    "margin_relu": Twin(overhaul.margin_relu, maps_and_margins),
    "partial_l2": Twin(overhaul.partial_l2, maps_and_targets, partial_reference),
}
