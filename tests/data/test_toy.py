"""Points along two curves: without noise they lie where the equation says, and noise has the strength asked for."""

import math

import pytest
import torch

from kdtutor.data.toy import toy

SETS = ("moons", "spirals", "rings")


def classes(name: str) -> list[torch.Tensor]:
    split = toy(name, n=301, noise=0.0).train
    assert split.labels.tolist() == [0] * 151 + [1] * 150
    return [split.images[split.labels == k] for k in (0, 1)]


def test_moons_are_half_circles_that_mirror_each_other():
    upper, lower = classes("moons")
    for half in (upper + torch.tensor([0.5, 0.25]), torch.tensor([0.5, 0.25]) - lower):
        torch.testing.assert_close(half.norm(dim=1), torch.ones(len(half)))
        assert half[:, 1].min() > -1e-6 and half[:, 0].min() < -0.9 and half[:, 0].max() > 0.9


def test_spirals_turn_one_and_a_half_times_and_are_half_a_turn_apart():
    for k, points in enumerate(classes("spirals")):
        radius = points.norm(dim=1)
        assert 0.1 <= radius.min() < 0.2 and 1.1 < radius.max() <= 1.2
        angle = 3 * math.pi * (radius - 0.1) / 1.1 + k * math.pi
        torch.testing.assert_close(points / radius[:, None], torch.stack([angle.cos(), angle.sin()], 1))


def test_rings_have_their_radii_and_go_all_the_way_round():
    for radius, points in zip((0.4, 1.0), classes("rings"), strict=True):
        torch.testing.assert_close(points.norm(dim=1), torch.full((len(points),), radius))
        assert {(x > 0, y > 0) for x, y in points.tolist()} == {(a, b) for a in (True, False) for b in (True, False)}


@pytest.mark.parametrize("name", SETS)
def test_noise_seeds_and_splits(name):
    clean, noisy, other = (toy(name, n=2000, noise=s, seed=i) for s, i in ((0.0, 0), (0.3, 0), (0.0, 1)))
    difference = noisy.train.images - clean.train.images  # the points are drawn before the noise
    assert difference.std().item() == pytest.approx(0.3, rel=0.05) and difference.mean().abs() < 0.02
    draws = [clean.train.images, clean.val.images, clean.test.images, other.train.images]
    assert not any(torch.equal(a, b) for i, a in enumerate(draws) for b in draws[:i])
    assert torch.equal(toy(name, n=2000, noise=0.0).test.images, clean.test.images)
    assert (noisy.mean, noisy.std, noisy.classes) == ((0.0, 0.0), (1.0, 1.0), ("first", "second"))
