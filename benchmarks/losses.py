"""The losses beside their peers: the same quantity as the reference codes compute it (`references`).

Five losses also have an allowance in milliseconds, `ALLOWED`, for a machine on which the broadcast form of NST takes
`YARDSTICK`; on another machine it is scaled by what that form takes there.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kdtutor.papers import related
from kdtutor.papers.adapters import Connector
from kdtutor.papers.attention import at_loss
from kdtutor.papers.boundaries import ab_loss
from kdtutor.papers.contrastive import ContrastiveMemory
from kdtutor.papers.features import halving
from kdtutor.papers.fsp import fsp_loss
from kdtutor.papers.hinton import kd_loss
from kdtutor.papers.overhaul import margin_relu, partial_l2
from kdtutor.papers.relational import rkd_loss
from kdtutor.papers.variational import GaussianRegressor

from . import references
from .timing import Line, medians

SHAPES = ((64, 16, 32, 32), (64, 32, 16, 16), (64, 64, 8, 8))  # ResNet on CIFAR: one map a stage, batch 64
ROWS, NEGATIVES, WIDTH = 50_000, 4096, 128  # of the contrastive memory: CIFAR-100's images; a quarter of the paper's

YARDSTICK = 767.0  # milliseconds
ALLOWED = {"at_loss": 10.0, "rkd_loss": 5.0, "ab_loss": 30.0, "OFD with connectors": 40.0, "selectivity_loss": 45.0}

Loss = Callable[..., Tensor]
Peers = dict[str, tuple[Loss, Loss, Sequence[Tensor], object, float | None]]
"""By name: ours, the reference's, what the student gives, what the teacher gives, the limit."""


def _there_and_back(loss: Loss, s: Sequence[Tensor], *rest: object) -> Callable[[], None]:
    def run() -> None:
        loss(s, *rest).backward()
        for x in s:
            x.grad = None

    return run


def _beside(peers: Peers, rounds: int) -> Iterator[Line]:
    for name, (ours, theirs, s, t, limit) in peers.items():
        took = medians({"ours": _there_and_back(ours, s, t), "theirs": _there_and_back(theirs, s, t)}, rounds)
        yield Line(f"{name}, both ways", took["ours"], "as the reference computes it", took["theirs"], limit)


def _halved(pair: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    """Σ 2^(n-N+1) of the losses of pairs, as a loss of lists."""

    def loss(s: Sequence[Tensor], t: Sequence[Tensor]) -> Tensor:
        return torch.stack([w * pair(a, b) for w, a, b in zip(halving(len(s)), s, t, strict=True)]).sum()

    return loss


def lines() -> list[Line]:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    s = [draw(*shape).requires_grad_() for shape in SHAPES]
    t = [draw(*shape) for shape in SHAPES]
    e_s, e_t = [draw(64, 64).requires_grad_()], draw(64, 64)
    wide_s, wide_t = [draw(64, WIDTH).requires_grad_()], draw(64, WIDTH)
    factor_s, factor_t = [draw(64, 32, 8, 8).requires_grad_()], draw(64, 32, 8, 8)
    maps: Peers = {
        "at_loss, 3 maps": (at_loss, references.attention, s, t, 1.0),
        "rkd_loss, 64×64": (lambda s, t: rkd_loss(s[0], t), references.relational, e_s, e_t, 1.0),
        "ab_loss, 3 maps": (ab_loss, _halved(references.boundary), s, t, 1.0),
        "OFD with connectors, 3 maps": (*_overhaul(), s, t, 1.05),
        "VID with regressors, 3 maps": (*_variational(), s, t, None),
    }
    small: Peers = {
        "similarity_loss, 64×8×8": (_first(related.similarity_loss), references.similarity, s[2:], t[2], None),
        "probabilistic_loss, 64×64": (_first(related.probabilistic_loss), references.probabilistic, e_s, e_t, None),
        "consecutive_correlation_loss, 64×128": (
            _first(related.consecutive_correlation_loss), references.consecutive_correlation, wide_s, wide_t, None,
        ),
        "attention_factor_loss, 32×8×8": (
            _first(related.attention_factor_loss), references.attention_factor, factor_s, factor_t, None,
        ),
    }  # fmt: skip
    large: Peers = {
        "selectivity_loss, 3 maps": (
            lambda s, t: torch.stack([related.selectivity_loss(a, b) for a, b in zip(s, t, strict=True)]).sum(),
            references.selectivity, s, t, 0.1,
        ),
        f"ContrastiveMemory, K = {NEGATIVES:,}": (*_contrastive(generator), wide_s, wide_t, None),
    }  # fmt: skip
    # what holds hundreds of megabytes comes last: it leaves the allocator in a state that favours whoever comes after
    lines = [*_beside(maps, 31), *_beside(small, 31), *_flow_lines(s, t), *_beside(large, 7)]
    return [*lines, *_allowance_lines(lines)]


def _allowance_lines(measured: Sequence[Line]) -> list[Line]:
    by_name = {line.what.split(",")[0]: line for line in measured}
    scale = by_name["selectivity_loss"].theirs / YARDSTICK
    return [
        Line(by_name[name].what, by_name[name].ours, f"{limit:.0f} ms, scaled to this machine", limit * scale, 1.0)
        for name, limit in ALLOWED.items()
    ]


def _first(loss: Loss) -> Loss:
    return lambda s, t: loss(s[0], t)


def _overhaul() -> tuple[Loss, Loss]:
    connectors = nn.ModuleList(Connector(shape[1], shape[1]) for shape in SHAPES)
    margins = [-torch.rand(shape[1]) for shape in SHAPES]

    def ours(s: Sequence[Tensor], t: Sequence[Tensor]) -> Tensor:
        targets = [margin_relu(x, m) for x, m in zip(t, margins, strict=True)]
        return _halved(partial_l2)([c(x) for c, x in zip(connectors, s, strict=True)], targets)

    def theirs(s: Sequence[Tensor], t: Sequence[Tensor]) -> Tensor:
        layers = zip(halving(len(s)), connectors, s, t, margins, strict=True)
        return torch.stack([w * references.margin_l2(c(a), b, m) for w, c, a, b, m in layers]).sum()

    return ours, theirs


def _variational() -> tuple[Loss, Loss]:
    regressors = [GaussianRegressor(shape[1], shape[1]) for shape in SHAPES]

    def total(loss: Loss) -> Loss:
        def summed(s: Sequence[Tensor], t: Sequence[Tensor]) -> Tensor:
            return torch.stack([loss(r(a), b, r.log_scale) for r, a, b in zip(regressors, s, t, strict=True)]).sum()

        return summed

    return total(related.variational_loss), total(references.variational)


def _contrastive(generator: torch.Generator) -> tuple[Loss, Loss]:
    memory = ContrastiveMemory(ROWS, WIDTH, generator=generator)
    rows = torch.arange(64)
    negatives = torch.randint(ROWS, (64, NEGATIVES), generator=generator)
    candidates = torch.cat([rows[:, None], negatives], 1)

    def theirs(s: Sequence[Tensor], t: Tensor) -> Tensor:
        v_s, v_t = F.normalize(s[0]), F.normalize(t)
        return references.contrast(v_s, memory.teacher, candidates) + references.contrast(
            v_t, memory.student, candidates
        )

    return lambda s, t: memory(s[0], t, rows, negatives), theirs


def _flow_lines(s: Sequence[Tensor], t: Sequence[Tensor]) -> list[Line]:
    z_s, z_t = torch.randn(64, 100).requires_grad_(), torch.randn(64, 100)
    bmm, broadcast = references.flow_bmm, references.flow_broadcast
    took = medians(
        {
            "fsp max": _there_and_back(lambda s, t: fsp_loss(s, t, "max"), s, t),
            "fsp avg": _there_and_back(lambda s, t: fsp_loss(s, t, "avg"), s, t),
            "bmm max": _there_and_back(references.fsp(bmm, F.adaptive_max_pool2d), s, t),
            "bmm avg": _there_and_back(references.fsp(bmm, F.adaptive_avg_pool2d), s, t),
            "broadcast": _there_and_back(references.fsp(broadcast, F.adaptive_avg_pool2d), s, t),
            "kd": _there_and_back(lambda s: kd_loss(s[0], z_t), [z_s]),
        }
    )
    wide = "broadcast form (as RepDistiller)"
    return [
        Line("fsp_loss, max pooling, both ways", took["fsp max"], "bmm form, max pooling", took["bmm max"], 1.05),
        Line(
            "fsp_loss, average pooling, both ways", took["fsp avg"], "bmm form, average pooling", took["bmm avg"], 1.05
        ),
        Line("fsp_loss, max pooling, both ways", took["fsp max"], wide, took["broadcast"], 0.25),
        Line("kd_loss 64×100, both ways", took["kd"], "bmm form of FSP", took["bmm avg"], 1.0),
    ]
