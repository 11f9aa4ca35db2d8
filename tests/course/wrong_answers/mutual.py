"""Lesson 13: its loss."""

from kdtutor.papers import mutual

ANSWERS = [
    ("mutual_loss", "summed", lambda s, t: (s - t).square().sum(), "take their mean"),
    ("mutual_loss", "summed over classes", lambda s, t: (s - t).square().sum(1).mean(), "take the mean over them"),
    ("mutual_loss", "absolute", lambda s, t: (s - t).abs().mean(), "square them"),
    ("mutual_loss", "mean first", lambda s, t: (s - t).mean().square(), ""),
    ("mutual_loss", "halved", lambda s, t: (s - t).square().mean() / 2, ""),
    ("mutual_loss", "a root", lambda s, t: (s - t).square().mean().sqrt(), ""),
    ("mutual_loss", "probabilities", lambda s, t: (s.softmax(1) - t.softmax(1)).square().mean(), ""),
    ("mutual_loss", "one number a sample", lambda s, t: (s - t).square().mean(1), "shape"),
    ("mutual_loss", "the package's", lambda s, t: mutual.mutual_loss(s, t), "own function (mutual_loss)"),
]  # fmt: skip
