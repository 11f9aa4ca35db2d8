"""The losses beside their peers: the same quantity written as the reference codes write it."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from kdtutor.papers.fsp import fsp_loss
from kdtutor.papers.hinton import kd_loss

from .timing import Line, medians

SHAPES = ((64, 16, 32, 32), (64, 32, 16, 16), (64, 64, 8, 8))  # ResNet on CIFAR: one map a stage, batch 64


Pooling = Callable[[Tensor, tuple[int, int]], Tensor]
Flow = Callable[[Tensor, Tensor], Tensor]


def _flow_bmm(a: Tensor, b: Tensor) -> Tensor:
    return torch.bmm(a.flatten(2), b.flatten(2).transpose(1, 2)) / a[0, 0].numel()


def _flow_broadcast(a: Tensor, b: Tensor) -> Tensor:
    return (a.unsqueeze(2) * b.unsqueeze(1)).mean((3, 4))  # holds B · C_a · C_b · h · w numbers at once


def _by_pairs(flow: Flow, pool: Pooling) -> Callable[[Sequence[Tensor], Sequence[Tensor]], Tensor]:
    def matrices(maps: Sequence[Tensor]) -> list[Tensor]:
        return [flow(pool(a, (b.shape[2], b.shape[3])), b) for a, b in pairwise(maps)]

    def loss(s: Sequence[Tensor], t: Sequence[Tensor]) -> Tensor:
        return torch.stack([F.mse_loss(x, y) for x, y in zip(matrices(s), matrices(t), strict=True)]).sum()

    return loss


def _there_and_back(loss: Callable[..., Tensor], s: Sequence[Tensor], *rest: object) -> Callable[[], None]:
    def run() -> None:
        loss(s, *rest).backward()
        for x in s:
            x.grad = None

    return run


def lines() -> list[Line]:
    generator = torch.Generator().manual_seed(0)
    s = [torch.randn(shape, generator=generator).requires_grad_() for shape in SHAPES]
    t = [torch.randn(shape, generator=generator) for shape in SHAPES]
    z_s, z_t = (torch.randn(64, 100, generator=generator) for _ in "st")
    z_s.requires_grad_()
    took = medians(
        {
            "fsp max": _there_and_back(lambda s, t: fsp_loss(s, t, "max"), s, t),
            "fsp avg": _there_and_back(lambda s, t: fsp_loss(s, t, "avg"), s, t),
            "bmm max": _there_and_back(_by_pairs(_flow_bmm, F.adaptive_max_pool2d), s, t),
            "bmm avg": _there_and_back(_by_pairs(_flow_bmm, F.adaptive_avg_pool2d), s, t),
            "broadcast": _there_and_back(_by_pairs(_flow_broadcast, F.adaptive_avg_pool2d), s, t),
            "kd": _there_and_back(lambda s: kd_loss(s[0], z_t), [z_s]),
        }
    )
    broadcast = "broadcast form (as RepDistiller)"
    return [
        Line("fsp_loss, max pooling, both ways", took["fsp max"], "bmm form, max pooling", took["bmm max"], 1.05),
        Line(
            "fsp_loss, average pooling, both ways", took["fsp avg"], "bmm form, average pooling", took["bmm avg"], 1.05
        ),
        Line("fsp_loss, max pooling, both ways", took["fsp max"], broadcast, took["broadcast"], 0.25),
        Line("kd_loss 64×100, both ways", took["kd"], "bmm form of FSP", took["bmm avg"], 1.0),
    ]
