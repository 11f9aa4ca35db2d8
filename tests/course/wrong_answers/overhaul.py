"""Lesson 05: a margin that never breaks, the gradient of the partial distance, the whole loss."""

import math

import torch

from kdtutor.papers import overhaul


def _formula(s, mu):
    z = mu / s
    return mu - s * torch.exp(-z * z / 2) / math.sqrt(2 * math.pi) / torch.special.ndtr(-z)


def _finite(weight, bias):
    """Right, but for γ = β = 0."""
    s = weight.abs()
    z = bias / s
    m = bias - s * torch.exp(-(z**2) / 2 - math.log(2 * math.pi) / 2 - torch.special.log_ndtr(-z))
    return torch.where(z < 30, m, -s / z * (1 - 2 / z**2))


def _counts(s, t):
    return ((s > t) | (t > 0)).to(s)


def _autograd(s, t):
    s = s.clone().requires_grad_()
    d = ((s - t).square() * _counts(s, t)).sum() / len(s)
    d.backward()
    return s.grad


def _loss(maps_s, maps_t, margins, weight=lambda n, N: 2.0 ** (n - N + 1), distance=overhaul.partial_l2):
    N = len(maps_s)
    stages = enumerate(zip(maps_s, maps_t, margins, strict=True))
    return sum(weight(n, N) * distance(s, overhaul.margin_relu(t, m)) for n, (s, t, m) in stages)


ANSWERS = [
    ("safe_margin", "as written", lambda w, b: _formula(w.abs(), b), "right until z is large"),
    ("safe_margin", "negative γ", _formula, "γ may be negative"),
    ("safe_margin", "γ = β = 0", _finite, "nan where 0"),
    ("safe_margin", "nan_to_num", lambda w, b: _formula(w.abs(), b).nan_to_num(), "wrong numbers"),
    ("safe_margin", "a small number", lambda w, b: _formula(w.abs() + 1e-3, b), "wrong numbers"),
    ("safe_margin", "the package's", lambda w, b: overhaul.margin(w, b), "the package's own function (margin)"),
    ("safe_margin", "β − γ", lambda w, b: b - w.abs(), "wrong numbers"),
    ("safe_margin", "single precision", lambda w, b: _formula(w.abs().float(), b.float()), ""),
    ("safe_margin", "cut off", lambda w, b: _formula(w.abs().clamp(min=1e-6), b).clamp(max=0), ""),
    ("safe_margin", "−3γ", lambda w, b: -3 * w.abs(), "wrong numbers"),
    ("partial_gradient", "autograd", _autograd, "autograd"),
    ("partial_gradient", "full", lambda s, t: 2 * (s - t) / len(s), "not 0 where"),
    ("partial_gradient", "no 2", lambda s, t: (s - t) * _counts(s, t) / len(s), "the 2 of the square"),
    ("partial_gradient", "no mean", lambda s, t: 2 * (s - t) * _counts(s, t), "mean over B"),
    ("partial_gradient", "mean over all", lambda s, t: 2 * (s - t) * _counts(s, t) / s.numel(), "divides by all elements"),
    ("partial_gradient", "sign", lambda s, t: 2 * (t - s) * _counts(s, t) / len(s), "sign is turned"),
    ("partial_gradient", "only above", lambda s, t: 2 * (s - t) * (s > t) / len(s), "below it counts too"),
    ("partial_gradient", "only positive", lambda s, t: 2 * (s - t) * (t > 0) / len(s), "above it counts too"),
    ("partial_gradient", "or on tensors", lambda s, t: 2 * (s - t) * (s > t or t > 0) / len(s), "torch.where"),
    ("partial_gradient", "t ≥ 0", lambda s, t: 2 * (s - t) * ((s > t) | (t >= 0)) / len(s), "wrong numbers"),
    ("overhaul_loss", "equal", lambda s, t, m: _loss(s, t, m, lambda n, N: 1.0), "count alike"),
    ("overhaul_loss", "reversed", lambda s, t, m: _loss(s, t, m, lambda n, N: 2.0**-n), "order of the weights"),
    ("overhaul_loss", "half", lambda s, t, m: _loss(s, t, m, lambda n, N: 2.0 ** (n - N)), "half of the loss"),
    ("overhaul_loss", "full distance", lambda s, t, m: _loss(s, t, m, distance=overhaul.full_l2), "full one"),
    ("overhaul_loss", "no margin", lambda s, t, m: sum(2.0 ** (n - len(s) + 1) * overhaul.partial_l2(a, b) for n, (a, b) in enumerate(zip(s, t, strict=True))), "margin ReLU first"),
    ("overhaul_loss", "mean", lambda s, t, m: _loss(s, t, m) / len(s), "averaged"),
    ("overhaul_loss", "last stage", lambda s, t, m: overhaul.partial_l2(s[-1], overhaul.margin_relu(t[-1], m[-1])), ""),
    ("overhaul_loss", "sides exchanged", lambda s, t, m: _loss(t, s, m), "wrong numbers"),
    ("overhaul_loss", "student detached", lambda s, t, m: _loss([x.detach() for x in s], t, m), "no gradient"),
    ("overhaul_loss", "takes maps away", lambda s, t, m: (_loss(s, t, m), m.pop())[0], "writes into its arguments"),
]  # fmt: skip
