"""Lesson 14: rounds, dark knowledge permuted, weights, the loss of an exit, and leaving early."""

import torch
import torch.nn.functional as F

from kdtutor.papers import born_again, ridge


def _for_all(p, order):
    """The first sample's order for everybody, written out."""
    made = p.clone()
    for b, row in enumerate(p):
        others = torch.arange(len(row))[torch.arange(len(row)) != row.argmax()]
        made[b, others] = row[others][order[0]]
    return made


def _back(p, order):
    return born_again.permuted(p, order.argsort(1))


def _kl(z, d, T):
    return F.kl_div((z / T).log_softmax(1), (d / T).softmax(1), reduction="batchmean")


def _last_first(z, t):
    sure = z.softmax(2).amax(2) >= t
    sure[0] = True
    return len(z) - 1 - sure.flip(0).int().argmax(0)


def _by_logits(z, t):
    sure = z.amax(2) >= t
    sure[-1] = True
    return sure.int().argmax(0)


ANSWERS = [
    ("shrinkage", "times", lambda d, c, n: d / (d + n * c), "a power"),
    ("shrinkage", "swapped", lambda d, c, n: (c / (c + d)) ** n, "changed places"),
    ("shrinkage", "once", lambda d, c, n: d / (d + c), "there are several"),
    ("shrinkage", "upside down", lambda d, c, n: ((d + c) / d) ** n, "this grows"),
    ("shrinkage", "of the square", lambda d, c, n: (d**2 / (d**2 + c)) ** n, ""),
    ("shrinkage", "one round too few", lambda d, c, n: (d / (d + c)) ** (n - 1), ""),
    ("shrinkage", "one round too many", lambda d, c, n: (d / (d + c)) ** (n + 1), ""),
    ("shrinkage", "the package's", lambda d, c, n: ridge.shrinkage(d, c, n), "own function (shrinkage)"),
    ("dkpp_targets", "all move", lambda p, o: torch.cat([p[:, :-1].gather(1, o), p[:, -1:]], 1), "the largest moves"),
    ("dkpp_targets", "alike", _for_all, "every sample is permuted alike"),
    ("dkpp_targets", "not at all", lambda p, order: 1 * p, "nothing has moved"),
    ("dkpp_targets", "the other way round", _back, ""),
    ("dkpp_targets", "as probabilities", lambda p, order: born_again.permuted(p, order).softmax(1), ""),
    ("dkpp_targets", "sorted", lambda p, order: p.sort(dim=1).values, ""),
    ("dkpp_targets", "turned by one", lambda p, order: p.roll(1, 1), ""),
    ("dkpp_targets", "the package's", lambda p, order: born_again.permuted(p, order), "own function (permuted)"),
    ("cwtm_weights", "not normalised", lambda z: z.softmax(1).amax(1), "not divided by their sum"),
    ("cwtm_weights", "by the largest", lambda z: (q := z.softmax(1).amax(1)) / q.max(), "divided by the largest"),
    ("cwtm_weights", "logits", lambda z: z.amax(1) / z.amax(1).sum(), "largest logit"),
    ("cwtm_weights", "over the batch", lambda z: (q := z.softmax(0).amax(1)) / q.sum(), "softmax over the batch"),
    ("cwtm_weights", "a mean of 1", lambda z: (q := z.softmax(1).amax(1)) / q.mean(), "sum to the size of the batch"),
    ("cwtm_weights", "softmax of them", lambda z: z.softmax(1).amax(1).softmax(0), ""),
    ("cwtm_weights", "the smallest", lambda z: (q := z.softmax(1).amin(1)) / q.sum(), ""),
    ("cwtm_weights", "squared", lambda z: (q := z.softmax(1).amax(1) ** 2) / q.sum(), ""),
    (
        "exit_loss",
        "attached",
        lambda z, d, y, a, T: (1 - a) * F.cross_entropy(z, y) + a * T * T * _kl(z, d, T),
        "not detached",
    ),
    (
        "exit_loss",
        "other direction",
        lambda z, d, y, a, T: (1 - a) * F.cross_entropy(z, y) + a * T * T * _kl(d.detach(), z, T),
        "directions are changed",
    ),
    (
        "exit_loss",
        "no T²",
        lambda z, d, y, a, T: (1 - a) * F.cross_entropy(z, y) + a * _kl(z, d.detach(), T),
        "T² is missing",
    ),
    (
        "exit_loss",
        "share of the labels",
        lambda z, d, y, a, T: a * F.cross_entropy(z, y) + (1 - a) * T * T * _kl(z, d.detach(), T),
        "alpha is the share",
    ),
    (
        "exit_loss",
        "all softened",
        lambda z, d, y, a, T: (1 - a) * F.cross_entropy(z / T, y) + a * T * T * _kl(z, d.detach(), T),
        "softened, too",
    ),
    (
        "exit_loss",
        "two terms of one weight",
        lambda z, d, y, a, T: F.cross_entropy(z, y) + a * T * T * _kl(z, d.detach(), T),
        "",
    ),
    ("exit_loss", "labels alone", lambda z, d, y, a, T: F.cross_entropy(z, y), ""),
    ("exit_loss", "teacher alone", lambda z, d, y, a, T: T * T * _kl(z, d.detach(), T), ""),
    ("leaves_at", "logits", _by_logits, "compared with logits"),
    ("leaves_at", "nobody is sure", lambda z, t: (z.softmax(2).amax(2) >= t).byte().argmax(0), "leaves at the last"),
    ("leaves_at", "the surest", lambda z, t: z.softmax(2).amax(2).argmax(0), "the surest exit"),
    ("leaves_at", "over the exits", lambda z, t: _by_logits(z.softmax(0), t), ""),
    ("leaves_at", "the last that is sure", _last_first, ""),
    (
        "leaves_at",
        "one too late",
        lambda z, t: ((z.softmax(2).amax(2) >= t).int().argmax(0) + 1).clamp(max=len(z) - 1),
        "",
    ),
    ("leaves_at", "always the first", lambda z, t: torch.zeros(z.shape[1], dtype=torch.long), ""),
    ("leaves_at", "always the last", lambda z, t: torch.full((z.shape[1],), len(z) - 1), ""),
]
