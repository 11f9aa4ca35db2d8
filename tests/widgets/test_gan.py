"""The explorers of lesson 07 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError, nets
from kdtutor.figures.gan import grey, make
from kdtutor.papers.gan import laplacian_variance
from kdtutor.train import Judge
from kdtutor.widgets.gan import BlurExplorer, HillsExplorer, WalkExplorer, between, laplacian


def walk(judge: Judge | None = None) -> WalkExplorer:
    kd.seed_everything(0)
    networks = {name: nets.generator("dcganx0.125", latent=5, size=16) for name in ("teacher", "student")}
    return WalkExplorer(networks, torch.eye(5)[:2], torch.randn(2, 5), judge)


def test_a_walk_shows_each_network_on_the_same_z() -> None:
    shown = walk()
    for settings in shown.corners():
        shown.set(**settings)
        z = shown.latent(**settings)
        for net, image in zip(shown.networks.values(), shown._images, strict=True):
            assert (image.get_array() == grey(make(net, z))[0]).all()
        assert f"|z| = {z.norm():.1f}" in shown.text.value


def test_a_walk_starts_and_ends_where_it_says() -> None:
    shown = walk()
    for way in (0, 1):
        torch.testing.assert_close(shown.latent(0, 0, way)[0], shown.ends[way])
    torch.testing.assert_close(shown.latent(2, -1, 0)[0], shown.ends[0] + torch.tensor([2.0, -1, 0, 0, 0]))
    with pytest.raises(ShapeError, match="ends: 3 vectors"):
        WalkExplorer(shown.networks, shown.directions, torch.randn(3, 5))


def test_the_judge_names_what_it_sees() -> None:
    shown = walk(Judge(nets.teacher("digits-16-resnet8")))
    assert re.search(r"teacher: class \d \(\d+ %\); student: class \d", shown.text.value)


def test_the_arc_keeps_the_length() -> None:
    a, b = torch.tensor([2.0, 0, 0]), torch.tensor([0.0, 2, 0])
    for way in (0, 0.3, 1):
        assert between(a, b, way).norm().item() == pytest.approx(2, abs=1e-5)
    torch.testing.assert_close(between(a, a, 0.5)[0], a)


def test_the_mean_of_many_is_blurred() -> None:
    data = kd.data.load("digits-16")
    some = data.train[::9]
    images, labels = data.normalise(some.images), some.labels
    shown = BlurExplorer(images, labels)
    heights = []
    for settings in shown.corners():
        shown.set(**settings)
        chosen = images[labels == settings["digit"]][: settings["count"]]
        expected = laplacian_variance(chosen.mean(0, keepdim=True)).item()
        assert shown._bars[1].get_height() == pytest.approx(expected, rel=1e-4)
        heights.append(shown._bars[1].get_height() / shown._bars[0].get_height())
    assert heights[0] == pytest.approx(1) and min(heights) < 0.2
    flat = laplacian(images[:3]).flatten(1).var(1, correction=0)
    torch.testing.assert_close(flat, laplacian_variance(images[:3]))


def test_hills_add_two_squares() -> None:
    shown = HillsExplorer()
    for settings in shown.corners():
        shown.set(**settings)
        expected = settings["mean"] ** 2 + (settings["spread"] - 1) ** 2
        assert f"<b>{expected:.2f}</b>" in shown.text.value
        assert shown._means[0].get_height() + shown._spreads[0].get_height() == pytest.approx(expected)
    assert "<b>0.00</b>" in shown.set(mean=0.0, spread=1.0).text.value
