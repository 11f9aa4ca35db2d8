"""Lesson 17: what comes next, two divergences, a reward."""

import torch

from kdtutor.papers import on_policy, sequence


def _kl(a, b):
    a, b = a.log_softmax(-1), b.log_softmax(-1)
    return (a.exp() * (a - b)).sum(-1)


def _said(z, y):
    return z.log_softmax(-1)[range(len(y)), y]


def _jsd(s, t, weight, mixture):
    p, q = s.softmax(-1), t.softmax(-1)
    m = mixture * q + (1 - mixture) * p
    return (weight * q * (q / m).log() + (1 - weight) * p * (p / m).log()).sum(-1)


ANSWERS = [
    ("next_characters", "the same", lambda x: (x, x), "only have to copy"),
    ("next_characters", "backwards", lambda x: (x[:, 1:], x[:, :-1]), "the wrong way"),
    ("next_characters", "two", lambda x: (x[:, :-2], x[:, 2:]), "one place further"),
    ("next_characters", "rows", lambda x: (x[:-1], x[1:]), "other texts"),
    ("next_characters", "rolled", lambda x: (x, x.roll(-1, 1)), "read one place less"),
    ("next_characters", "without the last", lambda x: (x[:, :-1], x[:, :-1]), "nothing has been read before it"),
    ("next_characters", "one of them", lambda x: x[:, 1:], ""),
    ("next_characters", "unequal", lambda x: (x, x[:, 1:]), ""),
    ("next_characters", "last place alone", lambda x: (x[:, :-1], x[:, -1:]), ""),
    ("token_kd", "all places", lambda s, t, c: _kl(t, s).mean(), "do not count are counted"),
    ("token_kd", "zeros", lambda s, t, c: torch.where(c, _kl(t, s), 0).mean(), "divide by how many count"),
    ("token_kd", "reverse", lambda s, t, c: _kl(s, t)[c].mean(), "direction is swapped"),
    ("token_kd", "over the vocabulary", lambda s, t, c: (_kl(t, s)[c] / s.shape[2]).mean(), "over the vocabulary"),
    ("token_kd", "summed", lambda s, t, c: (_kl(t, s) * c).sum(), "take their mean"),
    ("token_kd", "a text", lambda s, t, c: (_kl(t, s) * c).sum(1).mean(), "over each text"),
    ("token_kd", "cross-entropy", lambda s, t, c: -(t.softmax(-1) * s.log_softmax(-1)).sum(-1)[c].mean(), "entropy is in it"),
    ("token_kd", "those that do not count", lambda s, t, c: _kl(t, s)[~c].mean(), ""),
    ("token_kd", "hard", lambda s, t, c: -s.log_softmax(-1).gather(2, t.argmax(2)[..., None])[..., 0][c].mean(), ""),
    ("token_kd", "the package's", lambda s, t, c: sequence.forward_kl(s, t, c), "own function (forward_kl)"),
    ("jsd", "half in the mixture", lambda s, t, b: _jsd(s, t, b, 0.5).mean(), "half and half"),
    ("jsd", "half in the weights", lambda s, t, b: _jsd(s, t, 0.5, b).mean(), "weighed half and half"),
    ("jsd", "the other mixture", lambda s, t, b: _jsd(s, t, b, 1 - b).mean(), "student's side of the mixture"),
    ("jsd", "swapped", lambda s, t, b: _jsd(s, t, 1 - b, 1 - b).mean(), "are swapped"),
    ("jsd", "swapped weights", lambda s, t, b: _jsd(s, t, 1 - b, b).mean(), "weights are swapped"),
    ("jsd", "no mixture", lambda s, t, b: (b * _kl(t, s) + (1 - b) * _kl(s, t)).mean(), "no mixture"),
    ("jsd", "summed", lambda s, t, b: _jsd(s, t, b, b).sum(), "take their mean"),
    ("jsd", "logits mixed", lambda s, t, b: (b * _kl(t, m := b * t + (1 - b) * s) + (1 - b) * _kl(s, m)).mean(), ""),
    ("jsd", "always half", lambda s, t, b: _jsd(s, t, 0.5, 0.5).mean(), ""),
    ("jsd", "the package's", lambda s, t, b: on_policy.generalised_jsd(s, t, b), "own function (generalised_jsd)"),
    ("reward_loss", "through the reward", lambda s, t, y: -((_said(t, y) - _said(s, y)) * _said(s, y)).mean(), "detach it"),
    ("reward_loss", "sign", lambda s, t, y: ((_said(t, y) - _said(s, y)).detach() * _said(s, y)).mean(), ""),
    ("reward_loss", "no student", lambda s, t, y: -(_said(t, y) * _said(s, y)).mean(), "own log-probability is missing"),
    ("reward_loss", "reward", lambda s, t, y: (_said(s, y) - _said(t, y)).mean(), "the reward alone"),
    ("reward_loss", "no log", lambda s, t, y: -((_said(t, y) - _said(s, y)).detach() * _said(s, y).exp()).mean(), "logarithm belongs"),
    ("reward_loss", "summed", lambda s, t, y: -((_said(t, y) - _said(s, y)).detach() * _said(s, y)).sum(), "take their mean"),
    ("reward_loss", "all", lambda s, t, y: -((t.log_softmax(1) - s.log_softmax(1)).detach() * s.log_softmax(1)).sum(1).mean(), "only the written one"),
    ("reward_loss", "cross-entropy", lambda s, t, y: -_said(s, y).mean(), ""),
    ("reward_loss", "logits", lambda s, t, y: -((t - s).detach() * s.log_softmax(1))[range(len(y)), y].mean(), ""),
]  # fmt: skip
