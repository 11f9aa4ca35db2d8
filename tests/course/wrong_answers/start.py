"""Lesson 00: accuracy, confusion, entropy."""

import torch

from kdtutor.papers import hinton

ANSWERS = [
    ("accuracy", "counts", lambda z, y: (z.argmax(1) == y).sum(), "divide by the number of images"),
    ("accuracy", "wrong dim", lambda z, y: (z.argmax(0)[y] == y).float().mean(), "over the images"),
    ("accuracy", "percent", lambda z, y: (z.argmax(1) == y).float().mean() * 100, "in percent"),
    ("accuracy", "errors", lambda z, y: (z.argmax(1) != y).float().mean(), "share of wrong"),
    ("accuracy", "smallest logit", lambda z, y: (z.argmin(1) == y).float().mean(), "takes the smallest logit"),
    ("accuracy", "one by one", lambda z, y: (z.argmax(1) == y).float(), "the mean of these"),
    ("accuracy", "tuple of max", lambda z, y: (z.max(1) == y).float().mean(), "AttributeError"),
    ("accuracy", "values of max", lambda z, y: (z.max(1).values == y).float().mean(), "wrong numbers"),
    ("accuracy", "divides by K", lambda z, y: (z.argmax(1) == y).sum() / z.shape[1], "wrong numbers"),
    ("accuracy", "always five classes", lambda z, y: (z[:, :5].argmax(1) == y).float().mean() * 0.5, "0.5 times"),
    ("confusion", "transposed", lambda y, p, K: _counts(p, y, K), "rows and columns"),
    ("confusion", "zeros and ones", lambda y, p, K: (_counts(y, p, K) > 0).long(), "add up"),
    ("confusion", "truths", lambda y, p, K: _counts(y, p, K) > 0, "True and False"),
    ("confusion", "shares", lambda y, p, K: _counts(y, p, K) / len(y), "these are shares"),
    ("confusion", "rows to 1", lambda y, p, K: _counts(y, p, K) / _counts(y, p, K).sum(1, keepdim=True), "wrong numbers"),
    ("confusion", "always 5", lambda y, p, K: _counts(y, p, 7)[:5, :5], "take K"),
    ("confusion", "index assignment", lambda y, p, K: _once(y, p, K), "add up"),
    ("confusion", "right ones", lambda y, p, K: _counts(y, p, K).diagonal().diag(), "only the right answers"),
    ("confusion", "flat", lambda y, p, K: torch.bincount(y * K + p, minlength=K * K), "shape"),
    ("confusion", "too short", lambda y, p, K: torch.bincount(y * K + p).view(K, K), "RuntimeError"),
    ("entropy", "NaN at 0", lambda p: -(p * p.log()).sum(1), "0 · log 0"),
    ("entropy", "negative", lambda p: -torch.special.entr(p).sum(1), "the sign"),
    ("entropy", "bits", lambda p: torch.special.entr(p).sum(1) / torch.log(torch.tensor(2.0)), "in bits"),
    ("entropy", "mean over K", lambda p: torch.special.entr(p).mean(1), "averages over the classes"),
    ("entropy", "over the batch", lambda p: torch.special.entr(p).sum(0), "over the samples"),
    ("entropy", "one number", lambda p: torch.special.entr(p).sum(1).mean(), "every row keeps its own"),
    ("entropy", "keepdim", lambda p: torch.special.entr(p).sum(1, keepdim=True), "shape is (4, 1)"),
    ("entropy", "without log", lambda p: -(p * p).sum(1), "logarithm is missing"),
    ("entropy", "per element", lambda p: torch.special.entr(p), "shape"),
    ("entropy", "the package's", hinton.entropy, "the package's own function (entropy)"),
    ("entropy", "a large floor", lambda p: -(p * (p + 0.01).log()).sum(1), "wrong numbers"),
]  # fmt: skip


def _counts(labels, predictions, K):
    return torch.bincount(labels * K + predictions, minlength=K * K).view(K, K)


def _once(labels, predictions, K):
    counts = torch.zeros(K, K, dtype=torch.long)
    counts[labels, predictions] += 1
    return counts
