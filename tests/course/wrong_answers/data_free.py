"""Lesson 10: two losses, another base of the logarithm, the memory."""

import math

import torch
import torch.nn.functional as F

from kdtutor.papers import data_free


def _mean_probabilities(z):
    return z.softmax(1).mean(0)


ANSWERS = [
    ("one_hot_loss", "cross entropy", lambda z: F.cross_entropy(z, z.argmax(1)), "argmax or F.cross_entropy"),
    ("one_hot_loss", "argmax", lambda z: -z.log_softmax(1)[range(len(z)), z.argmax(1)].mean(), "argmax or F.cross_entropy"),
    ("one_hot_loss", "cross entropy with max", lambda z: F.cross_entropy(z, z.max(1).indices), "argmax or F.cross_entropy"),
    ("one_hot_loss", "nll", lambda z: F.nll_loss(z.log_softmax(1), z.max(1).indices), "argmax or F.cross_entropy"),
    ("one_hot_loss", "the package's", lambda z: data_free.one_hot_loss(z), "own function (one_hot_loss)"),
    ("one_hot_loss", "no log", lambda z: -z.softmax(1).amax(1).mean(), "logarithm is missing"),
    ("one_hot_loss", "sign", lambda z: z.log_softmax(1).amax(1).mean(), "the sign is wrong"),
    ("one_hot_loss", "logit", lambda z: -z.amax(1).mean(), "largest logit"),
    ("one_hot_loss", "over the batch", lambda z: -z.log_softmax(0).amax(0).mean(), "over the batch"),
    ("one_hot_loss", "sum", lambda z: -z.log_softmax(1).amax(1).sum(), "batch is summed"),
    ("one_hot_loss", "smallest", lambda z: -z.log_softmax(1).amin(1).mean(), "least likely"),
    ("one_hot_loss", "base 10", lambda z: -z.softmax(1).amax(1).log10().mean(), "base 10"),
    ("one_hot_loss", "tuple of max", lambda z: -z.log_softmax(1).max(1).mean(), "AttributeError"),
    ("one_hot_loss", "largest of all", lambda z: -z.log_softmax(1).max(), "wrong numbers"),
    ("balance_loss", "log of 0", lambda z: (_mean_probabilities(z) * _mean_probabilities(z).log()).sum(), "0 · log 0"),
    ("balance_loss", "mean entropy", lambda z: (z.softmax(1) * z.log_softmax(1)).sum(1).mean(), "mean of the entropies"),
    ("balance_loss", "mean entropy, sign", lambda z: -(z.softmax(1) * z.log_softmax(1)).sum(1).mean(), "and the sign"),
    ("balance_loss", "sign", lambda z: torch.special.entr(_mean_probabilities(z)).sum(), "the sign is wrong"),
    ("balance_loss", "mean over K", lambda z: -torch.special.entr(_mean_probabilities(z)).mean(), "number of classes"),
    ("balance_loss", "base 10", lambda z: -torch.special.entr(_mean_probabilities(z)).sum() / math.log(10), "base 10"),
    ("balance_loss", "a floor", lambda z: (p := _mean_probabilities(z)).mul((p + 1e-2).log()).sum(), "wrong numbers"),
    ("balance_loss", "mean of logits", lambda z: (z.mean(0).softmax(0) * z.mean(0).log_softmax(0)).sum(), "wrong numbers"),
    ("balance_loss", "the package's", lambda z: data_free.entropy_loss(z), "own function (entropy_loss)"),
    ("natural_weight", "the other way", lambda w, b: w * math.log(b), "other way round"),
    ("natural_weight", "stays", lambda w, b: w, "does not stay"),
    ("natural_weight", "log10", lambda w, b: w / math.log10(b), ""),
    ("natural_weight", "always 10", lambda w, b: w / math.log(10), "b is never used"),
    ("natural_weight", "base", lambda w, b: w / b, "wrong numbers"),
    ("natural_weight", "times base", lambda w, b: w * b, "wrong numbers"),
    ("natural_weight", "power", lambda w, b: b**w, "wrong numbers"),
    ("natural_weight", "log2", lambda w, b: w / math.log2(b), "wrong numbers"),
    ("survivors", "oldest first", lambda M, B, u: max(0, 1 - B * u / M), "oldest images"),
    ("survivors", "gone", lambda M, B, u: 1 - (1 - B / M) ** u, "share that is gone"),
    ("survivors", "one image", lambda M, B, u: (1 - 1 / M) ** u, "whole batch"),
    ("survivors", "one update", lambda M, B, u: 1 - B / M, "single update"),
    ("survivors", "how many", lambda M, B, u: M * (1 - B / M) ** u, "factor memory"),
    ("survivors", "power of B", lambda M, B, u: (B / M) ** u, "wrong numbers"),
    ("survivors", "whole numbers", lambda M, B, u: (1 - B // M) ** u, "wrong numbers"),
    ("survivors", "exponential", lambda M, B, u: math.exp(-B * u / M), "wrong numbers"),
]  # fmt: skip
