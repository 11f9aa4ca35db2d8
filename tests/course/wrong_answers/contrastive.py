"""Lesson 16: negatives, the other classes' part of KL, correlation, z-scores."""

import torch
import torch.nn.functional as F
from torch import Tensor

from kdtutor.papers import decoupled, standardized, stronger


def _soft(z: Tensor, T: float, dim: int = 1) -> Tensor:
    return F.softmax(z / T, dim)


def _others(z: Tensor, labels: Tensor) -> Tensor:
    return torch.stack([torch.cat([row[:k], row[k + 1 :]]) for row, k in zip(z, labels.tolist(), strict=True)])


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p.log() - q.log())).sum(1)


def _nckd(s: Tensor, t: Tensor, y: Tensor, T: float, factor: float = 2) -> Tensor:
    return T**factor * _kl(_soft(_others(t, y), T), _soft(_others(s, y), T)).mean()


def _kept(s: Tensor, t: Tensor, y: Tensor, T: float) -> Tensor:
    p, q = _soft(t, T), _soft(s, T)
    return T**2 * (_kl(p, q) - (p * (p / q).log()).gather(1, y[:, None])[:, 0]).mean()


def _binary(z: Tensor, y: Tensor, T: float) -> Tensor:
    p = _soft(z, T).gather(1, y[:, None])
    return torch.cat([p, 1 - p], 1)


def _coupled(s: Tensor, t: Tensor, y: Tensor, T: float) -> Tensor:
    each = _kl(_soft(_others(t, y), T), _soft(_others(s, y), T))
    return T**2 * (each * (1 - _soft(t, T).gather(1, y[:, None])[:, 0])).mean()


def _one(y: Tensor, k: int) -> Tensor:
    return F.one_hot(y, k)


def _centred(x: Tensor, dim: int = 1) -> Tensor:
    return x - x.mean(dim, keepdim=True)


ANSWERS = [
    ("may_be_negative", "all but itself", lambda y, row: torch.arange(len(y)).ne(row), "images of the same class are among"),
    ("may_be_negative", "all", lambda y, row: y == y, "the image itself too"),
    ("may_be_negative", "its class", lambda y, row: y.eq(y[row]), "which are not negatives"),
    ("may_be_negative", "rows", lambda y, row: torch.where(y != y[row])[0], "these are the rows"),
    ("may_be_negative", "the row's number", lambda y, row: y.ne(row), "the row's label"),
    ("may_be_negative", "larger labels", lambda y, row: y > y[row], ""),
    ("may_be_negative", "smaller labels", lambda y, row: y < y[row], ""),
    ("may_be_negative", "as numbers of the labels", lambda y, row: (y - y[row]).abs(), ""),
    ("may_be_negative", "one of them", lambda y, row: (y != y[row]).any(), "shape"),
    ("nckd", "all K classes", _kept, "softmax over the K - 1 others"),
    ("nckd", "weighed", _coupled, "leave the weight out"),
    ("nckd", "times 0", lambda s, t, y, T: T**2 * _kl(_soft(t * (1 - _one(y, t.shape[1])), T), _soft(s * (1 - _one(y, s.shape[1])), T)).mean(), "stays a class with logit 0"),
    ("nckd", "TCKD", lambda s, t, y, T: T**2 * _kl(_binary(t, y, T), _binary(s, y, T)).mean(), "this is TCKD"),
    ("nckd", "KL", lambda s, t, y, T: T**2 * _kl(_soft(t, T), _soft(s, T)).mean(), "leave the label out"),
    ("nckd", "no T²", lambda s, t, y, T: _nckd(s, t, y, T, 0), "T² is missing"),
    ("nckd", "sum", lambda s, t, y, T: len(s) * _nckd(s, t, y, T), "take their mean"),
    ("nckd", "first choice", lambda s, t, y, T: _nckd(s, t, t.argmax(1), T), "it has to be the label"),
    ("nckd", "T", lambda s, t, y, T: _nckd(s, t, y, T, 1), ""),
    ("nckd", "sides exchanged", lambda s, t, y, T: _nckd(t, s, y, T), ""),
    ("nckd", "the package's", lambda s, t, y, T: decoupled.nckd_loss(s, t, y, T), "own function (nckd_loss)"),
    ("pearson", "cosine", lambda a, b: (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)), "this is the cosine"),
    ("pearson", "over samples", lambda a, b: F.cosine_similarity(_centred(a, 0), _centred(b, 0), dim=0), "take the classes"),
    ("pearson", "covariance", lambda a, b: (_centred(a) * _centred(b)).mean(1), "divide by both lengths"),
    ("pearson", "batch mean", lambda a, b: F.cosine_similarity(a - a.mean(), b - b.mean(), dim=1), "each row's own"),
    ("pearson", "one centred", lambda a, b: (_centred(a) * b).sum(1) / (_centred(a).norm(dim=1) * b.norm(dim=1)), "both have to be"),
    ("pearson", "the loss", lambda a, b: 1 - F.cosine_similarity(_centred(a), _centred(b), dim=1), "return ρ"),
    ("pearson", "mean", lambda a, b: F.cosine_similarity(_centred(a), _centred(b), dim=1).mean(), "one number for each"),
    ("pearson", "squared", lambda a, b: F.cosine_similarity(_centred(a), _centred(b), dim=1).square(), ""),
    ("pearson", "the package's", lambda a, b: stronger.pearson(a, b), "own function (pearson)"),
    ("z_scores", "Bessel", lambda z: _centred(z) / z.std(1, keepdim=True), "torch.std's default"),
    ("z_scores", "over samples", lambda z: _centred(z, 0) / z.std(0, correction=0, keepdim=True), "take the classes"),
    ("z_scores", "whole batch", lambda z: (z - z.mean()) / z.std(correction=0), "each sample's own"),
    ("z_scores", "not centred", lambda z: z / z.std(1, correction=0, keepdim=True), "the mean is not taken away"),
    ("z_scores", "variance", lambda z: _centred(z) / _centred(z).square().mean(1, keepdim=True), "take its root"),
    ("z_scores", "layer norm", lambda z: F.layer_norm(z, z.shape[1:]), "under the root"),
    ("z_scores", "eps beside the root", lambda z: _centred(z) / (z.std(1, correction=0, keepdim=True) + 1e-5), "too large"),
    ("z_scores", "length 1", lambda z: F.normalize(_centred(z), dim=1), ""),
    ("z_scores", "the package's", lambda z: standardized.standardize(z), "own function (standardize)"),
]  # fmt: skip
