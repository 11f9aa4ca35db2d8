"""Lesson 14: its loss."""

from kdtutor.papers import born_again

ANSWERS = [
    ("born_again_loss", "summed", lambda s, t: (s - t).square().sum(), "take their mean"),
    ("born_again_loss", "summed over classes", lambda s, t: (s - t).square().sum(1).mean(), "take the mean over them"),
    ("born_again_loss", "absolute", lambda s, t: (s - t).abs().mean(), "square them"),
    ("born_again_loss", "mean first", lambda s, t: (s - t).mean().square(), ""),
    ("born_again_loss", "halved", lambda s, t: (s - t).square().mean() / 2, ""),
    ("born_again_loss", "a root", lambda s, t: (s - t).square().mean().sqrt(), ""),
    ("born_again_loss", "probabilities", lambda s, t: (s.softmax(1) - t.softmax(1)).square().mean(), ""),
    ("born_again_loss", "one number a sample", lambda s, t: (s - t).square().mean(1), "shape"),
    ("born_again_loss", "the package's", lambda s, t: born_again.born_again_loss(s, t), "own function (born_again_loss)"),
]  # fmt: skip
