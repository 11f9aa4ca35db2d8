"""Lesson 12: the hard coin, anti."""

import torch
import torch.nn.functional as F

from kdtutor.papers.spot_adaptive import decide


def _soft(logits, noise, tau, dim=2):
    return F.softmax((logits + noise) / tau, dim)[..., 0]


def _hard(noisy):
    return (noisy[..., 0] > noisy[..., 1]).to(noisy.dtype)


def _through(hard, soft):
    return hard - soft.detach() + soft


ANSWERS = [
    ("hard_decision", "over the spots", lambda z, g, tau: _through(_hard(z + g), _soft(z, g, tau, 1)), "over the spots"),
    ("hard_decision", "over the samples", lambda z, g, tau: _through(_hard(z + g), _soft(z, g, tau, 0)), "over the samples"),
    ("hard_decision", "all along the spots", lambda z, g, tau: _through((_soft(z, g, tau, 1) > 0.5).to(z), _soft(z, g, tau, 1)), "along the spots"),
    ("hard_decision", "all along the samples", lambda z, g, tau: _through((_soft(z, g, tau, 0) > 0.5).to(z), _soft(z, g, tau, 0)), "along the samples"),
    ("hard_decision", "soft", _soft, "it is soft"),
    ("hard_decision", "argmax", lambda z, g, tau: _hard(z + g), "argmax alone is flat"),
    ("hard_decision", "no noise", lambda z, g, tau: _through(_hard(z), F.softmax(z / tau, 2)[..., 0]), "noise is missing"),
    ("hard_decision", "no tau", lambda z, g, tau: _through(_hard(z + g), _soft(z, g, 1.0)), "tau is missing"),
    ("hard_decision", "noise outside", lambda z, g, tau: _through(_hard(z / tau + g), F.softmax(z / tau + g, 2)[..., 0]), "noise belongs inside"),
    ("hard_decision", "index 1", lambda z, g, tau: 1 - _through(_hard(z + g), _soft(z, g, tau)), "index 0"),
    ("hard_decision", "not detached", lambda z, g, tau: _hard(z + g) - _soft(z, g, tau) + _soft(z, g, tau), "cut off once"),
    ("hard_decision", "both columns", lambda z, g, tau: F.softmax((z + g) / tau, 2), "shape"),
    ("hard_decision", "truths", lambda z, g, tau: (z + g)[..., 0] > (z + g)[..., 1], "True and False"),
    ("hard_decision", "the package's", lambda z, g, tau: decide(z, tau, g), "own function (decide)"),
    ("anti_chosen", "1 − decisions", lambda d: 1 - d, "1 - decisions are numbers"),
    ("anti_chosen", "1 − decisions, detached", lambda d: 1 - d.detach(), "as numbers"),
    ("anti_chosen", "adaptive", lambda d: d > 0.5, "adaptive itself"),
    ("anti_chosen", "equal to 0", lambda d: d == 0, "up to rounding"),
    ("anti_chosen", "not decisions", lambda d: ~d, "TypeError"),
    ("anti_chosen", "minus", lambda d: -d, "minus"),
    ("anti_chosen", "floats", lambda d: (d < 0.5).float(), "numbers"),
    ("anti_chosen", "bool of the rest", lambda d: (1 - d).bool(), "True for 1e-7"),
    ("anti_chosen", "not bool", lambda d: ~d.bool(), ""),
    ("anti_chosen", "rows", lambda d: (d < 0.5).nonzero(), "rows where anti"),
    ("anti_chosen", "random", lambda d: torch.rand(d.shape) < 0.5, ""),
    ("anti_chosen", "an if", lambda d: d.item() < 0.5, "RuntimeError"),
]  # fmt: skip
