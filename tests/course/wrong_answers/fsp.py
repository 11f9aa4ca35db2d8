"""Lesson 03: the matrix, the loss, bytes, honest speed."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F

from kdtutor.papers import fsp
from kdtutor.papers.fsp import fsp_matrix as matrix


def _pooled(a, b, pool=F.adaptive_max_pool2d):
    size = min(a.shape[2], b.shape[2]), min(a.shape[3], b.shape[3])
    return pool(a, size), pool(b, size)


def _products(a, b):
    a, b = _pooled(a, b)
    return (a.unsqueeze(2) * b.unsqueeze(1)).flatten(3).mean(3)


def _matrix(a, b, pool=F.adaptive_max_pool2d):
    a, b = _pooled(a, b, pool)
    return torch.einsum("bchw,bdhw->bcd", a, b) / a[0, 0].numel()


def _flows(maps_s, maps_t):
    return [matrix(*s) - matrix(*t).detach() for s, t in zip(pairwise(maps_s), pairwise(maps_t), strict=True)]


def _steps(curve, first, steps, target, reached=lambda a, t: a >= t, start=1, never=math.inf):
    for epoch, accuracy in enumerate(curve, start):
        if reached(accuracy, target):
            return (first + epoch) * steps
    return never


ANSWERS = [
    ("fsp_matrix", "all products", _products, "the products of all positions"),
    ("fsp_matrix", "the package's", lambda a, b: fsp.fsp_matrix(a, b), "the package's own function (fsp_matrix)"),
    ("fsp_matrix", "no mean", lambda a, b: _matrix(a, b) * _pooled(a, b)[0][0, 0].numel(), "mean over the h·w"),
    ("fsp_matrix", "transposed", lambda a, b: _matrix(b, a), "transposed"),
    ("fsp_matrix", "no pooling", lambda a, b: torch.einsum("bchw,bdhw->bcd", a, b) / a[0, 0].numel(), "different size"),
    ("fsp_matrix", "second smaller", lambda a, b: _matrix(F.adaptive_max_pool2d(a, b.shape[2:]), b), "the smaller one"),
    ("fsp_matrix", "average", lambda a, b: _matrix(a, b, F.adaptive_avg_pool2d), "by its mean"),
    ("fsp_matrix", "batch summed", lambda a, b: _matrix(a, b).sum(0), "sums over the batch"),
    ("fsp_matrix", "batch mean", lambda a, b: _matrix(a, b).mean(0), "mean over the batch"),
    ("fsp_matrix", "root of positions", lambda a, b: _matrix(a, b) * _pooled(a, b)[0][0, 0].numel() ** 0.5, "wrong numbers"),
    ("fsp_matrix", "divides by channels", lambda a, b: _matrix(a, b) / a.shape[1], "a.shape[1]"),
    ("fsp_loss", "the package's", lambda s, t: fsp.fsp_loss(s, t), "the package's own function (fsp_loss)"),
    ("fsp_loss", "teacher learns", lambda s, t: sum(F.mse_loss(matrix(*a), matrix(*b)) for a, b in zip(pairwise(s), pairwise(t), strict=True)), "teacher's side"),
    ("fsp_loss", "averaged", lambda s, t: torch.stack([d.square().mean() for d in _flows(s, t)]).mean(), "pairs are averaged"),
    ("fsp_loss", "ends only", lambda s, t: (matrix(s[0], s[-1]) - matrix(t[0], t[-1]).detach()).square().mean(), "first layer is compared with the last"),
    ("fsp_loss", "summed", lambda s, t: sum(d.square().sum() for d in _flows(s, t)), "squares are summed"),
    ("fsp_loss", "summed over the matrix", lambda s, t: sum(d.square().sum((1, 2)).mean() for d in _flows(s, t)), "over the matrix"),
    ("fsp_loss", "root", lambda s, t: sum(d.square().mean().sqrt() for d in _flows(s, t)), "root is too much"),
    ("fsp_loss", "absolute", lambda s, t: sum(d.abs().mean() for d in _flows(s, t)), "absolute"),
    ("fsp_loss", "first pair", lambda s, t: _flows(s, t)[0].square().mean(), ""),
    ("fsp_loss", "a list", lambda s, t: [d.square().mean() for d in _flows(s, t)], "a list"),
    ("fsp_loss", "student detached", lambda s, t: sum(d.detach().square().mean() for d in _flows(s, t)), "no gradient"),
    ("fsp_loss", "takes maps away", lambda s, t: (sum(d.square().mean() for d in _flows(s, t)), s.pop())[0], "writes into its arguments"),
    ("broadcast_bytes", "numbers", lambda B, C, D, h, w: B * C * D * h * w, "numbers, not bytes"),
    ("broadcast_bytes", "result", lambda B, C, D, h, w: 4 * B * C * D, "result alone"),
    ("broadcast_bytes", "maps", lambda B, C, D, h, w: 4 * B * (C + D) * h * w, "two maps"),
    ("broadcast_bytes", "no batch", lambda B, C, D, h, w: 4 * C * D * h * w, "batch is missing"),
    ("broadcast_bytes", "bits", lambda B, C, D, h, w: 32 * B * C * D * h * w, "bits"),
    ("broadcast_bytes", "float64", lambda B, C, D, h, w: 8 * B * C * D * h * w, "2 times"),
    ("broadcast_bytes", "kilobytes", lambda B, C, D, h, w: 4 * B * C * D * h * w / 1000, "0.001 times"),
    ("broadcast_bytes", "no width", lambda B, C, D, h, w: 4 * B * C * D * h, "factor w"),
    ("broadcast_bytes", "square", lambda B, C, D, h, w: 4 * B * C * D * h * h, ""),
    ("steps_to_reach", "no first phase", lambda c, f, n, t: _steps(c, 0, n, t), "first phase are missing"),
    ("steps_to_reach", "from 0", lambda c, f, n, t: _steps(c, f, n, t, start=0), "not after none"),
    ("steps_to_reach", "epochs", lambda c, f, n, t: _steps(c, f, 1, t), "these are epochs"),
    ("steps_to_reach", "more than", lambda c, f, n, t: _steps(c, f, n, t, lambda a, b: a > b), ""),
    ("steps_to_reach", "None if never", lambda c, f, n, t: _steps(c, f, n, t, never=None), "returns nothing"),
    ("steps_to_reach", "-1 if never", lambda c, f, n, t: _steps(c, f, n, t, never=-1), ""),
    ("steps_to_reach", "best epoch", lambda c, f, n, t: (f + 1 + c.index(max(c))) * n if max(c) >= t else math.inf, "best epoch"),
    ("steps_to_reach", "all epochs", lambda c, f, n, t: (f + len(c)) * n if max(c) >= t else math.inf, ""),
    ("steps_to_reach", "list.index", lambda c, f, n, t: (f + 1 + c.index(t)) * n, "ValueError"),
]  # fmt: skip
