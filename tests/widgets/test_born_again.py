"""The explorers of lesson 14 at their smallest, middle and largest settings."""

import re

import pytest
import torch

from kdtutor import ShapeError
from kdtutor.nets import first_sure
from kdtutor.papers.ridge import bending_kernel, shrinkage
from kdtutor.widgets.born_again import DarkExplorer, RoundsExplorer, ThresholdExplorer


def truth(x):
    return (2 * torch.pi * x).sin()


def numbers(shown):
    return [float(number) for number in re.findall(r"<b>(-?[\d.]+)%?</b>", shown.text.value)]


def test_rounds_shrink_what_is_small():
    x = (torch.arange(30, dtype=torch.float64) + 0.5) / 30
    shown = RoundsExplorer(x, truth(x) + 0.4 * torch.randn(30, generator=torch.Generator().manual_seed(0)), truth)
    d = torch.linalg.eigvalsh(bending_kernel(x, x)).flip(0)[:8]
    for settings in shown.corners():
        shown.set(**settings)
        left = shrinkage(d, 10 ** settings["log_c"], settings["rounds"])
        assert [bar.get_height() for bar in shown._bars] == pytest.approx(left.tolist())
        assert numbers(shown)[1] == (left > 0.5).sum()
    few, best, many = (numbers(shown.set(rounds=rounds, log_c=-4.0))[0] for rounds in (1, 9, 40))
    assert best < min(few, many)
    assert shown.set(rounds=1).png() != shown.set(rounds=30).png()


def test_a_permutation_leaves_the_largest():
    logits, labels = 3 * torch.randn(4, 10, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 3, 9, 9])
    images = torch.randint(256, (4, 1, 28, 28), dtype=torch.uint8)
    shown = DarkExplorer(images, logits, labels, [str(k) for k in range(10)])
    for settings in shown.corners():
        shown.set(**settings)
        ban, dkpp = ([bar.get_height() for bar in bars] for bars in (shown._ban, shown._dkpp))
        assert ban.index(max(ban)) == dkpp.index(max(dkpp)) and sorted(ban) == pytest.approx(sorted(dkpp))
        surest = logits.softmax(1).max(1).values
        assert numbers(shown)[-1] == pytest.approx((surest / surest.sum())[settings["image"]].item(), abs=6e-4)
    with pytest.raises(ShapeError, match="3 images"):
        DarkExplorer(images[:3], logits, labels, [str(k) for k in range(10)])


def test_a_threshold_sends_every_image_to_one_exit():
    logits, labels = 3 * torch.randn(3, 50, 10, generator=torch.Generator().manual_seed(0)), torch.arange(50) % 10
    shown = ThresholdExplorer(logits, labels, [100, 200, 400])
    for settings in shown.corners():
        shown.set(**settings)
        left = first_sure(logits, settings["threshold"])
        shares = (torch.bincount(left, minlength=3) / 50).tolist()
        right = (logits[left, torch.arange(50)].argmax(1) == labels).float().mean().item()
        cost = sum(share * part for share, part in zip(shares, (0.25, 0.5, 1.0), strict=True))
        assert numbers(shown) == pytest.approx([100 * x for x in (*shares, cost, right)], abs=0.51)
    assert repr(shown).startswith("<ThresholdExplorer threshold=1.0: Left accuracy over mean cost")
    with pytest.raises(ShapeError, match="2 costs"):
        ThresholdExplorer(logits, labels, [100, 200])
