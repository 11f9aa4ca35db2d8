"""Exercises of the lesson on FSP: the matrix and its traps, the loss, what a shuffle changes, memory, honest speed."""

import math
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from ...papers import fsp
from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction
from ..rules import no_large_tensor

Maps = Sequence[Tensor]


def _fsp_matrix(a: Tensor, b: Tensor) -> Tensor:
    size = min(a.shape[2], b.shape[2]), min(a.shape[3], b.shape[3])
    a = F.adaptive_max_pool2d(a, size).flatten(2)  # B Ca hw
    b = F.adaptive_max_pool2d(b, size).flatten(2)  # B Cb hw
    return a @ b.transpose(1, 2) / a.shape[2]


def _fsp_loss(maps_s: Maps, maps_t: Maps) -> Tensor:
    loss = torch.zeros(())
    for (a_s, b_s), (a_t, b_t) in zip(pairwise(maps_s), pairwise(maps_t), strict=True):
        flow_t = fsp.fsp_matrix(a_t, b_t).detach()
        loss = loss + (fsp.fsp_matrix(a_s, b_s) - flow_t).square().mean()
    return loss


def _broadcast_bytes(B: int, C1: int, C2: int, h: int, w: int) -> int:
    return B * C1 * C2 * h * w * 4


def _steps_to_reach(accuracies: list[float], flow_epochs: int, steps_per_epoch: int, target: float) -> float:
    for epoch, accuracy in enumerate(accuracies, start=1):
        if accuracy >= target:
            return (flow_epochs + epoch) * steps_per_epoch
    return math.inf


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _maps(seed: int, *shapes: tuple[int, ...], double: bool = False) -> list[Tensor]:
    return drawn(seed, *shapes, grad=True, double=double, draw=torch.rand)


def _pairs() -> list[tuple[Tensor, ...]]:
    """Maps of one size, the first larger, the second larger; never square, never with equal channels."""
    sizes = ((6, 4), (6, 4)), ((6, 4), (3, 2)), ((3, 2), (6, 4))
    found = [_maps(seed, (2, 3, *first), (2, 5, *second)) for seed, (first, second) in enumerate(sizes)]
    return [tuple(maps) for maps in (*found, _maps(7, (1, 4, 5, 3), (1, 4, 5, 3), double=True))]


def _traces() -> list[tuple[list[Tensor], list[Tensor]]]:
    shapes = [(2, 3, 6, 4), (2, 4, 6, 4), (2, 5, 3, 2), (2, 6, 3, 2)]
    return [(_maps(1, *shapes[:n]), _maps(2, *shapes[:n])) for n in (2, 4, 3)]


def _curves() -> list[tuple[list[float], int, int, float]]:
    rising = [0.61, 0.88, 0.93, 0.95, 0.94]
    slow = [0.2, 0.5, 0.4, 0.7]
    return [
        (rising, 8, 25, 0.93),
        (rising, 0, 40, 0.61),
        (rising, 3, 50, 0.945),
        (rising, 3, 50, 0.99),
        (slow, 2, 10, 0.45),
    ]


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _without_pooling(a: Tensor, b: Tensor) -> Tensor:
    return a.flatten(2) @ b.flatten(2).transpose(1, 2) / a[0, 0].numel()


def _second_is_smaller(a: Tensor, b: Tensor) -> Tensor:
    return _without_pooling(F.adaptive_max_pool2d(a, b.shape[2:]), b)


def _mean_before_pooling(a: Tensor, b: Tensor) -> Tensor:
    larger, smaller = max(a[0, 0].numel(), b[0, 0].numel()), min(a[0, 0].numel(), b[0, 0].numel())
    return _fsp_matrix(a, b) * smaller / larger


def _every_pair(maps_s: Maps, maps_t: Maps) -> Tensor:
    pairs = combinations(range(len(maps_s)), 2)
    return torch.stack([_fsp_loss([maps_s[i], maps_s[j]], [maps_t[i], maps_t[j]]) for i, j in pairs]).sum()


def _first_with_last(maps_s: Maps, maps_t: Maps) -> Tensor:
    return _fsp_loss([maps_s[0], maps_s[-1]], [maps_t[0], maps_t[-1]])


def _best_epoch(accuracies: list[float], flow_epochs: int, steps_per_epoch: int, target: float) -> float:
    if max(accuracies) < target:
        return math.inf
    return (flow_epochs + 1 + accuracies.index(max(accuracies))) * steps_per_epoch


def _reduced(reduce: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The loss with another reduction of the difference of two matrices (B, C, D)."""

    def loss(maps_s: Maps, maps_t: Maps) -> Tensor:
        pairs = zip(pairwise(maps_s), pairwise(maps_t), strict=True)
        return torch.stack([reduce(fsp.fsp_matrix(*s) - fsp.fsp_matrix(*t).detach()) for s, t in pairs]).sum()

    return loss


fsp_matrix = Exercise(
    "fsp_matrix",
    _fsp_matrix,
    _pairs,
    mistakes={
        "the mean over the h·w positions is missing: divide by their number": lambda a, b: (
            _fsp_matrix(a, b) * min(a[0, 0].numel(), b[0, 0].numel())
        ),
        "the matrix is transposed: a row belongs to a channel of the first map": lambda a, b: _fsp_matrix(a, b).mT,
        "maps of different size still fail: pool the larger one to the size of the smaller": _without_pooling,
        "it takes the second map to be the smaller one; either may be": _second_is_smaller,
        "the larger map is pooled by its mean; here its maximum is wanted": lambda a, b: fsp.fsp_matrix(a, b, "avg"),
        "it sums over the batch; every image keeps a matrix of its own": lambda a, b: _fsp_matrix(a, b).sum(0),
        "it takes the mean over the batch; every image keeps a matrix of its own": lambda a, b: _fsp_matrix(a, b).mean(
            0
        ),
        "the mean divides by the positions before pooling; the sum has only those that are left": _mean_before_pooling,
    },
    hints=(
        "Bring both maps to one size first; F.adaptive_max_pool2d(x, (h, w)) leaves a map of that size as it is.",
        "flatten(2) turns (B, C, h, w) into (B, C, h·w): one row of numbers a channel.",
        "The inner products of all rows of two such tensors are one batched matrix product, a @ b.transpose(1, 2).",
    ),
    rules=(no_large_tensor("it makes the products of all positions one by one; one matrix product does without them"),),
    samples=(0, 1),
    minutes=8,
    contract="maps (B, Ca, H, W) and (B, Cb, h, w) of any sizes → (B, Ca, Cb); the larger is max-pooled to the smaller",
)

fsp_loss = Exercise(
    "fsp_loss",
    _fsp_loss,
    _traces,
    mistakes={
        "every pair of layers is compared; only consecutive ones are": _every_pair,
        "only the first layer is compared with the last; every step in between counts": _first_with_last,
        "the pairs are averaged; the paper's loss is their sum": lambda s, t: _fsp_loss(s, t) / (len(s) - 1),
        "the squares are summed; take their mean over batch and matrix": _reduced(lambda d: d.square().sum()),
        "the squares are summed over the matrix; take their mean": _reduced(lambda d: d.square().sum((1, 2)).mean()),
        "the root is too much: the squared difference counts": _reduced(lambda d: d.square().mean().sqrt()),
        "the absolute difference is taken; the squared one counts": _reduced(lambda d: d.abs().mean()),
    },
    hints=(
        "itertools.pairwise([stem, stage1, stage2]) yields (stem, stage1), then (stage1, stage2).",
        "F.mse_loss is the mean squared difference over all elements.",
        "The teacher is constant: compute its matrix under torch.no_grad(), or detach() it.",
    ),
    samples=(0, 1),
    minutes=8,
    contract="two lists of maps → the sum over consecutive pairs of the mean squared difference of their FSP matrices; "
    "fsp_matrix is at hand",
)

stays = Prediction(
    "stays",
    {
        "positions shuffled, both layers alike": (True, "the sum over positions does not ask for their order"),
        "both maps mirrored": (True, "a mirror only reorders positions, in both layers alike"),
        "positions shuffled, first layer only": (False, "other positions meet now, and other products are summed"),
        "channels of the first layer shuffled": (False, "its rows change places: same numbers, another matrix"),
        "first layer doubled, second halved": (True, "the two factors cancel in every product"),
        "both maps enlarged, every pixel four times": (True, "four times the products, over four times the positions"),
        "1 added to the first layer": (False, "each column grows by the mean of its channel in the second layer"),
    },
    hints=(
        "Write down one number of the matrix, the mean of a·b over the positions, and apply the change to a and b.",
        "The explorer can shuffle positions and channels of a real network.",
    ),
    minutes=4,
    contract="{change: True if the FSP matrix stays exactly as it is, else False}",
)

broadcast_bytes = Exercise(
    "broadcast_bytes",
    _broadcast_bytes,
    [(64, 16, 32, 16, 16), (1, 3, 5, 2, 7), (256, 64, 128, 16, 16)],
    mistakes={
        "these are numbers, not bytes: a float32 takes 4": lambda B, C1, C2, h, w: B * C1 * C2 * h * w,
        "this is the result alone; the product is formed at every position before the mean": lambda B, C1, C2, h, w: (
            B * C1 * C2 * 4
        ),
        "these are the two maps; broadcasting multiplies every channel by every channel": lambda B, C1, C2, h, w: (
            B * (C1 + C2) * h * w * 4
        ),
        "the batch is missing: every image has its own products": lambda B, C1, C2, h, w: C1 * C2 * h * w * 4,
        "these are bits; a byte has eight": lambda B, C1, C2, h, w: B * C1 * C2 * h * w * 32,
    },
    hints=(
        "What is the shape of a.unsqueeze(2) * b.unsqueeze(1)?",
        "Multiply its sizes, then by the bytes of one float32.",
    ),
    hidden=[(32, 8, 24, 12, 9), (3, 2, 7, 5, 4), (100, 1, 1, 1, 3)],
    minutes=3,
    contract="B, C1, C2, h, w → bytes of the float32 tensor a.unsqueeze(2) * b.unsqueeze(1)",
)

steps_to_reach = Exercise(
    "steps_to_reach",
    _steps_to_reach,
    _curves,
    mistakes={
        "the steps of the first phase are missing": lambda curve, first, steps, target: _steps_to_reach(
            curve, 0, steps, target
        ),
        "the first epoch ends after steps_per_epoch steps, not after none": lambda curve, first, steps, target: (
            _steps_to_reach(curve, first - 1, steps, target)
        ),
        "these are epochs; count steps": lambda curve, first, steps, target: _steps_to_reach(curve, first, 1, target),
        "this is where the best epoch ends; the first that reaches the target counts": _best_epoch,
    },
    hints=(
        "Go through the accuracies in order and return at the first that is at least the target.",
        "After epoch n of the second phase, flow_epochs + n epochs have been trained.",
    ),
    hidden=[
        ([0.3, 0.7, 0.6, 0.9], 5, 30, 0.65),
        ([0.9, 0.2], 4, 7, 0.1),
        ([0.5, 0.55, 0.8], 6, 12, 0.8),
        ([0.4], 1, 9, 0.5),
    ],
    minutes=5,
    contract="accuracies after each epoch of the second phase, epochs of the first, steps an epoch, target → steps of "
    "both phases until the target is reached, math.inf if never",
)
