"""The explorers of lesson 05 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.papers import overhaul
from kdtutor.widgets.overhaul import DistanceExplorer, MarginExplorer, PullExplorer, authors_margin, counted, target


def number(text: str) -> float:
    found = re.search(r"<b>(?:m = )?([-+]?[\d.]+)", text)
    assert found, text
    return float(found.group(1))


def maps(seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, C, side, side, generator=generator) for C, side in ((3, 6), (4, 3))]


def test_the_margin_shown_is_that_of_the_method() -> None:
    shown = MarginExplorer()
    for settings in [*shown.corners(), {"gamma": 0.5, "beta": 2.0}]:
        shown.set(**settings)
        gamma, beta = (torch.tensor([settings[name]], dtype=torch.float64) for name in ("gamma", "beta"))
        assert number(shown.text.value) == pytest.approx(overhaul.margin(gamma, beta).item(), abs=6e-4)
        assert ("authors" in shown.text.value) == (abs(settings["gamma"]) > 1e-9 and beta / gamma.abs() > 3.0902)
    assert repr(shown).startswith("<MarginExplorer gamma=")


def test_a_constant_channel_is_drawn_too() -> None:
    shown = MarginExplorer().set(gamma=0.0, beta=-1.0)
    assert isinstance(shown, MarginExplorer) and "constant" in shown.text.value and number(shown.text.value) == -1


def test_the_authors_margin_jumps_where_it_does() -> None:
    z = torch.tensor([3.0, 3.09, 3.1, 9.0], dtype=torch.float64)
    theirs = authors_margin(2 * torch.ones_like(z), 2 * z)
    assert theirs[:2].tolist() == overhaul.margin(2 * torch.ones_like(z), 2 * z)[:2].tolist()
    assert theirs[2:].tolist() == [-6, -6]


def test_gradient_and_loss_are_those_of_the_method() -> None:
    shown = DistanceExplorer()
    for settings in shown.corners():
        shown.set(**settings)
        s = torch.tensor(settings["s"]).view(1, 1, 1, 1).requires_grad_()
        t = target(torch.tensor(settings["t"]), settings["m"], settings["transform"]).view(1, 1, 1, 1)
        distance = overhaul.partial_l2 if settings["distance"] == "partial L2" else overhaul.full_l2
        (gradient,) = torch.autograd.grad(distance(s, t), s)
        text = shown.text.value
        assert (0.0 if "no gradient" in text else number(text)) == pytest.approx(gradient.item(), abs=6e-3)


def test_what_counts() -> None:
    s, t = torch.tensor([-1.0, -0.5, 0.5, -1.0, 0.0]), torch.tensor([-0.5, -0.5, -0.5, 0.5, 0.0])
    assert counted(s, t, "partial L2").tolist() == [False, False, True, True, False]
    assert counted(s, t, "full L2").all()


def test_the_pull_on_real_maps() -> None:
    images, t, s = kd.data.load("digits").val.images[:2], maps(0), maps(1)
    margins = [torch.full((C,), -0.5) for C in (3, 4)]
    shown = PullExplorer(images, t, {"untrained": s, "itself": t}, margins, "ab")
    for settings in shown.corners():
        shown.set(**settings)
        i, n, c = settings["stage"], settings["image"], settings["channel"]
        wanted = overhaul.margin_relu(t[i], margins[i])[n, c]
        left = ~counted((s if settings["student"] == "untrained" else t)[i][n, c], wanted, settings["distance"])
        assert number(shown.text.value) == pytest.approx(100 * left.float().mean().item(), abs=0.51)
    first = shown.set(image=0, stage=0, channel=0, student="untrained", distance="partial L2").png()
    assert first != shown.set(student="itself").png()


def test_maps_of_another_shape_are_named() -> None:
    images, t = kd.data.load("digits").val.images[:2], maps(0)
    with pytest.raises(ShapeError, match="wide: maps"):
        PullExplorer(images, t, {"wide": [x[:, :2] for x in t]}, [torch.zeros(3), torch.zeros(4)], "ab")
