"""Lesson 17: its loss."""

from kdtutor.papers import sequence

ANSWERS = [
    ("sequence_loss", "summed", lambda s, t: (s - t).square().sum(), "take their mean"),
    ("sequence_loss", "summed over classes", lambda s, t: (s - t).square().sum(1).mean(), "take the mean over them"),
    ("sequence_loss", "absolute", lambda s, t: (s - t).abs().mean(), "square them"),
    ("sequence_loss", "mean first", lambda s, t: (s - t).mean().square(), ""),
    ("sequence_loss", "halved", lambda s, t: (s - t).square().mean() / 2, ""),
    ("sequence_loss", "a root", lambda s, t: (s - t).square().mean().sqrt(), ""),
    ("sequence_loss", "probabilities", lambda s, t: (s.softmax(1) - t.softmax(1)).square().mean(), ""),
    ("sequence_loss", "one number a sample", lambda s, t: (s - t).square().mean(1), "shape"),
    ("sequence_loss", "the package's", lambda s, t: sequence.sequence_loss(s, t), "own function (sequence_loss)"),
]  # fmt: skip
