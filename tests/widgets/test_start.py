"""The explorers of the first lesson at their smallest, middle and largest settings."""

import torch

import kdtutor as kd
from kdtutor.widgets.start import OpinionExplorer, ShiftExplorer


def test_shifts_follow_digit_and_pixels() -> None:
    digits = kd.data.load("digits")
    explorer = ShiftExplorer(digits)
    seen = set()
    for settings in explorer.corners():
        explorer.set(**settings)
        seen.add(explorer.png())
    assert len(seen) >= 3
    explorer.set(digit=7, pad=0)
    stored = digits.train.images[int((digits.train.labels == 7).nonzero()[0]), 0].numpy()
    assert all((shown.get_array() == stored).all() for shown in explorer._shown)
    assert "1 possible place " in explorer.text.value


def test_opinions_come_in_the_order_of_doubt() -> None:
    digits = kd.data.load("digits")
    logits = torch.randn(len(digits.val), 10, generator=torch.Generator().manual_seed(0))
    explorer = OpinionExplorer(digits.val, logits, digits.classes, shown=20)
    assert (explorer.entropy.diff() <= 0).all()
    for settings in explorer.corners():
        explorer.set(**settings)
        heights = torch.tensor([bar.get_height() for bar in explorer._bars])
        torch.testing.assert_close(heights, explorer.probabilities[settings["rank"] - 1])
    assert "in the order of doubt" in explorer.text.value
