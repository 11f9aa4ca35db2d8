"""The explorers of lesson 16 at their smallest, middle and largest settings."""

import math
import re

import pytest
import torch

from kdtutor import ShapeError
from kdtutor.papers.hinton import kd_loss
from kdtutor.widgets.contrastive import IMAGES, OWN, ContrastExplorer, ScaleExplorer, TargetExplorer


def numbers(shown) -> list[float]:
    return [float(x) for x in re.findall(r"<b>([-+]?[\d.]+)</b>", shown.text.value)]


def drawn(*shape: int) -> torch.Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_loss_and_bound_are_those_of_the_formula():
    shown = ContrastExplorer()
    for settings in shown.corners():
        shown.set(**settings)
        turns = [2 * math.pi * k / IMAGES - math.radians(settings["angle"]) for k in range(IMAGES)]
        scores = [math.exp(math.cos(turn) / settings["temperature"]) for turn in turns]
        everywhere = [math.exp(math.cos(math.radians(k)) / settings["temperature"]) for k in range(360)]
        Z, c = IMAGES * settings["factor"] * sum(everywhere) / 360, (IMAGES - 1) / IMAGES
        h = [score / Z / (score / Z + c) for score in scores]
        loss = -math.log(h[OWN]) - sum(math.log(1 - h[k]) for k in range(IMAGES) if k != OWN)
        assert numbers(shown) == pytest.approx([loss, math.log(IMAGES - 1) - loss], abs=0.01)
        assert [bar.get_height() for bar in shown._bars] == pytest.approx(h, abs=1e-5)


def test_the_loss_is_least_where_the_student_points_at_its_own():
    shown = ContrastExplorer(temperature=0.3)
    losses = {angle: numbers(shown.set(angle=angle))[0] for angle in range(0, 360, 15)}
    assert abs(min(losses, key=losses.get) - 360 * OWN / IMAGES) < 10


def test_both_parts_are_the_divergence():
    z_s, z_t, labels = drawn(3, 5), drawn(3, 5).flip(0), torch.tensor([0, 4, 2])
    shown = TargetExplorer(z_s, z_t, labels)
    for settings in shown.corners():
        shown.set(**settings)
        i, z = settings["sample"], z_t.clone()
        z[i, labels[i]] += settings["added"]
        kl, others = numbers(shown)
        assert kl == pytest.approx(kd_loss(z_s[i : i + 1], z[i : i + 1], 4.0).item(), abs=0.01)
        total, target, weighed, free = (line.get_ydata() for line in shown._lines)
        assert total == pytest.approx(target + weighed) and len(set(free.tolist())) == 1
        assert free[0] < shown._right.get_ylim()[1], "the line of β·NCKD is in sight"
        assert others == pytest.approx(free[0], abs=0.01) and (weighed[:-1] >= weighed[1:]).all()
    with pytest.raises(ShapeError, match=r"\(3, 5\) and \(2, 5\), 3 labels"):
        TargetExplorer(z_s, z_t[:2], labels)


def test_only_the_divergence_sees_scale_and_nothing_sees_a_shift():
    shown = ScaleExplorer(drawn(6, 5))
    kl, dist, z_scores = (line.get_ydata() for line in shown.set(order="the teacher's", shift=2.0)._lines)
    middle = len(kl) // 2
    assert kl[middle] == pytest.approx(0, abs=1e-6) and min(kl[0], kl[-1]) > 0.3
    assert z_scores == pytest.approx([0] * len(kl), abs=1e-6) and max(dist) < max(kl)
    moved = shown.set(order="two classes exchanged", shift=0.0)._lines[2].get_ydata()
    assert moved == pytest.approx([moved[0]] * len(moved), rel=1e-4) and moved[0] > 0.05
    unknown, *_ = numbers(shown.set(order="the teacher's", scale=1.0))
    assert unknown == 0
    assert "-0.00" not in shown.set(scale=8.0, shift=5.0).text.value
    with pytest.raises(ShapeError, match=r"\(5,\)"):
        ScaleExplorer(drawn(5))


def test_each_says_what_it_shows():
    two = TargetExplorer(drawn(2, 3), drawn(2, 3), torch.arange(2))
    for shown in (ContrastExplorer(), ScaleExplorer(drawn(4, 3)), two):
        first = shown.png()
        name, control = next((n, c) for n, c in shown.controls.items() if hasattr(c, "max"))
        assert shown.set(**{name: control.max}).png() != first
        assert f"{name}=" in repr(shown) and shown.alt in repr(shown)
