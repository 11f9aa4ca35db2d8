"""Lesson 11: both potentials, numbers of triples, recall."""

import torch
import torch.nn.functional as F

from kdtutor.papers import relational


def _towards(e):
    return e.unsqueeze(0) - e.unsqueeze(1)


def _loops(e):
    d = torch.stack([torch.stack([(a - b).norm() for b in e]) for a in e])
    return d / (d.sum() / (len(e) * (len(e) - 1)))


def _unit(e):
    return F.normalize(_towards(e), dim=2)


def _nearest(e, labels, distance, pick="argmin"):
    return (labels[getattr(distance(e), pick)(dim=1)] == labels).float().mean()


def _others(e):
    return torch.cdist(e, e).fill_diagonal_(torch.inf)


ANSWERS = [
    ("rkd_distances", "loops", _loops, "in a loop"),
    ("rkd_distances", "a loop over rows", lambda e: (d := torch.stack([(e - a).norm(dim=1) for a in e])) * len(e) * (len(e) - 1) / d.sum(), "in a loop"),
    ("rkd_distances", "the package's", lambda e: relational.distances(e), "own function (distances)"),
    ("rkd_distances", "not divided", lambda e: torch.cdist(e, e), "not divided"),
    ("rkd_distances", "mean with the diagonal", lambda e: (d := torch.cdist(e, e)) / d.mean(), "diagonal"),
    ("rkd_distances", "squared", lambda e: (d := torch.cdist(e, e).square()) * len(e) * (len(e) - 1) / d.sum(), "squared"),
    ("rkd_distances", "largest", lambda e: (d := torch.cdist(e, e)) / d.max(), "largest distance"),
    ("rkd_distances", "rows", lambda e: (d := torch.cdist(e, e)) / d.sum(1, keepdim=True) * (len(e) - 1), "each row"),
    ("rkd_distances", "half of the pairs", lambda e: (d := torch.cdist(e, e)) * len(e) * (len(e) - 1) / 2 / d.sum(), "counted once"),
    ("rkd_distances", "over the samples", lambda e: (d := _towards(e).norm(dim=1)) / d.mean(), ""),
    ("rkd_distances", "L1", lambda e: (d := torch.cdist(e, e, p=1)) * len(e) * (len(e) - 1) / d.sum(), ""),
    ("rkd_angles", "the package's", lambda e: relational.angles(e), "own function (angles)"),
    ("rkd_angles", "products", lambda e: _towards(e) @ _towards(e).mT, "not length 1"),
    ("rkd_angles", "from the origin", lambda e: (u := F.normalize(e, dim=1)).matmul(u.T).expand(len(e), -1, -1), "from the origin"),
    ("rkd_angles", "vertex last", lambda e: (_unit(e) @ _unit(e).mT).permute(1, 2, 0), "vertex comes last"),
    ("rkd_angles", "sign", lambda e: -(_unit(e) @ _unit(e).mT), "sign is turned"),
    ("rkd_angles", "angles", lambda e: (_unit(e) @ _unit(e).mT).clamp(-1, 1).acos(), "cosines are wanted"),
    ("rkd_angles", "0/0", lambda e: (u := _towards(e) / _towards(e).norm(dim=2, keepdim=True)) @ u.mT, "0/0"),
    ("rkd_angles", "no keepdim", lambda e: _towards(e) / _towards(e).norm(dim=2), "keepdim"),
    ("rkd_angles", "no transpose", lambda e: _unit(e) @ _unit(e), ""),
    ("rkd_angles", "over the samples", lambda e: (u := F.normalize(_towards(e), dim=1)) @ u.mT, "over the samples"),
    ("angle_numbers", "cosines alone", lambda B, D: B**3, "cosines alone"),
    ("angle_numbers", "differences alone", lambda B, D: B * B * D, "differences alone"),
    ("angle_numbers", "bytes", lambda B, D: 4 * (B * B * D + B**3), "bytes"),
    ("angle_numbers", "one matrix", lambda B, D: B * B * D + B * B, "B · B · B"),
    ("angle_numbers", "pairs once", lambda B, D: B * (B - 1) // 2 * D + B**3, "wrong numbers"),
    ("angle_numbers", "embeddings", lambda B, D: B * D + B**3, "wrong numbers"),
    ("angle_numbers", "product", lambda B, D: B * B * D * B**3, "wrong numbers"),
    ("angle_numbers", "triples once", lambda B, D: B * B * D + B * (B - 1) * (B - 2), "wrong numbers"),
    ("recall_at_1", "itself", lambda e, y: _nearest(e, y, lambda e: torch.cdist(e, e)), "its own nearest"),
    ("recall_at_1", "second without care", lambda e, y: _nearest(e, y, lambda e: torch.cdist(e, e), "argmax"), "farthest"),
    ("recall_at_1", "product", lambda e, y: _nearest(e, y, lambda e: (e @ e.T).fill_diagonal_(-torch.inf), "argmax"), "large inner product"),
    ("recall_at_1", "errors", lambda e, y: 1 - _nearest(e, y, _others), "wrong neighbours"),
    ("recall_at_1", "count", lambda e, y: _nearest(e, y, _others) * len(e), "factor len(e)"),
    ("recall_at_1", "percent", lambda e, y: 100 * _nearest(e, y, _others), "100 times"),
    ("recall_at_1", "neighbours", lambda e, y: _others(e).argmin(1), "shape"),
    ("recall_at_1", "one by one", lambda e, y: (y[_others(e).argmin(1)] == y).float(), "the mean of these"),
    ("recall_at_1", "cosines", lambda e, y: _nearest(F.normalize(e, dim=1), y, _others), "wrong numbers"),
]  # fmt: skip
