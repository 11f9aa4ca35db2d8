"""Lesson NUMBER: its loss."""

from kdtutor.papers import example

ANSWERS = [
    ("example_loss", "summed", lambda s, t: (s - t).square().sum(), "take their mean"),
    ("example_loss", "summed over classes", lambda s, t: (s - t).square().sum(1).mean(), "take the mean over them"),
    ("example_loss", "absolute", lambda s, t: (s - t).abs().mean(), "square them"),
    ("example_loss", "mean first", lambda s, t: (s - t).mean().square(), ""),
    ("example_loss", "halved", lambda s, t: (s - t).square().mean() / 2, ""),
    ("example_loss", "a root", lambda s, t: (s - t).square().mean().sqrt(), ""),
    ("example_loss", "probabilities", lambda s, t: (s.softmax(1) - t.softmax(1)).square().mean(), ""),
    ("example_loss", "one number a sample", lambda s, t: (s - t).square().mean(1), "shape"),
    ("example_loss", "the package's", lambda s, t: example.example_loss(s, t), "own function (example_loss)"),
]  # fmt: skip
