"""Right answers that are not the solution: a rule of a check must not refuse them."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import nn

from kdtutor.papers.boundaries import boundary_loss
from kdtutor.papers.fsp import fsp_matrix


def _softmax(z):
    """A helper of the reader's own."""
    e = torch.exp(z - torch.amax(z, 1)[:, None])
    return torch.div(e, e.sum(1)[:, None])


def _loop_over_rows(z, T):
    return torch.stack([(row / T - max(row / T)).exp() / (row / T - max(row / T)).exp().sum() for row in z])


def _best(logits, labels, k, biases):
    def accuracy(bias):
        shift = torch.zeros(logits.shape[1], dtype=logits.dtype)
        shift[k] = bias
        return ((logits + shift).argmax(1) == labels).sum().item()

    return max(biases, key=accuracy)


def _angles(e):
    """One product for each vertex."""
    return torch.stack([(u := F.normalize(e - vertex, dim=1)) @ u.T for vertex in e])


def _sharpness(x):
    g = 127.5 * (x[:, 0] + 1)
    rows, columns = g.diff(n=2, dim=1)[:, :, 1:-1], g.diff(n=2, dim=2)[:, 1:-1]
    return (rows + columns).var((1, 2), correction=0)


def _hungarian(cost):
    rows, columns = linear_sum_assignment(cost.numpy())
    return float(cost[rows, columns].sum())


def _layers(zs_s, zs_t, margin):
    total, weight = 0.0, 1.0
    for z_s, z_t in zip(reversed(zs_s), reversed(zs_t), strict=True):
        total, weight = total + weight * boundary_loss(z_s, z_t, margin), weight / 2
    return total


RIGHT = [
    ("accuracy", "number", lambda z, y: sum(int(a == b) for a, b in zip(z.argmax(1), y, strict=True)) / len(y)),
    ("accuracy", "item", lambda z, y: (z.max(1).indices == y).double().mean().item()),
    ("confusion", "bincount", lambda y, p, K: torch.bincount(y * K + p, minlength=K * K).view(K, K)),
    ("confusion", "floats", lambda y, p, K: F.one_hot(y, K).float().T @ F.one_hot(p, K).float()),
    ("entropy", "entr", lambda p: torch.special.entr(p).sum(1)),
    ("entropy", "xlogy", lambda p: -torch.xlogy(p, p).sum(-1)),
    ("soften", "helper", lambda z, T: _softmax(z / T)),
    ("soften", "logsumexp", lambda z, T: (z / T - (z / T).logsumexp(1, keepdim=True)).exp()),
    ("soften", "row by row", _loop_over_rows),
    ("kd_loss", "module", lambda s, t, T: T * T * nn.KLDivLoss(reduction="batchmean")((s / T).log_softmax(1), (t / T).softmax(1))),
    ("kd_loss", "log_target", lambda s, t, T: F.kl_div(F.log_softmax(s / T, 1), F.log_softmax(t / T, 1), reduction="sum", log_target=True) / len(s) * T**2),
    ("kd_gradient", "helper", lambda s, t, T: (_softmax(s / T) - _softmax(t / T)) * T / s.shape[0]),
    ("best_bias", "max with a key", _best),
    ("at_norm", "root of sums", lambda s, t: sum(((a / a.norm() - b / b.norm()).norm() for a, b in zip(s.square().mean(1), t.detach().square().mean(1), strict=True))) / 2 / len(s)),
    ("fsp_matrix", "einsum", lambda a, b: torch.einsum("bcp,bdp->bcd", *(q := [F.adaptive_max_pool2d(x, (min(a.shape[2], b.shape[2]), min(a.shape[3], b.shape[3]))).flatten(2) for x in (a, b)])) / q[0].shape[2]),
    ("fsp_loss", "mse", lambda s, t: sum(F.mse_loss(fsp_matrix(*a), fsp_matrix(*b).detach()) for a, b in zip(pairwise(s), pairwise(t), strict=True))),
    ("flow_cost", "cdist", lambda s, t: torch.cdist(F.normalize(s.flatten(2), dim=2), F.normalize(t.flatten(2), dim=2)).square().mean(0)),
    ("best_pairing", "scipy", _hungarian),
    ("ways", "product", lambda C, G: math.prod(math.factorial(G) for _ in range(C))),
    ("partial_gradient", "where", lambda s, t: torch.where((s <= t) & (t <= 0), 0.0, 2 / len(s)) * (s - t)),
    ("boundary_loss", "clamp", lambda s, t, m: (m - (2 * (t > 0).to(s) - 1) * s).clamp(min=0).pow(2).flatten(1).sum(1).mean()),
    ("ab_loss", "from the last", _layers),
    ("regions", "formula", lambda n: (n * n + n + 2) // 2),
    ("image_sharpness", "second differences", _sharpness),
    ("frechet_diagonal", "written out", lambda m, s, n, t: (m - n).pow(2).sum() + (s**2 + t**2 - 2 * s * t).sum()),
    ("map_likeness", "corrcoef", lambda x, y: torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[0, 1]),
    ("discrepancy", "l1_loss", F.l1_loss),
    ("generation_loss", "one product", lambda a, b, x: -F.l1_loss(x @ (a - b), torch.zeros(len(x), a.shape[1], dtype=x.dtype))),
    ("one_hot_loss", "logsumexp", lambda z: (z.logsumexp(1) - z.max(1).values).mean()),
    ("survivors", "loop", lambda M, B, u: math.prod([1 - B / M] * u)),
    ("rkd_angles", "vertex by vertex", _angles),
    ("recall_at_1", "two nearest", lambda e, y: (y[(e[:, None] - e).norm(dim=2).topk(2, largest=False).indices[:, 1]] == y).double().mean()),
    ("hard_decision", "where", lambda z, g, tau: (p := ((z + g) / tau).softmax(-1)[..., 0]) + ((p >= 0.5).to(p) - p).detach()),
    ("anti_chosen", "not adaptive", lambda d: ~(d > 0.5)),
    ("may_be_negative", "xor", lambda y, row: (y - y[row]).bool()),
    ("nckd", "minus infinity", lambda s, t, y, T: T**2 * F.kl_div(*((z / T).masked_fill(F.one_hot(y, z.shape[1]).bool(), -1e4).log_softmax(1) for z in (s, t.detach())), reduction="batchmean", log_target=True)),
    ("pearson", "z-scores", lambda a, b: torch.stack([((x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)) for x in (a, b)]).prod(0).sum(1) / (a.shape[1] - 1)),
    ("z_scores", "var_mean", lambda z: (z - (m := torch.var_mean(z, 1, correction=0, keepdim=True))[1]) / m[0].sqrt()),
]  # fmt: skip
