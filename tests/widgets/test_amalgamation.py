"""The explorers of lesson 15 at their smallest, middle and largest settings."""

import re

import pytest
import torch

from kdtutor import ShapeError
from kdtutor.widgets.amalgamation import KernelExplorer, SpecialistExplorer, ScaleExplorer, distance


def numbers(shown):
    return [float(number) for number in re.findall(r"<b>(-?[\d.]+)</b>", shown.text.value)]


def test_scales_and_shifts_change_the_winner_by_scores():
    shown = ScaleExplorer((4.0, 0.0), (3.0, 2.5))
    assert numbers(shown) == [0, 0] and numbers(shown.set(shift=2)) == [2, 0]
    assert numbers(shown.set(shift=0, scale=4)) == [2, 0], "the second grows sure, but not surer than the first"
    for settings in shown.corners():
        shown.set(**settings)
        low, high = torch.tensor([4.0, 0.0]), settings["scale"] * torch.tensor([3.0, 2.5]) + settings["shift"]
        expected = [torch.cat(pair).argmax().item() for pair in ((low, high), (low.softmax(0), high.softmax(0)))]
        assert numbers(shown) == expected
    assert repr(shown).startswith("<ScaleExplorer scale=")


def test_the_distance_is_that_of_the_formula():
    shown = KernelExplorer()
    for settings in shown.corners():
        shown.set(**settings)
        moved = shown._second + torch.tensor([settings["gap"], 0.0])
        assert numbers(shown) == [
            pytest.approx(distance(shown._first, moved, settings["sigma"], settings["pairs"]), abs=6e-4)
        ]
    x, y = torch.randn(2, 7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    k = [torch.exp(-(torch.cdist(a, b) ** 2) / 2) for a, b in ((x, x), (y, y), (x, y))]
    off = ~torch.eye(7, dtype=torch.bool)
    assert distance(x, y, 1.0, True) == pytest.approx((k[0].mean() + k[1].mean() - 2 * k[2].mean()).item())
    assert distance(x, y, 1.0, False) == pytest.approx((k[0][off].mean() + k[1][off].mean() - 2 * k[2].mean()).item())
    assert shown.set(gap=0).png() != shown.set(gap=3).png()


def test_each_image_has_its_opinions():
    p = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    images = torch.zeros(2, 1, 4, 4).byte()
    shown = SpecialistExplorer(images, torch.tensor([0, 2]), {"teacher": p, "student": p.flip(0)}, "abc", border=2)
    assert "True class a. teacher: a (90%), student: c (50%)." in shown.text.value
    for settings in shown.corners():
        shown.set(**settings)
    assert "True class c. teacher: c (50%), student: a (90%)." in shown.text.value and shown.png()
    with pytest.raises(ShapeError, match="student answers for 1 images"):
        SpecialistExplorer(images, torch.tensor([0, 2]), {"student": p[:1]}, "abc")
