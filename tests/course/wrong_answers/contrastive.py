"""Lesson 16: its loss."""

from kdtutor.papers import mutual

ANSWERS = [
    ("contrastive_loss", "summed", lambda s, t: (s - t).square().sum(), "take their mean"),
    ("contrastive_loss", "summed over classes", lambda s, t: (s - t).square().sum(1).mean(), "take the mean over them"),
    ("contrastive_loss", "absolute", lambda s, t: (s - t).abs().mean(), "square them"),
    ("contrastive_loss", "mean first", lambda s, t: (s - t).mean().square(), ""),
    ("contrastive_loss", "halved", lambda s, t: (s - t).square().mean() / 2, ""),
    ("contrastive_loss", "a root", lambda s, t: (s - t).square().mean().sqrt(), ""),
    ("contrastive_loss", "probabilities", lambda s, t: (s.softmax(1) - t.softmax(1)).square().mean(), ""),
    ("contrastive_loss", "one number a sample", lambda s, t: (s - t).square().mean(1), "shape"),
    ("contrastive_loss", "the package's", lambda s, t: mutual.mutual_loss(s, t), "own function (contrastive_loss)"),
]  # fmt: skip
