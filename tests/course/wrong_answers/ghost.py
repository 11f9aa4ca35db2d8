"""Lesson 08: parameters, likeness, the module."""

import math

import torch
import torch.nn.functional as F

from kdtutor.papers import ghost


def _centred(x, y):
    return x - x.mean(), y - y.mean()


def _module(x, primary, cheap, n, first=F.relu, second=F.relu, groups=None):
    y = first(F.conv2d(x, primary, padding=primary.shape[-1] // 2))
    ghosts = second(F.conv2d(y, cheap, padding=cheap.shape[-1] // 2, groups=groups or len(primary)))
    return torch.cat([y, ghosts], 1)[:, :n]


def _same(x):
    return x


ANSWERS = [
    ("ghost_parameters", "rounded down", lambda c, n, k, s, d: n // s * (c * k * k + (s - 1) * d * d), "round n / s up"),
    ("ghost_parameters", "no ghosts", lambda c, n, k, s, d: math.ceil(n / s) * c * k * k, "ghosts are missing"),
    ("ghost_parameters", "cheap ones read all", lambda c, n, k, s, d: (m := math.ceil(n / s)) * c * k * k + m * m * (s - 1) * d * d, "reads one map"),
    ("ghost_parameters", "s ghosts", lambda c, n, k, s, d: math.ceil(n / s) * (c * k * k + s * d * d), "s - 1 ghosts, not s"),
    ("ghost_parameters", "ordinary", lambda c, n, k, s, d: n * c * k * k, "ordinary convolution"),
    ("ghost_parameters", "n − m ghosts", lambda c, n, k, s, d: (m := math.ceil(n / s)) * c * k * k + (n - m) * d * d, "dropped ghosts"),
    ("ghost_parameters", "sides", lambda c, n, k, s, d: math.ceil(n / s) * (c * k + (s - 1) * d), "whole filters"),
    ("ghost_parameters", "a fraction", lambda c, n, k, s, d: n / s * (c * k * k + (s - 1) * d * d), ""),
    ("ghost_parameters", "the package's", lambda c, n, k, s, d: ghost.ghost_cost(c, n, k, s, d).parameters, "own function (ghost_cost)"),
    ("map_likeness", "no means", lambda x, y: (x * y).mean() / (x.square().mean() * y.square().mean()).sqrt(), "means are not subtracted"),
    ("map_likeness", "cosine", lambda x, y: F.cosine_similarity(x.flatten(), y.flatten(), dim=0), "means are not subtracted"),
    ("map_likeness", "covariance", lambda x, y: ((x - x.mean()) * (y - y.mean())).mean(), "covariance"),
    ("map_likeness", "size", lambda x, y: torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[0, 1].abs(), "sign is lost"),
    ("map_likeness", "squared", lambda x, y: torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[0, 1] ** 2, "r²"),
    ("map_likeness", "variances", lambda x, y: (x - x.mean()).mul(y - y.mean()).mean() / (x.var(correction=0) * y.var(correction=0)), "not by the variances"),
    ("map_likeness", "N − 1", lambda x, y: (x - x.mean()).mul(y - y.mean()).mean() / (x.std() * y.std()), "N - 1"),
    ("map_likeness", "matrix", lambda x, y: torch.corrcoef(torch.stack([x.flatten(), y.flatten()])), "shape"),
    ("map_likeness", "image by image", lambda x, y: torch.stack([torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1] for a, b in zip(x, y, strict=True)]).mean(), "wrong numbers"),
    ("map_likeness", "the package's", lambda x, y: ghost.correlation(torch.stack([x, y], 1))[0, 1], "own function (correlation)"),
    ("ghost_maps", "ghosts first", lambda x, p, c, n: torch.cat([_module(x, p, c, 99)[:, len(p):], _module(x, p, c, len(p))], 1)[:, :n], "ghosts come first"),
    ("ghost_maps", "no first ReLU", lambda x, p, c, n: _module(x, p, c, n, first=_same), "after the primary"),
    ("ghost_maps", "no second ReLU", lambda x, p, c, n: _module(x, p, c, n, second=_same), "ghosts need a ReLU"),
    ("ghost_maps", "no ReLU", lambda x, p, c, n: _module(x, p, c, n, _same, _same), "ReLUs are missing"),
    ("ghost_maps", "uncut", lambda x, p, c, n: _module(x, p, c, 99), "too many maps"),
    ("ghost_maps", "intrinsic alone", lambda x, p, c, n: F.conv2d(x, p, padding=p.shape[-1] // 2).relu(), "join the ghosts"),
    ("ghost_maps", "no groups", lambda x, p, c, n: _module(x, p, c, n, groups=1), "RuntimeError"),
    ("ghost_maps", "padding 1", lambda x, p, c, n: torch.cat([y := F.conv2d(x, p, padding=1).relu(), F.conv2d(y, c, padding=1, groups=len(p)).relu()], 1)[:, :n], ""),
    ("ghost_maps", "no padding", lambda x, p, c, n: F.conv2d(x, p).relu()[:, :n], "shape"),
    ("ghost_maps", "the last n", lambda x, p, c, n: _module(x, p, c, 99)[:, -n:], ""),
]  # fmt: skip
