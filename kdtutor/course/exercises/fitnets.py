"""Exercises of the lesson on FitNets: what a regressor weighs, one pair of attention maps, the paper's form, p."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...papers.attention import attention_map
from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction


def _regressor_ratio(c_s: int, h_s: int, w_s: int, c_t: int, h_t: int, w_t: int) -> float:
    fully_connected = (c_s * h_s * w_s) * (c_t * h_t * w_t)
    convolution = c_s * c_t * (h_s - h_t + 1) * (w_s - w_t + 1)
    return fully_connected / convolution


def _at_pair(f_s: Tensor, f_t: Tensor) -> Tensor:
    size = min(f_s.shape[2], f_t.shape[2]), min(f_s.shape[3], f_t.shape[3])
    f_s, f_t = F.adaptive_avg_pool2d(f_s, size), F.adaptive_avg_pool2d(f_t, size)
    return (attention_map(f_s) - attention_map(f_t).detach()).square().mean()


def _at_norm(f_s: Tensor, f_t: Tensor) -> Tensor:
    difference = attention_map(f_s) - attention_map(f_t).detach()  # B HW
    return difference.norm(dim=1).mean() / 2


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _maps(seed: int, *shapes: tuple[int, ...], double: bool = False) -> tuple[Tensor, ...]:
    return tuple(drawn(seed, *shapes, grad=True, double=double, draw=torch.rand))


def _pairs() -> Sequence[tuple[Tensor, ...]]:
    """Maps of one size, the student's larger, the teacher's larger; channels differ, and nothing is square."""
    sizes = ((6, 4), (6, 4)), ((6, 4), (3, 2)), ((3, 2), (6, 4))
    found = [_maps(seed, (2, 3, *s), (2, 5, *t)) for seed, (s, t) in enumerate(sizes)]
    return [*found, _maps(9, (1, 4, 3, 5), (1, 4, 3, 5), double=True)]


def _same_sizes() -> Sequence[tuple[Tensor, ...]]:
    found = [_maps(3, (3, 2, 5, 4), (3, 7, 5, 4)), _maps(4, (1, 2, 3, 3), (1, 2, 3, 3))]
    return [*found, _maps(5, (4, 3, 2, 6), (4, 3, 2, 6), double=True)]


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _pooled_maps(f_s: Tensor, f_t: Tensor) -> Tensor:
    """Pools |f|² and not f."""
    size = min(f_s.shape[2], f_t.shape[2]), min(f_s.shape[3], f_t.shape[3])
    flat = [F.adaptive_avg_pool2d(f.square().mean(1), size).flatten(1) for f in (f_s, f_t.detach())]
    a_s, a_t = (F.normalize(x, dim=1) for x in flat)
    return (a_s - a_t).square().mean()


def _without_pooling(f_s: Tensor, f_t: Tensor) -> Tensor:
    return (attention_map(f_s) - attention_map(f_t).detach()).square().mean()


def _pool_the_students(f_s: Tensor, f_t: Tensor) -> Tensor:
    return _at_pair(F.adaptive_avg_pool2d(f_s, (f_t.shape[2], f_t.shape[3])), f_t)


def _max_pooled(f_s: Tensor, f_t: Tensor) -> Tensor:
    size = min(f_s.shape[2], f_t.shape[2]), min(f_s.shape[3], f_t.shape[3])
    return _at_pair(F.adaptive_max_pool2d(f_s, size), F.adaptive_max_pool2d(f_t, size))


def _not_normalised(f_s: Tensor, f_t: Tensor) -> Tensor:
    size = min(f_s.shape[2], f_t.shape[2]), min(f_s.shape[3], f_t.shape[3])
    f_s, f_t = F.adaptive_avg_pool2d(f_s, size), F.adaptive_avg_pool2d(f_t, size)
    return (f_s.square().mean(1) - f_t.square().mean(1).detach()).square().mean()


def _differences(f_s: Tensor, f_t: Tensor) -> Tensor:
    return attention_map(f_s) - attention_map(f_t).detach()


regressor_ratio = Exercise(
    "regressor_ratio",
    _regressor_ratio,
    [(8, 7, 7, 32, 7, 7), (4, 14, 14, 16, 7, 7), (3, 6, 5, 2, 4, 5), (1, 9, 8, 1, 2, 3)],
    mistakes={
        "this is the convolution's kernel as 1×1; without padding it has h_s − h_t + 1 rows": (
            lambda c_s, h_s, w_s, c_t, h_t, w_t: float(h_s * w_s * h_t * w_t)
        ),
        "the ratio is upside down: fully connected over convolution": (lambda *sizes: 1 / _regressor_ratio(*sizes)),
        "this is the fully connected one alone; divide by the weights of the convolution": (
            lambda c_s, h_s, w_s, c_t, h_t, w_t: float(c_s * h_s * w_s * c_t * h_t * w_t)
        ),
        "this is the convolution alone; the fully connected one goes above": (
            lambda c_s, h_s, w_s, c_t, h_t, w_t: float(c_s * c_t * (h_s - h_t + 1) * (w_s - w_t + 1))
        ),
        "every input meets every output: the student's side has positions as well": (
            lambda c_s, h_s, w_s, c_t, h_t, w_t: h_t * w_t / ((h_s - h_t + 1) * (w_s - w_t + 1))
        ),
    },
    hints=(
        "A fully connected layer has one weight for each pair of an input and an output number.",
        "A convolution without padding turns h_s rows into h_s − k + 1; solve for k.",
        "The channels cancel in the ratio.",
    ),
    hidden=[(16, 5, 6, 24, 3, 4), (2, 10, 3, 6, 8, 2), (5, 4, 4, 5, 1, 1)],
    minutes=4,
    contract="c_s, h_s, w_s, c_t, h_t, w_t → weights of a fully connected regressor / weights of the unpadded "
    "convolution that yields h_t × w_t, without biases",
)

at_pair = Exercise(
    "at_pair",
    _at_pair,
    _pairs,
    mistakes={
        "maps of different size still fail: average-pool the larger one first": _without_pooling,
        "it takes the student's map to be the larger one; either may be": _pool_the_students,
        "the attention maps are pooled; pool the features, then square": _pooled_maps,
        "the larger map is pooled by its maximum; the authors take its mean": _max_pooled,
        "the maps are not brought to length 1": _not_normalised,
        "the squares are summed; take their mean over batch and positions": lambda s, t: (
            _at_pair(s, t) * len(s) * min(s[0, 0].numel(), t[0, 0].numel())
        ),
        "the squares are summed over positions; take their mean": lambda s, t: (
            _at_pair(s, t) * min(s[0, 0].numel(), t[0, 0].numel())
        ),
        "the root is too much: the squared difference counts": lambda s, t: _at_pair(s, t).sqrt(),
    },
    hints=(
        "Bring both maps to one size first: F.adaptive_avg_pool2d(x, (h, w)) leaves a map of that size as it is.",
        "attention_map(f) does the squares, the mean over channels and the division by the length.",
        "F.mse_loss(a_s, a_t.detach()) is the mean over batch and positions.",
    ),
    samples=(0, 1),
    minutes=8,
    contract="maps (B, C, H, W) and (B, D, h, w) of any sizes → the mean squared difference of their attention maps, "
    "p = 2; attention_map is at hand",
)

at_norm = Exercise(
    "at_norm",
    _at_norm,
    _same_sizes,
    mistakes={
        "this is the authors' mean of squares; the paper has the length of the difference": _without_pooling,
        "the half is missing": lambda s, t: 2 * _at_norm(s, t),
        "this is the squared length; take its root": lambda s, t: _differences(s, t).square().sum(1).mean() / 2,
        "one root over the whole batch; every sample has a length of its own": lambda s, t: (
            _differences(s, t).norm() / 2
        ),
        "the samples are summed; take their mean": lambda s, t: _differences(s, t).norm(dim=1).sum() / 2,
        "the differences are added up without squares; length means ‖·‖₂": lambda s, t: (
            _differences(s, t).abs().sum(1).mean() / 2
        ),
    },
    hints=(
        "attention_map gives one row for each sample: (B, HW).",
        "x.norm(dim=1) is the length of each row.",
    ),
    samples=(0, 1),
    minutes=4,
    contract="maps of equal size → mean over the batch of ½ ‖A_s − A_t‖₂, the form of the paper's equation 2; "
    "attention_map is at hand",
)

same_attention = Prediction(
    "same_attention",
    {
        "channels shuffled": (True, "the mean over channels does not ask for their order"),
        "the map doubled": (True, "the division by the length takes it out again"),
        "every channel given twice": (True, "the mean over channels stays, and a common factor would not matter"),
        "the sign of every channel flipped": (True, "the absolute value does not see a sign"),
        "positions shuffled": (False, "the values move to other places, and places are all it keeps"),
        "1 added everywhere": (False, "the differences between positions shrink beside the common part"),
        "one channel doubled": (False, "where this channel is strong the layer now looks more"),
    },
    hints=(
        "Write the map as mean over c of |f|^p, divided by its length, and apply the change to f.",
        "Whatever multiplies all positions by one factor disappears in the division.",
    ),
    minutes=4,
    contract="{change: True if the attention map (p = 2) stays exactly as it is, else False}",
)
