"""Lesson 18: its loss."""

from kdtutor.papers import deit

ANSWERS = [
    ("deit_loss", "summed", lambda s, t: (s - t).square().sum(), "take their mean"),
    ("deit_loss", "summed over classes", lambda s, t: (s - t).square().sum(1).mean(), "take the mean over them"),
    ("deit_loss", "absolute", lambda s, t: (s - t).abs().mean(), "square them"),
    ("deit_loss", "mean first", lambda s, t: (s - t).mean().square(), ""),
    ("deit_loss", "halved", lambda s, t: (s - t).square().mean() / 2, ""),
    ("deit_loss", "a root", lambda s, t: (s - t).square().mean().sqrt(), ""),
    ("deit_loss", "probabilities", lambda s, t: (s.softmax(1) - t.softmax(1)).square().mean(), ""),
    ("deit_loss", "one number a sample", lambda s, t: (s - t).square().mean(1), "shape"),
    ("deit_loss", "the package's", lambda s, t: deit.deit_loss(s, t), "own function (deit_loss)"),
]  # fmt: skip
