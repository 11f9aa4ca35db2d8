"""Lesson 01: softmax by hand, the loss, its gradient, the best bias."""

import torch
import torch.nn.functional as F
from torch import nn

import kdtutor.papers.hinton
from kdtutor.papers.hinton import kd_loss as renamed


def _softmax_with(shift):
    def soften(z, T):
        e = (z / T - shift(z / T)).exp()
        return e / e.sum(1, keepdim=True)

    return soften


def _kl(s, t, T, reduction="batchmean", factor=2, dim=1):
    return T**factor * F.kl_div(F.log_softmax(s / T, dim), F.softmax(t / T, dim), reduction=reduction)


def _by_autograd(z_s, z_t, T):
    z = z_s.clone().requires_grad_()
    return torch.autograd.grad(_kl(z, z_t, T), z)[0]


def _backward(z_s, z_t, T):
    z = z_s.clone().requires_grad_()
    _kl(z, z_t, T).backward()
    return z.grad


def _difference(z_s, z_t, T):
    return F.softmax(z_s / T, 1) - F.softmax(z_t / T, 1)


def _accuracies(logits, labels, k, biases, add=lambda raised, k, bias: raised[:, k].add_(bias)):
    found = []
    for bias in biases:
        raised = logits.clone()
        add(raised, k, bias)
        found.append((raised.argmax(1) == labels).float().mean().item())
    return found


def _last_tie(logits, labels, k, biases):
    best, chosen = -1, None
    for bias, accuracy in zip(biases, _accuracies(logits, labels, k, biases), strict=True):
        if accuracy >= best:
            best, chosen = accuracy, bias
    return chosen


def _smallest(logits, labels, k, biases):
    found = _accuracies(logits, labels, k, sorted(biases))
    return sorted(biases)[found.index(max(found))]


def _growing(logits, labels, k, biases):
    found = []
    for bias in biases:
        logits[:, k] += bias
        found.append((logits.argmax(1) == labels).float().mean().item())
    return biases[found.index(max(found))]


def _for_k(logits, labels, k, biases):
    found = _accuracies(logits[labels == k], labels[labels == k], k, biases)
    return biases[found.index(max(found))]


def _sorted_in_place(logits, labels, k, biases):
    found = _accuracies(logits, labels, k, biases)
    best = biases[found.index(max(found))]
    biases.sort()
    return best


ANSWERS = [
    ("soften", "overflow", lambda z, T: (z / T).exp() / (z / T).exp().sum(1, keepdim=True), "exp overflows"),
    ("soften", "mean of the row", _softmax_with(lambda z: z.mean(1, keepdim=True)), "the mean is subtracted"),
    ("soften", "mean of all", _softmax_with(lambda z: z.mean()), "the mean of the batch"),
    ("soften", "global maximum", _softmax_with(lambda z: z.max()), "the largest logit of the batch"),
    ("soften", "column maximum", _softmax_with(lambda z: z.max(0).values), "column's largest"),
    ("soften", "minimum", _softmax_with(lambda z: z.amin(1, keepdim=True)), "smallest logit"),
    ("soften", "tuple of max", _softmax_with(lambda z: z.max(1)), "take .values"),
    ("soften", "no keepdim", _softmax_with(lambda z: z.max(1).values), "keepdim"),
    ("soften", "no keepdim in the sum", lambda z, T: (e := (z / T - (z / T).amax(1, keepdim=True)).exp()) / e.sum(1), "keepdim"),
    ("soften", "torch.softmax", lambda z, T: torch.softmax(z / T, 1), "torch's softmax"),
    ("soften", "F.softmax", lambda z, T: F.softmax(z / T, dim=1), "torch's softmax"),
    ("soften", "method", lambda z, T: z.div(T).softmax(-1), "torch's softmax"),
    ("soften", "module", lambda z, T: nn.Softmax(dim=1)(z / T), "torch's softmax"),
    ("soften", "log_softmax and exp", lambda z, T: F.log_softmax(z / T, 1).exp(), "torch's softmax"),
    ("soften", "softmin", lambda z, T: F.softmin(-z / T, 1), "torch's softmax"),
    ("soften", "special", lambda z, T: torch.special.softmax(z / T, 1), "torch's softmax"),
    ("soften", "the package's", lambda z, T: kdtutor.papers.hinton.soften(z, T), "the package's own function (soften)"),
    ("soften", "no T", lambda z, T: F.softmax(z, 1), "temperature is not used"),
    ("soften", "times T", lambda z, T: F.softmax(z * T, 1), "it has to divide"),
    ("soften", "over the batch", lambda z, T: F.softmax(z / T, 0), "dim=0"),
    ("soften", "logarithms", lambda z, T: F.log_softmax(z / T, 1), "log-probabilities"),
    ("soften", "cut off", lambda z, T: F.softmax((z / T).clamp(max=80, min=-80), 1), "cut off"),
    ("soften", "small number below", lambda z, T: (e := (z / T).exp()) / (e.sum(1, keepdim=True) + 1e-8), "overflowed"),
    ("kd_loss", "the package's", lambda *a: kdtutor.papers.hinton.kd_loss(*a), "the package's own function (kd_loss)"),
    ("kd_loss", "under another name", renamed, "the package's own function (kd_loss)"),
    ("kd_loss", "over the batch", lambda s, t, T: _kl(s, t, T, dim=0), "over the samples"),
    ("kd_loss", "mean", lambda s, t, T: _kl(s, t, T, "sum") / s.numel(), "number of classes K"),
    ("kd_loss", "sum", lambda s, t, T: _kl(s, t, T, "sum"), "batch size B"),
    ("kd_loss", "none", lambda s, t, T: _kl(s, t, T, "none"), "shape"),
    ("kd_loss", "no T²", lambda s, t, T: _kl(s, t, T, factor=0), "T² is missing"),
    ("kd_loss", "T", lambda s, t, T: _kl(s, t, T, factor=1), "it has to be T²"),
    ("kd_loss", "T³", lambda s, t, T: _kl(s, t, T, factor=3), "factor T"),
    ("kd_loss", "sides exchanged", lambda s, t, T: _kl(t, s, T), "direction is reversed"),
    ("kd_loss", "no log", lambda s, t, T: T**2 * F.kl_div(F.softmax(s / T, 1), F.softmax(t / T, 1), reduction="batchmean"), "log is missing"),
    ("kd_loss", "log of softmax", lambda s, t, T: T**2 * F.kl_div(F.softmax(s / T, 1).log(), F.softmax(t / T, 1), reduction="batchmean"), "use log_softmax"),
    ("kd_loss", "two logs", lambda s, t, T: T**2 * F.kl_div(F.log_softmax(s / T, 1), F.log_softmax(t / T, 1), reduction="batchmean"), "not their logarithms"),
    ("kd_loss", "negative", lambda s, t, T: -_kl(s, t, T), "wrong sign"),
    ("kd_loss", "student detached", lambda s, t, T: _kl(s.detach(), t, T), "no gradient"),
    ("kd_loss", "by hand", lambda s, t, T: T**2 * (F.softmax(t / T, 1) * (F.log_softmax(t / T, 1) - F.log_softmax(s / T, 1))).nan_to_num().sum(1).mean(), "kl_div"),
    ("kd_loss", "always T = 2", lambda s, t, T: _kl(s, t, 2.0), "T is never used"),
    ("kd_gradient", "autograd", _by_autograd, "autograd"),
    ("kd_gradient", "backward", _backward, "autograd"),
    ("kd_gradient", "jacobian", lambda s, t, T: torch.autograd.functional.jacobian(lambda z: _kl(z, t, T), s), "autograd"),
    ("kd_gradient", "sign", lambda s, t, T: -T / len(s) * _difference(s, t, T), "sign"),
    ("kd_gradient", "no mean", lambda s, t, T: T * _difference(s, t, T), "divide by B"),
    ("kd_gradient", "T²", lambda s, t, T: T**2 / len(s) * _difference(s, t, T), "factor is T, not T²"),
    ("kd_gradient", "no T", lambda s, t, T: _difference(s, t, T) / len(s), "factor T is missing"),
    ("kd_gradient", "1/T", lambda s, t, T: _difference(s, t, T) / len(s) / T, "T² of the loss"),
    ("kd_gradient", "mean over K too", lambda s, t, T: T / s.numel() * _difference(s, t, T), "only the batch"),
    ("kd_gradient", "not softened", lambda s, t, T: T / len(s) * _difference(s, t, 1.0), "not softened"),
    ("kd_gradient", "logits", lambda s, t, T: T / len(s) * (s - t), "not of logits"),
    ("kd_gradient", "over the batch", lambda s, t, T: T / len(s) * (F.softmax(s / T, 0) - F.softmax(t / T, 0)), "dim=0"),
    ("best_bias", "last tie", _last_tie, "return the first of them"),
    ("best_bias", "smallest tie", _smallest, "first in the list"),
    ("best_bias", "adds up", _growing, ""),
    ("best_bias", "class k alone", _for_k, "on class k alone"),
    ("best_bias", "accuracy", lambda *a: max(_accuracies(*a)), "return the bias that reaches it"),
    ("best_bias", "position", lambda *a: (f := _accuracies(*a)).index(max(f)), "position of the bias"),
    ("best_bias", "all classes", lambda z, y, k, b: b[0], "always returns the first"),
    ("best_bias", "largest", lambda z, y, k, b: max(b), "largest bias"),
    ("best_bias", "taken away", lambda z, y, k, b: b[(f := _accuracies(z, y, k, [-x for x in b])).index(max(f))], ""),
    ("best_bias", "always class 0", lambda z, y, k, b: b[(f := _accuracies(z, y, 0, b)).index(max(f))], ""),
    ("best_bias", "sorts the list", _sorted_in_place, "writes into its arguments"),
]  # fmt: skip
