"""The losses as widely used reference codes compute them: the peers of `benchmarks.losses`.

Written anew from the formulas, with the same operations in the same order of size: what is broadcast, gathered or
masked there is broadcast, gathered and masked here.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

Maps = Sequence[Tensor]
Pooling = Callable[[Tensor, tuple[int, int]], Tensor]
Flow = Callable[[Tensor, Tensor], Tensor]


def flow_bmm(a: Tensor, b: Tensor) -> Tensor:
    return torch.bmm(a.flatten(2), b.flatten(2).transpose(1, 2)) / a[0, 0].numel()


def flow_broadcast(a: Tensor, b: Tensor) -> Tensor:
    return (a.unsqueeze(2) * b.unsqueeze(1)).mean((3, 4))  # holds B · C_a · C_b · h · w numbers at once


def fsp(flow: Flow, pool: Pooling) -> Callable[[Maps, Maps], Tensor]:
    """RepDistiller broadcasts and averages; others multiply matrices."""

    def matrices(maps: Maps) -> list[Tensor]:
        return [flow(pool(a, (b.shape[2], b.shape[3])), b) for a, b in pairwise(maps)]

    def loss(s: Maps, t: Maps) -> Tensor:
        return torch.stack([F.mse_loss(x, y) for x, y in zip(matrices(s), matrices(t), strict=True)]).sum()

    return loss


def _sum(pair: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Maps, Maps], Tensor]:
    return lambda s, t: torch.stack([pair(a, b) for a, b in zip(s, t, strict=True)]).sum()


def _attention(s: Tensor, t: Tensor) -> Tensor:
    a, b = (F.normalize(f.pow(2).mean(1).flatten(1)) for f in (s, t))
    return (a - b).pow(2).mean()


def boundary(s: Tensor, t: Tensor, m: float = 1.0) -> Tensor:
    inactive = (s + m).pow(2) * ((s > -m) & (t <= 0)).float()
    active = (s - m).pow(2) * ((s <= m) & (t > 0)).float()
    return (inactive + active).abs().sum() / len(s)


def margin_l2(s: Tensor, t: Tensor, m: Tensor) -> Tensor:
    """Margin ReLU and partial L2 of one layer, as in clovaai's overhaul-distillation."""
    target = torch.max(t, m.view(1, -1, 1, 1))
    counts = ((s > target) | (target > 0)).float()
    return (F.mse_loss(s, target, reduction="none") * counts).abs().sum() / len(s)


def _selectivity(s: Tensor, t: Tensor) -> Tensor:
    a, b = (F.normalize(f.flatten(2), dim=2) for f in (s, t))

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x.unsqueeze(2) * y.unsqueeze(1)).sum(3).pow(2).mean()  # every pair of channels and every position

    return kernel(b, b).detach() + kernel(a, a) - 2 * kernel(a, b)


attention = _sum(_attention)
selectivity = _sum(_selectivity)


def relational(s: Maps, t: Tensor) -> Tensor:
    def distances(e: Tensor) -> Tensor:
        squares = e.pow(2).sum(1)
        d = (squares.unsqueeze(1) + squares.unsqueeze(0) - 2 * e @ e.T).clamp(min=1e-12).sqrt().clone()
        d[range(len(e)), range(len(e))] = 0
        return d / d[d > 0].mean()

    def angles(e: Tensor) -> Tensor:
        directions = F.normalize(e.unsqueeze(0) - e.unsqueeze(1), dim=2)
        return torch.bmm(directions, directions.transpose(1, 2)).view(-1)

    with torch.no_grad():
        distances_t, angles_t = distances(t), angles(t)
    return 25 * F.smooth_l1_loss(distances(s[0]), distances_t) + 50 * F.smooth_l1_loss(angles(s[0]), angles_t)


def similarity(s: Maps, t: Tensor) -> Tensor:
    a, b = (F.normalize(rows @ rows.T) for rows in (s[0].flatten(1), t.flatten(1)))
    return (b - a).pow(2).sum() / len(t) ** 2


def probabilistic(s: Maps, t: Tensor) -> Tensor:
    def neighbours(e: Tensor) -> Tensor:
        rows = e / (e.pow(2).sum(1, keepdim=True).sqrt() + 1e-7)
        closeness = (rows @ rows.T + 1) / 2
        return closeness / closeness.sum(1, keepdim=True)

    p_s, p_t = neighbours(s[0]), neighbours(t)
    return (p_t * ((p_t + 1e-7) / (p_s + 1e-7)).log()).mean()


def variational(mean: Tensor, t: Tensor, log_scale: Tensor) -> Tensor:
    variance = (log_scale.exp() + 1).log() + 1e-5
    variance = variance.view(1, -1, 1, 1)
    return (0.5 * ((mean - t) ** 2 / variance + variance.log())).mean()


def consecutive_correlation(s: Maps, t: Tensor) -> Tensor:
    delta = (s[0] - t).abs()
    return (delta[:-1] * delta[1:]).sum(1).mean()


def attention_factor(s: Maps, t: Tensor) -> Tensor:
    a, b = (F.normalize(f.pow(2).mean(1).flatten(1)) for f in (s[0], t))
    return (a - b).abs().mean()


def contrast(v: Tensor, bank: Tensor, candidates: Tensor) -> Tensor:
    """One side of CRD: the candidates' vectors are gathered, B · (1 + K) · D numbers."""
    B, K, N = len(v), candidates.shape[1] - 1, len(bank)
    weight = bank.index_select(0, candidates.view(-1)).view(B, K + 1, -1)
    P = (torch.bmm(weight, v.unsqueeze(2)) / 0.07).exp().squeeze(2)
    P = P / (P.mean().detach() * N)
    noise = K / N
    positive = (P[:, 0] / (P[:, 0] + noise + 1e-7)).log()
    negative = (noise / (P[:, 1:] + noise + 1e-7)).log()
    return -(positive.sum() + negative.sum()) / B
