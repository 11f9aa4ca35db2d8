"""Bringing a student's maps to a teacher's: the same places in both nets, the same size, the same channels."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import ConfigError, ShapeError, require
from ..nets import Ensemble, Net
from ..nets.modes import modes_kept
from .tensors import shape

Pool = Literal["max", "avg"]


def tap_widths(net: Net) -> tuple[int, ...]:
    """The channels of `trace.taps`: the stem's if there is one, then the stages'.

    >>> tap_widths(kd.nets.build("resnet8", classes=10))
    (16, 16, 32, 64)
    """
    return net.widths if net.stem_width is None else (net.stem_width, *net.widths)


def stage_pairs(student: Net, teacher: Net) -> tuple[tuple[int, int], ...]:
    """Which stage of the student meets which of the teacher: (student's, teacher's) indices, paired from the end.

    Nets of one family pair one to one. Where one net has more stages, its first ones stay without a partner: the last
    stages are those that are alike in size and meaning.

    >>> stage_pairs(kd.nets.build("resnet8", classes=10), kd.nets.build("vgg8", classes=10))
    ((0, 1), (1, 2), (2, 3))
    """
    check_one_teacher(teacher)
    n_s, n_t = len(student.widths), len(teacher.widths)
    require(
        min(n_s, n_t) > 0,
        f"{student.name} has {n_s} stages and {teacher.name} has {n_t}; a feature method needs at least one in each",
    )
    n = min(n_s, n_t)
    return tuple((n_s - n + i, n_t - n + i) for i in range(n))


def check_one_teacher(teacher: Net) -> None:
    """Raises `ConfigError` for several teachers, which have no maps in common.

    >>> check_one_teacher(kd.nets.build("resnet8", classes=10))  # silent: it is one
    """
    told = f"{teacher.name} is an ensemble, which has answers in common but no features; take one of these teachers, or"
    require(not isinstance(teacher, Ensemble), f"{told} a method that reads answers, such as hinton (KD) or logits")


def same_size(
    a: Float[Tensor, "B Ca H W"], b: Float[Tensor, "B Cb h w"], pool: Pool = "max"
) -> tuple[Float[Tensor, "B Ca y x"], Float[Tensor, "B Cb y x"]]:
    """Both maps with the smaller height and the smaller width of the two: the larger is pooled.

    >>> [x.shape[2:] for x in same_size(torch.zeros(1, 2, 8, 8), torch.zeros(1, 3, 4, 4))]
    [torch.Size([4, 4]), torch.Size([4, 4])]
    """
    size = (min(a.shape[2], b.shape[2]), min(a.shape[3], b.shape[3]))
    return pooled(a, size, pool), pooled(b, size, pool)


def pooled(x: Float[Tensor, "B C H W"], size: tuple[int, int], pool: Pool) -> Float[Tensor, "B C h w"]:
    """x brought to `size` by its maximum or its mean; as it is if it has that size.

    >>> pooled(torch.arange(4.0).reshape(1, 1, 2, 2), (1, 1), "avg").item()
    1.5
    """
    if tuple(x.shape[2:]) == size:
        return x
    if pool == "max":  # torch's CPU kernel is faster over channels that lie side by side, both copies included
        small = F.adaptive_max_pool2d(x.contiguous(memory_format=torch.channels_last), size)
        return small if x.stride(1) == 1 else small.contiguous()  # in the layout of x
    if pool == "avg":
        return F.adaptive_avg_pool2d(x, size)
    raise ConfigError(f"pool={pool!r}: expected 'max' or 'avg'")


def two_by_two(
    s: Sequence[Float[Tensor, "..."]], t: Sequence[Float[Tensor, "..."]], what: str
) -> list[tuple[Float[Tensor, "..."], Float[Tensor, "..."]]]:
    """Student's and teacher's tensors in pairs. Raises `ShapeError` unless there are equally many, at least one.

    >>> [(a.item(), b.item()) for a, b in two_by_two([torch.ones(1)], [torch.zeros(1)], "maps")]
    [(1.0, 0.0)]
    """
    require(
        len(s) == len(t) > 0,
        f"{what}: {len(s)} student maps, {len(t)} teacher maps; expected the same number, ≥ 1",
        ShapeError,
    )
    return list(zip(s, t, strict=True))


def check_maps(s: Float[Tensor, "B C H W"], t: Float[Tensor, "B D h w"], what: str) -> None:
    """Raises `ShapeError` unless both are maps (B, C, H, W) of one batch; channels and sizes may differ.

    >>> check_maps(torch.zeros(2, 3, 8, 8), torch.zeros(2, 5, 4, 4), "a loss")  # silent: one batch of maps
    """
    require(
        s.ndim == t.ndim == 4 and len(s) == len(t) > 0,
        f"{what}: the maps have shapes {shape(s)} and {shape(t)}; expected (B, C, H, W) with one B ≥ 1",
        ShapeError,
    )


def _norms(net: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    return [m for m in net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


@contextmanager
def batch_statistics(net: nn.Module) -> Iterator[None]:
    """Let every batch norm of `net` use the statistics of the batch, as in training; the stored ones stay.

    >>> norm = torch.nn.BatchNorm2d(1).eval()
    >>> with batch_statistics(norm):
    ...     abs(norm(torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1)).mean().item()) < 1e-6
    True
    """
    with modes_kept(net):
        for norm in _norms(net):
            norm.training = True
        with unchanged_statistics(net):
            yield


@contextmanager
def unchanged_statistics(net: nn.Module) -> Iterator[None]:
    """Let no batch norm of `net` store statistics; which ones it uses follows from its mode.

    >>> norm = torch.nn.BatchNorm2d(1)
    >>> with unchanged_statistics(norm):
    ...     norm(torch.ones(2, 1, 1, 1)).shape, norm.running_mean.item()
    (torch.Size([2, 1, 1, 1]), 0.0)
    """
    norms = [norm for norm in _norms(net) if norm.training]
    tracks = [norm.track_running_stats for norm in norms]
    try:
        for norm in norms:
            norm.track_running_stats = False
        yield
    finally:
        for norm, track in zip(norms, tracks, strict=True):
            norm.track_running_stats = track


class BatchNorm(nn.BatchNorm2d):
    """Batch norm that also takes a single value a channel (one sample, 1×1 map): it is shifted to the bias.

    PyTorch refuses that case in training; the formula (x - mean) / √(var + ε) gives 0 there, and so do we. Such a batch
    says nothing about the spread, so the running statistics stay.
    """

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        if self.training and x.shape[0] * x.shape[2] * x.shape[3] == 1:
            return x * 0 * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return super().forward(x)


class Connector(nn.Sequential):
    """1×1 convolution and batch norm: a student's pre-activation map in the teacher's channels (AB §3.3, OFD §3.2).

    Without a ReLU, since AB and OFD compare what comes before it. The convolution has no bias (the norm has one) and
    starts normal with variance 2 / C_t, He et al.'s fan-out.
    """

    def __init__(self, c_s: int, c_t: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_s, c_t, kernel_size=1, bias=False)
        self.norm = BatchNorm(c_t)
        nn.init.normal_(self.conv.weight, std=math.sqrt(2 / c_t))
