"""GhostNet: More Features from Cheap Operations (Han, Wang, Tian, Guo, Xu, Xu; CVPR 2020): what a layer costs, and how
alike its maps are. The module and its nets are in `nets`; they are trained like any other net.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..errors import ConfigError, ShapeError, require
from ..nets.ghost import GhostBottleneck, GhostModule, SqueezeExcite, ghostnet
from .tensors import full_precision, shape

__all__ = [
    "Cost",
    "GhostBottleneck",
    "GhostModule",
    "SqueezeExcite",
    "compression",
    "compression_in_short",
    "correlation",
    "fastest",
    "fit_depthwise",
    "fitted",
    "ghost_cost",
    "ghostnet",
    "map_residual",
    "nearest_pairs",
    "ordinary_cost",
    "speed_up",
    "standardised",
]  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What a layer needs, norms not counted: numbers to learn, and multiply-adds for one image."""

    parameters: int
    multiply_adds: int


def ordinary_cost(c: int, n: int, k: int, height: int = 1, width: int = 1) -> Cost:
    """A k×k convolution from c to n maps of height × width pixels: n·c·k² parameters, as many multiply-adds a pixel
    (§3.1, equation 1).

    >>> ordinary_cost(3, 8, k=3, height=10, width=10)
    Cost(parameters=216, multiply_adds=21600)
    """
    _check(c=c, n=n, k=k, height=height, width=width)
    weights = n * c * k * k
    return Cost(weights, weights * height * width)


def ghost_cost(c: int, n: int, k: int, s: int = 2, d: int = 3, height: int = 1, width: int = 1) -> Cost:
    """The same layer as a ghost module: m·c·k² + m·(s - 1)·d² with m = ⌈n/s⌉ intrinsic maps (§3.1, equations 3, 4).

    Where s does not divide n, the ghosts that are dropped are computed nevertheless, and counted.

    >>> ghost_cost(3, 8, k=3)
    Cost(parameters=144, multiply_adds=144)
    """
    _check(c=c, n=n, k=k, s=s, d=d, height=height, width=width)
    m = math.ceil(n / s)
    weights = m * c * k * k + m * (s - 1) * d * d
    return Cost(weights, weights * height * width)


def compression(c: int, n: int, k: int, s: int = 2, d: int = 3) -> float:
    """r_c: parameters of the ordinary layer over those of the ghost module (equation 5).

    >>> round(compression(64, 64, k=3), 2)  # nearly the ratio s = 2
    1.97
    """
    return ordinary_cost(c, n, k).parameters / ghost_cost(c, n, k, s, d).parameters


def speed_up(c: int, n: int, k: int, s: int = 2, d: int = 3) -> float:
    """r_s: multiply-adds of the ordinary layer over those of the ghost module (equation 4). It equals r_c.

    A ratio of counts; a ratio of measured times is another matter.

    >>> speed_up(64, 64, k=3) == compression(64, 64, k=3)
    True
    """
    return ordinary_cost(c, n, k).multiply_adds / ghost_cost(c, n, k, s, d).multiply_adds


def compression_in_short(c: int, s: int = 2) -> float:
    """s·c / (s + c - 1): the ratio for cheap filters as large as the others, d = k, where s divides n.

    >>> round(compression_in_short(64), 2)
    1.97
    """
    _check(c=c, s=s)
    return s * c / (s + c - 1)


@full_precision
def standardised(maps: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
    """Each map with mean 0 and variance 1 over all images and positions; a constant map becomes 0.

    >>> maps = standardised(torch.arange(8.0).reshape(2, 1, 2, 2))
    >>> abs(maps.mean().item()) < 1e-6, round(maps.var(correction=0).item(), 4)
    (True, 1.0)
    """
    require(maps.ndim == 4 and maps.numel() > 0, f"expected maps (B, C, H, W), got {shape(maps)}", ShapeError)
    centred = maps - maps.mean((0, 2, 3), keepdim=True)
    spread = centred.square().mean((0, 2, 3), keepdim=True).sqrt()
    return torch.where(spread > 0, centred / spread, 0.0)


@full_precision
def correlation(maps: Float[Tensor, "B C H W"]) -> Float[Tensor, "C C"]:
    """Pearson's correlation of every two maps, over all images and positions; that of a constant map is 0.

    >>> x = torch.arange(4.0).reshape(1, 1, 2, 2)
    >>> correlation(torch.cat([x, -2 * x], 1)).round(decimals=4)
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    z = standardised(maps).transpose(0, 1).flatten(1)  # C N
    return (z @ z.T / z.shape[1]).clamp(-1, 1)


def nearest_pairs(r: Float[Tensor, "C C"], count: int) -> list[tuple[int, int]]:
    """The `count` pairs (i, j), i < j, of maps with the largest |r|, the most alike first.

    >>> nearest_pairs(torch.tensor([[1.0, 0.2, -0.9], [0.2, 1.0, 0.5], [-0.9, 0.5, 1.0]]), count=2)
    [(0, 2), (1, 2)]
    """
    require(r.ndim == 2 and r.shape[0] == r.shape[1], f"expected correlations (C, C), got {shape(r)}", ShapeError)
    i, j = torch.triu_indices(len(r), len(r), offset=1)
    require(0 <= count <= len(i), f"{count} pairs: {r.shape[0]} maps make {len(i)}")
    order = r[i, j].abs().argsort(descending=True, stable=True)[:count]
    return [(int(i[n]), int(j[n])) for n in order]


@full_precision
def fit_depthwise(x: Float[Tensor, "B H W"], y: Float[Tensor, "B H W"], d: int) -> Float[Tensor, "d d"]:
    """The d×d filter that makes y from x best: least squares over all images and positions, zeros around the map.

    >>> x = torch.eye(4).unsqueeze(0)
    >>> fit_depthwise(x, 2 * x, d=1).round(decimals=4)
    tensor([[2.]])
    """
    _check(d=d)
    if d % 2 == 0:
        raise ConfigError(f"d={d}: the filter needs a middle, so d must be odd")
    same = x.ndim == 3 and x.shape == y.shape and x.numel() > 0
    require(same, f"expected one map (B, H, W) twice, got {shape(x)} and {shape(y)}", ShapeError)
    patches = F.unfold(x[:, None], d, padding=d // 2).transpose(1, 2).flatten(0, 1)  # B·H·W d²
    # In double precision, and by singular values: neighbours in a map are alike, and a border of zeros gives no rank.
    solved = torch.linalg.lstsq(patches.double(), y.flatten()[:, None].double(), driver="gelsd")
    made: Tensor = solved.solution.view(d, d).to(x.dtype)
    return made


@full_precision
def fitted(x: Float[Tensor, "B H W"], kernel: Float[Tensor, "d d"]) -> Float[Tensor, "B H W"]:
    """The ghost of a map: x filtered by one kernel, as a depthwise convolution does it.

    >>> fitted(torch.ones(1, 2, 2), torch.full((1, 1), 3.0))
    tensor([[[3., 3.],
             [3., 3.]]])
    """
    return F.conv2d(x[:, None], kernel[None, None], padding=kernel.shape[0] // 2)[:, 0]


@full_precision
def map_residual(x: Float[Tensor, "B H W"], y: Float[Tensor, "B H W"], d: int) -> Float[Tensor, ""]:
    """Mean squared error of the best d×d filter from x to y; for standardised maps the share of y's variance that is
    left. It cannot rise with d: a smaller filter is a larger one with zeros around.

    >>> x = torch.eye(4).unsqueeze(0)
    >>> map_residual(x, 2 * x, d=3).item() < 1e-8
    True
    """
    return (fitted(x, fit_depthwise(x, y, d)) - y).square().mean()


def fastest(works: Sequence[Callable[[], object]], repeats: int = 7) -> list[float]:
    """The fastest of a few runs of each work, in milliseconds of the calling thread: whatever else runs only adds.

    The works run in turn, so that a machine that changes its speed changes it for all. For work on a CPU in one thread
    (`torch.set_num_threads(1)`); other threads are not counted.

    >>> len(fastest([lambda: None, lambda: sum(range(10))], repeats=2))
    2
    """
    require(repeats >= 1, f"repeats={repeats}: it must be at least 1")
    for work in works:
        work()
    found = [float("inf")] * len(works)
    for _ in range(repeats):
        for i, work in enumerate(works):
            before = time.thread_time()
            work()
            found[i] = min(found[i], time.thread_time() - before)
    return [1000 * seconds for seconds in found]


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        require(number >= 1, f"{name}={number}: it must be at least 1")
