"""Exercises of the lesson on ghost modules: likeness of maps, parameters, the forward pass, what costs what."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction


def _likeness(x: Tensor, y: Tensor) -> Tensor:
    x, y = x - x.mean(), y - y.mean()
    return (x * y).mean() / (x.square().mean() * y.square().mean()).sqrt()


def _ghost_parameters(c: int, n: int, k: int, s: int, d: int) -> int:
    m = math.ceil(n / s)
    return m * c * k * k + m * (s - 1) * d * d


def _ghost_maps(x: Tensor, primary: Tensor, cheap: Tensor, n: int) -> Tensor:
    m, k, d = len(primary), primary.shape[-1], cheap.shape[-1]
    intrinsic = F.conv2d(x, primary, padding=k // 2).relu()
    ghosts = F.conv2d(intrinsic, cheap, padding=d // 2, groups=m).relu()
    return torch.cat([intrinsic, ghosts], dim=1)[:, :n]


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _pairs() -> list[tuple[Tensor, Tensor]]:
    x, noise = drawn(0, (3, 4, 5), (3, 4, 5))
    pairs = [(2 * x + 1, 0.5 * x - noise + 3), (x - 2, -x + 0.3 * noise), (noise, 10 * x)]
    return [*pairs, (noise[:1, :2, :3].double(), x[:1, :2, :3].double())]


def _layers() -> list[tuple[Tensor, Tensor, Tensor, int]]:
    """The last one drops a ghost: two intrinsic maps with two ghosts each, for five maps."""
    found = []
    for seed, (c, m, s, k, d, n) in enumerate([(3, 4, 2, 3, 3, 8), (2, 3, 2, 1, 5, 6), (4, 2, 3, 3, 3, 5)]):
        x, primary, cheap = drawn(seed, (2, c, 6, 5), (m, c, k, k), (m * (s - 1), 1, d, d), grad=True)
        found.append((x, primary, cheap, n))
    x, primary, cheap = (part.detach().double().requires_grad_() for part in found[0][:3])
    found.append((x, primary, cheap, 7))
    return found


# -- mistakes ---------------------------------------------------------------------------------------------------------

Module = Callable[[Tensor, Tensor, Tensor, int], Tensor]


def _variant(first: bool = True, last: bool = True, swapped: bool = False, of_x: bool = False) -> Module:
    """The module with a ReLU left out, its parts exchanged, or ghosts made of the input."""

    def module(x: Tensor, primary: Tensor, cheap: Tensor, n: int) -> Tensor:
        m, k, d = len(primary), primary.shape[-1], cheap.shape[-1]
        y = F.conv2d(x, primary, padding=k // 2)
        y = y.relu() if first else y
        source = x[:, :1].expand(-1, m, -1, -1) if of_x else y
        ghosts = F.conv2d(source, cheap, padding=d // 2, groups=m)
        ghosts = ghosts.relu() if last else ghosts
        return torch.cat([ghosts, y] if swapped else [y, ghosts], dim=1)[:, :n]

    return module


def _uncut(x: Tensor, primary: Tensor, cheap: Tensor, n: int) -> Tensor:
    return _ghost_maps(x, primary, cheap, len(primary) + len(cheap))


map_likeness = Exercise(
    "map_likeness",
    _likeness,
    _pairs,
    mistakes={
        "the means are not subtracted": lambda x, y: (x * y).mean() / (x.square().mean() * y.square().mean()).sqrt(),
        "this is the covariance: divide by both standard deviations": lambda x, y: (
            (x - x.mean()) * (y - y.mean())
        ).mean(),
        "the sign is lost: r of opposite maps is negative": lambda x, y: _likeness(x, y).abs(),
        "this is r²; the correlation itself has a sign": lambda x, y: _likeness(x, y).square(),
        "divide by the standard deviations, not by the variances": lambda x, y: (
            ((x - x.mean()) * (y - y.mean())).mean() / ((x - x.mean()).square().mean() * (y - y.mean()).square().mean())
        ),
        "one of the two divides by N - 1: use the same mean everywhere": lambda x, y: (
            ((x - x.mean()) * (y - y.mean())).mean() / (x.std() * y.std())
        ),
    },
    hints=(
        "Subtract from each map its mean over everything.",
        "The mean of the products, divided by the square root of the product of the two mean squares.",
    ),
    samples=(0, 1),
    minutes=5,
    contract="two maps (B, H, W) → Pearson's correlation r over all images and positions, a number in -1…1",
)

ghost_parameters = Exercise(
    "ghost_parameters",
    _ghost_parameters,
    [(16, 32, 3, 2, 3), (16, 33, 3, 2, 5), (8, 10, 1, 4, 3), (4, 6, 3, 1, 3)],
    mistakes={
        "s does not divide n here: round n / s up": lambda c, n, k, s, d: (
            (n // s) * c * k * k + (n // s) * (s - 1) * d * d
        ),
        "the ghosts are missing: each intrinsic map has s - 1 filters of d × d": lambda c, n, k, s, d: (
            math.ceil(n / s) * c * k * k
        ),
        "a cheap filter reads one map, not all m of them": lambda c, n, k, s, d: (
            math.ceil(n / s) * c * k * k + math.ceil(n / s) ** 2 * (s - 1) * d * d
        ),
        "each intrinsic map has s - 1 ghosts, not s: it is one of the s maps itself": lambda c, n, k, s, d: (
            math.ceil(n / s) * c * k * k + math.ceil(n / s) * s * d * d
        ),
        "this is the ordinary convolution": lambda c, n, k, s, d: n * c * k * k,
        "count whole filters: d · d numbers each, k · k for the primary ones": lambda c, n, k, s, d: (
            math.ceil(n / s) * c * k + math.ceil(n / s) * (s - 1) * d
        ),
        "dropped ghosts have filters too: m · (s - 1) of them, not n - m": lambda c, n, k, s, d: (
            math.ceil(n / s) * c * k * k + (n - math.ceil(n / s)) * d * d
        ),
    },
    hints=(
        "How many intrinsic maps are there? math.ceil(n / s).",
        "A primary filter has c · k · k numbers, a cheap one d · d. Now count filters of each kind.",
    ),
    hidden=[(12, 24, 5, 2, 3), (6, 25, 3, 3, 5), (7, 11, 1, 2, 3), (3, 9, 3, 1, 1)],
    minutes=5,
    contract="c, n, k, s, d → the number of weights of a ghost module, norms not counted; s need not divide n",
)

ghost_maps = Exercise(
    "ghost_maps",
    _ghost_maps,
    _layers,
    mistakes={
        "the ghosts come first here; the intrinsic maps should": _variant(swapped=True),
        "a ReLU is missing after the primary convolution, before the ghosts are made": _variant(first=False),
        "the ghosts need a ReLU too": _variant(last=False),
        "the ReLUs are missing": _variant(first=False, last=False),
        "ghosts are made of the intrinsic maps, not of the input": _variant(of_x=True),
        "these are too many maps: cut to the first n": _uncut,
        "only the intrinsic maps come back; join the ghosts to them": lambda x, primary, cheap, n: F.conv2d(
            x, primary, padding=primary.shape[-1] // 2
        ).relu(),
    },
    hints=(
        "F.conv2d twice. The second time each filter reads one map: groups= says how many groups there are.",
        "torch.cat([intrinsic, ghosts], dim=1), then [:, :n].",
        "padding=kernel // 2 keeps the size, in both.",
    ),
    samples=(0,),
    minutes=8,
    contract="x (B, c, H, W), primary (m, c, k, k), cheap (m·(s-1), 1, d, d), n → (B, n, H, W); "
    "ReLU after both, no norm",
)

ghosts_cost = Prediction(
    "ghosts_cost",
    {
        "s = 2 halves the parameters exactly": (False, "the cheap filters come on top: m · d² numbers"),
        "with d = 1 a ghost is its intrinsic map, scaled, before norm and ReLU": (
            True,
            "a 1×1 filter of one map is one number",
        ),
        "in one layer parameters and multiply-adds shrink by the same factor": (
            True,
            "each weight is used once at each position",
        ),
        "with 1×1 primary convolutions and few channels, ghosts can cost more parameters": (
            True,
            "a cheap filter has d² numbers, the primary one it replaces c: below c = d² it has more",
        ),
        "half the multiply-adds take half the time on a CPU": (
            False,
            "a cheap filter does little arithmetic for each number that it reads, and memory sets the pace",
        ),
        "the compression ratio can exceed s": (False, "s is the limit for free ghosts; ours cost something"),
        "a depthwise filter can mix two intrinsic maps": (False, "it reads one; the next layer mixes"),
    },
    hints=(
        "Write m·c·k² + m·(s-1)·d² beside n·c·k², with m = n/s.",
        "For 1×1 kernels compare c numbers with d² numbers.",
    ),
    minutes=5,
    contract="{statement: True or False}",
)
