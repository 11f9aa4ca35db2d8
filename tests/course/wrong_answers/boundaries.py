"""Lesson 06: the hinge, its gradient, the sum over the layers, regions."""

import torch

from kdtutor.papers import boundaries
from kdtutor.papers.boundaries import boundary_loss


def _side(t):
    return torch.where(t > 0, 1.0, -1.0).to(t)


def _hinge(s, t, m):
    return torch.relu(m - _side(t) * s)


def _two_relus(s, t, m):
    active = (t > 0).to(s)
    return (active * torch.relu(m - s).square() + (1 - active) * torch.relu(m + s).square()).sum() / len(s)


def _autograd(s, t, m):
    s = s.clone().requires_grad_()
    return torch.autograd.grad(_hinge(s, t, m).square().sum() / len(s), s)[0]


def _layers(zs_s, zs_t, margin, weight):
    N = len(zs_s)
    return sum(weight(n, N) * boundary_loss(s, t, margin) for n, (s, t) in enumerate(zip(zs_s, zs_t, strict=True)))


def _halving(n, N):
    return 2.0 ** (n - N + 1)


ANSWERS = [
    ("boundary_loss", "two ReLUs", _two_relus, "more than one ReLU"),
    ("boundary_loss", "two clamps", lambda s, t, m: (torch.where(t > 0, (m - s).clamp(min=0), (m + s).clamp(min=0)).square().sum() / len(s)), "more than one ReLU"),
    ("boundary_loss", "the package's", lambda s, t, m: boundaries.boundary_loss(s, t, m), "the package's own function (boundary_loss)"),
    ("boundary_loss", "not squared", lambda s, t, m: _hinge(s, t, m).sum() / len(s), "not squared"),
    ("boundary_loss", "exchanged", lambda s, t, m: torch.relu(m + _side(t) * s).square().sum() / len(s), "sides are exchanged"),
    ("boundary_loss", "active only", lambda s, t, m: ((t > 0) * torch.relu(m - s).square()).sum() / len(s), "only the active"),
    ("boundary_loss", "sign of 0", lambda s, t, m: torch.relu(m - t.sign() * s).square().sum() / len(s), "torch.sign(0)"),
    ("boundary_loss", "t ≥ 0", lambda s, t, m: torch.relu(m - torch.where(t >= 0, 1.0, -1.0) * s).square().sum() / len(s), "counts as silent"),
    ("boundary_loss", "magnitude", lambda s, t, m: torch.relu(m - t * s).square().sum() / len(s), "magnitude has slipped in"),
    ("boundary_loss", "margin 1", lambda s, t, m: _hinge(s, t, 1.0).square().sum() / len(s), "margin is always 1"),
    ("boundary_loss", "mean", lambda s, t, m: _hinge(s, t, m).square().mean(), "mean over all elements"),
    ("boundary_loss", "sum", lambda s, t, m: _hinge(s, t, m).square().sum(), "batch is summed"),
    ("boundary_loss", "one by one", lambda s, t, m: _hinge(s, t, m).square().flatten(1).sum(1), "the mean of these"),
    ("boundary_loss", "if on a tensor", lambda s, t, m: torch.relu(m - s if t > 0 else m + s).square().sum() / len(s), "torch.where"),
    ("hinge_gradient", "autograd", _autograd, "autograd"),
    ("hinge_gradient", "sign", lambda s, t, m: 2 * _side(t) * _hinge(s, t, m) / len(s), "direction of descent"),
    ("hinge_gradient", "no y", lambda s, t, m: 2 * _hinge(s, t, m) / len(s), "inner derivative"),
    ("hinge_gradient", "no 2", lambda s, t, m: -_side(t) * _hinge(s, t, m) / len(s), "factor 2"),
    ("hinge_gradient", "no mean", lambda s, t, m: -2 * _side(t) * _hinge(s, t, m), "divide by B"),
    ("hinge_gradient", "mean over all", lambda s, t, m: -2 * _side(t) * _hinge(s, t, m) / s.numel(), "divides by all"),
    ("hinge_gradient", "not squared", lambda s, t, m: -_side(t) * (_hinge(s, t, m) > 0) / len(s), "not squared"),
    ("hinge_gradient", "beyond the margin", lambda s, t, m: -2 * _side(t) * (m - _side(t) * s) / len(s), "beyond the margin"),
    ("hinge_gradient", "margin 1", lambda s, t, m: -2 * _side(t) * _hinge(s, t, 1.0) / len(s), "m is never used"),
    ("ab_loss", "the package's", lambda s, t, m: boundaries.ab_loss(s, t, m), "the package's own function (ab_loss)"),
    ("ab_loss", "equal", lambda s, t, m: _layers(s, t, m, lambda n, N: 1.0), "every layer counts once"),
    ("ab_loss", "reversed", lambda s, t, m: _layers(s, t, m, lambda n, N: 2.0**-n), "order is reversed"),
    ("ab_loss", "half", lambda s, t, m: _layers(s, t, m, lambda n, N: 2.0 ** (n - N)), "half of what they should be"),
    ("ab_loss", "double", lambda s, t, m: _layers(s, t, m, lambda n, N: 2.0 ** (n - N + 2)), "twice too large"),
    ("ab_loss", "averaged", lambda s, t, m: _layers(s, t, m, _halving) / len(s), "averaged"),
    ("ab_loss", "3/1000", lambda s, t, m: 0.003 * _layers(s, t, m, _halving), "3/1000"),
    ("ab_loss", "margin 1", lambda s, t, m: _layers(s, t, 1.0, _halving), "margin is always 1"),
    ("ab_loss", "student detached", lambda s, t, m: _layers([x.detach() for x in s], t, m, _halving), "no gradient"),
    ("regions", "patterns", lambda n: 2**n, "every pattern"),
    ("regions", "crossings", lambda n: n * (n - 1) // 2, "crossings"),
    ("regions", "no first region", lambda n: n * (n + 1) // 2, "without a line"),
    ("regions", "parallel", lambda n: n + 1, "parallel"),
    ("regions", "squares", lambda n: n * n - n + 2, ""),
    ("regions", "off by one", lambda n: 1 + (n + 1) * (n + 2) // 2, ""),
    ("regions", "recursion without an end", lambda n: (f := lambda k: f(k - 1) + k)(n), "RecursionError"),
    ("regions", "three dimensions", lambda n: (n**3 + 5 * n + 6) // 6, ""),
]  # fmt: skip
