"""Lesson 15: its loss."""

from kdtutor.papers import amalgamation

ANSWERS = [
    ("amalgamation_loss", "summed", lambda s, t: (s - t).square().sum(), "take their mean"),
    ("amalgamation_loss", "summed over classes", lambda s, t: (s - t).square().sum(1).mean(), "take the mean over them"),
    ("amalgamation_loss", "absolute", lambda s, t: (s - t).abs().mean(), "square them"),
    ("amalgamation_loss", "mean first", lambda s, t: (s - t).mean().square(), ""),
    ("amalgamation_loss", "halved", lambda s, t: (s - t).square().mean() / 2, ""),
    ("amalgamation_loss", "a root", lambda s, t: (s - t).square().mean().sqrt(), ""),
    ("amalgamation_loss", "probabilities", lambda s, t: (s.softmax(1) - t.softmax(1)).square().mean(), ""),
    ("amalgamation_loss", "one number a sample", lambda s, t: (s - t).square().mean(1), "shape"),
    ("amalgamation_loss", "the package's", lambda s, t: amalgamation.amalgamation_loss(s, t), "own function (amalgamation_loss)"),
]  # fmt: skip
