"""Lesson 18: patches, attention, both objectives, and two heads as one."""

import torch.nn.functional as F

from kdtutor.nets import vit
from kdtutor.papers import deit


def _cut(x, p, order):
    B, C, H, W = x.shape
    return x.reshape(B, C, H // p, p, W // p, p).permute(*order).reshape(B, -1, C * p * p)


def _scores(q, k):
    return q @ k.mT / q.shape[-1] ** 0.5


def _kl(s, t, tau):
    return F.kl_div((s / tau).log_softmax(1), (t.detach() / tau).softmax(1), reduction="batchmean")


def _half(c, y, d, y_t):
    return (F.cross_entropy(c, y) + F.cross_entropy(d, y_t)) / 2


ANSWERS = [
    ("patchify", "as they lie", lambda x, p: x.reshape(len(x), -1, x.shape[1] * p * p), "in stripes"),
    ("patchify", "by columns", lambda x, p: F.unfold(x.mT, p, stride=p).mT.unflatten(2, (-1, p, p)).mT.flatten(2), "column by column"),
    ("patchify", "channels last", lambda x, p: _cut(x, p, (0, 2, 4, 3, 5, 1)), "channels come last"),
    ("patchify", "turned", lambda x, p: _cut(x, p, (0, 2, 4, 1, 5, 3)), "on its side"),
    ("patchify", "channels in front", lambda x, p: x.unfold(2, p, p).unfold(3, p, p).reshape(len(x), -1, x.shape[1] * p * p), "still in front"),
    ("patchify", "numbers first", lambda x, p: F.unfold(x, p, stride=p), "shape"),
    ("patchify", "the first channel alone", lambda x, p: F.unfold(x[:, :1].expand_as(x), p, stride=p).mT, ""),
    ("patchify", "backwards", lambda x, p: F.unfold(x, p, stride=p).mT.flip(1), ""),
    ("patchify", "the package's", lambda x, p: vit.patches(x, p), "own function (patches)"),
    ("attend", "unscaled", lambda q, k, v: (q @ k.mT).softmax(-1) @ v, "1/√d is missing"),
    ("attend", "by d", lambda q, k, v: (q @ k.mT / q.shape[-1]).softmax(-1) @ v, "√d"),
    ("attend", "columns", lambda q, k, v: _scores(q, k).softmax(-2) @ v, "tokens that ask"),
    ("attend", "heads", lambda q, k, v: _scores(q, k).softmax(1) @ v, "heads"),
    ("attend", "no softmax", lambda q, k, v: _scores(q, k) @ v, "softmax is missing"),
    ("attend", "swapped", lambda q, k, v: _scores(k, q).softmax(-1) @ v, "changed places"),
    ("attend", "torch's", lambda q, k, v: F.scaled_dot_product_attention(q, k, v), "torch's attention did it"),
    ("attend", "the package's", lambda q, k, v: vit.attention(q, k, v)[0], "own function (attention)"),
    ("hard_objective", "one token", lambda c, d, t, y: _half(c, y, c, t.argmax(1)), "both halves read the class token"),
    ("hard_objective", "swapped", lambda c, d, t, y: _half(d, y, c, t.argmax(1)), "changed places"),
    ("hard_objective", "whole", lambda c, d, t, y: 2 * _half(c, y, d, t.argmax(1)), "each counts ½"),
    ("hard_objective", "labels alone", lambda c, d, t, y: _half(c, y, d, y), "not used"),
    ("hard_objective", "its own", lambda c, d, t, y: _half(c, y, d, d.argmax(1)), "student's own"),
    ("hard_objective", "soft", lambda c, d, t, y: _half(c, y, d, t.detach().softmax(1)), "is soft"),
    ("hard_objective", "soft, not cut off", lambda c, d, t, y: _half(c, y, d, t.softmax(1)), "gradient"),
    ("hard_objective", "logits", lambda c, d, t, y: _half(c, y, d, t), "logits themselves"),
    ("hard_objective", "the mean", lambda c, d, t, y: _half((c + d) / 2, y, (c + d) / 2, t.argmax(1)), "averaged first"),
    ("hard_objective", "the package's", lambda c, d, t, y: F.cross_entropy(c, y) / 2 + deit.hard_loss(d, t) / 2, "own function (hard_loss)"),
    ("soft_objective", "no factor", lambda s, t, y, a, T: (1 - a) * F.cross_entropy(s, y) + a * _kl(s, t, T), "τ² is missing"),
    ("soft_objective", "τ", lambda s, t, y, a, T: (1 - a) * F.cross_entropy(s, y) + a * T * _kl(s, t, T), "has to be τ²"),
    ("soft_objective", "authors'", lambda s, t, y, a, T: (1 - a) * F.cross_entropy(s, y) + a * T**2 * _kl(s, t, T) / s.shape[1], "authors' code"),
    ("soft_objective", "shares", lambda s, t, y, a, T: a * F.cross_entropy(s, y) + (1 - a) * T**2 * _kl(s, t, T), "changed places"),
    ("soft_objective", "in full", lambda s, t, y, a, T: F.cross_entropy(s, y) + a * T**2 * _kl(s, t, T), "counts in full"),
    ("soft_objective", "teacher moves", lambda s, t, y, a, T: (1 - a) * F.cross_entropy(s, y) + a * T**2 * F.kl_div((s / T).log_softmax(1), (t / T).softmax(1), reduction="batchmean"), "z_t.detach()"),
    ("soft_objective", "labels alone", lambda s, t, y, a, T: F.cross_entropy(s, y), ""),
    ("soft_objective", "the other direction", lambda s, t, y, a, T: (1 - a) * F.cross_entropy(s, y) + a * T**2 * _kl(t.detach(), s, T), ""),
    ("fuse", "logits", lambda c, d: ((c + d) / 2).softmax(1), "authors' code"),
    ("fuse", "sum", lambda c, d: c.softmax(1) + d.softmax(1), "halve"),
    ("fuse", "batch", lambda c, d: (c.softmax(0) + d.softmax(0)) / 2, "dim=0"),
    ("fuse", "one", lambda c, d: d.softmax(1), "not asked"),
    ("fuse", "twice", lambda c, d: ((c.softmax(1) + d.softmax(1)) / 2).softmax(1), "nearly flat"),
    ("fuse", "the other one", lambda c, d: c.softmax(1), ""),
    ("fuse", "the surer of both", lambda c, d: c.softmax(1).maximum(d.softmax(1)), ""),
    ("fuse", "the package's", lambda c, d: deit.fused(c, d).softmax(1), "own function (fused)"),
]  # fmt: skip
