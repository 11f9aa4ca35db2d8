"""The explorers of lesson 10 at their smallest, middle and largest settings."""

import re
from itertools import product

import pytest
import torch

from kdtutor import ShapeError, nets
from kdtutor.papers.data_free import activation_loss, entropy_loss, one_hot_loss
from kdtutor.train import seed_everything
from kdtutor.widgets.data_free import Frame, LossExplorer, TogglesExplorer, WalkExplorer, tour


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"<b>(-?[\d.]+)%?</b>", text)]


def films() -> dict[tuple[bool, bool, bool], list[Frame]]:
    """The last frame of the first film has collapsed."""
    even, one = torch.eye(10).repeat(2, 1), torch.eye(10)[[3] * 20]
    choices = [on for on in product((True, False), repeat=3) if any(on)]
    return {on: [Frame(torch.rand(16, 1, 5, 5), z) for z in (even, one)] for on in choices}


def test_a_tour_visits_its_stops_and_keeps_its_length() -> None:
    stops = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    for n in range(3):
        torch.testing.assert_close(tour(stops, float(n)), stops[n] / stops[n].norm() * 50**0.5)
    torch.testing.assert_close(tour(stops, 3.0), tour(stops, 0.0))
    for at in (0.3, 1.5, 2.95):
        assert tour(stops, at).norm().item() == pytest.approx(50**0.5, rel=1e-4)


def test_a_walk_shows_the_teacher_s_answer() -> None:
    seed_everything(0)
    teacher = nets.build("lenet5", classes=10, channels=1).eval()
    maker = nets.generator("deconvolutionx0.25", latent=6, size=28)
    shown = WalkExplorer(maker, teacher, "0123456789", stops=3)
    pictures = set()
    for settings in shown.corners():
        shown.set(**settings)
        z = settings["length"] * tour(shown.stops, settings["at"])
        with torch.no_grad():
            answer = teacher(maker(z[None])).argmax(1).item()
        assert f"a <b>{answer}</b>" in shown.text.value
        pictures.add(shown.png())
    assert len(pictures) > 2


def test_the_losses_by_hand() -> None:
    shown = LossExplorer()
    for settings in shown.corners():
        shown.set(**settings)
        first, height = settings["first"], settings["height"]
        rows = [0] * first + [1 + i % 3 for i in range(12 - first)]
        z_t = height * torch.eye(4)[rows]
        expected = [one_hot_loss(z_t), activation_loss(torch.full((1, 1), settings["strength"])), entropy_loss(z_t)]
        assert numbers(shown.text.value) == pytest.approx([x.item() for x in expected], abs=0.006)


def test_toggles_show_their_film_and_name_a_collapse() -> None:
    shown = TogglesExplorer(films(), (0, 10))
    for settings in shown.corners():
        shown.set(**settings)
        if not any(settings[name] for name in ("one_hot", "activation", "entropy")):
            assert "Nobody tells the generator" in shown.text.value
        elif settings["moment"] == 1:
            assert "Step 10: collapsed, 1 of 10 classes are made, effectively 1.0" in shown.text.value
        else:
            assert "Step 0: 10 of 10 classes are made, effectively 10.0" in shown.text.value


def test_films_of_another_length_are_refused() -> None:
    with pytest.raises(ShapeError, match="3 steps for films of"):
        TogglesExplorer(films(), (0, 1, 2))
