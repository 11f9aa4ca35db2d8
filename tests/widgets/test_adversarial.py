"""The explorers of lesson 09 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.figures.adversarial import SIDE, Frame, border
from kdtutor.papers.adversarial import discrepancy, divergence
from kdtutor.widgets.adversarial import (
    SHIFTED,
    WAYS,
    WRONG,
    Z_T,
    ChaseFilm,
    GapExplorer,
    ImageFilm,
    TurnFilm,
    student_logits,
)
from tests.figures.test_adversarial import frames, stills, trio

MOONS = kd.data.load("moons").test[::20]


def numbers(shown: kd.widgets.Explorer) -> list[float]:
    return [float(number) for number in re.findall(r"<b>(-?[\d.]+)</b>", shown.text.value)]


def test_the_distances_are_those_of_the_package() -> None:
    shown, z_t = GapExplorer(), torch.tensor([Z_T])
    for settings in shown.corners():
        shown.set(**settings)
        z_s = student_logits(settings["way"], settings["distance"])
        l1 = discrepancy(z_s, z_t)
        expected = [l1.item(), torch.log1p(l1).item(), divergence(z_s, z_t).item()]
        assert numbers(shown) == pytest.approx(expected, abs=0.0006)


def test_kl_lets_go_and_l1_does_not() -> None:
    shown = GapExplorer()
    shown.set(way=WRONG, distance=4.0)
    far = [bar.get_height() for bar in shown._bars]
    shown.set(way=WRONG, distance=0.1)
    near = [bar.get_height() for bar in shown._bars]
    assert near[0] == pytest.approx(far[0]) and near[2] < 0.05 * far[2]
    shown.set(way=SHIFTED, distance=4.0)
    assert shown._bars[2].get_height() < 1e-5 < shown._bars[0].get_height()
    assert set(WAYS) == set(shown.controls["way"].options)


def test_the_chase_tells_how_far_the_nets_are_apart() -> None:
    shown_frames = frames(3)
    shown = ChaseFilm(shown_frames, border(trio()[1]), MOONS)
    for settings in shown.corners():
        shown.set(**settings)
        one = shown_frames[settings["moment"]]
        assert f"After {one.step} steps" in shown.text.value
        assert numbers(shown) == pytest.approx([one.gap.mean().item(), one.gap.max().item()], abs=0.006)
        assert len(shown._points.get_xdata()) == len(one.points)


def test_turns_alternate_and_tell_what_each_changes() -> None:
    """A gap that is 3 on the right half and 1 on the left: the points go there, and the student then halves it."""
    gap = torch.ones(SIDE, SIDE)
    gap[:, SIDE // 2 :] = 3.0
    left, right = torch.tensor([[-1.0, 0.5], [-1.5, 1.0]]), torch.tensor([[1.0, 0.5], [1.5, -1.0]])
    film = [(0, gap, left), (1, gap / 2, left), (2, gap / 2, right), (3, gap / 4, right)]
    shown = TurnFilm([Frame(step, gap, points, gap) for step, gap, points in film], border(trio()[1]))
    assert "Before the first turn" in shown.text.value and numbers(shown) == [1.0]
    expected = [("student", 1.0, 0.5), ("generator", 0.5, 1.5), ("student", 1.5, 0.75)]
    for turn, (player, was, now) in enumerate(expected, 1):
        shown.set(moment=turn)
        assert f"Turn {turn} is the {player}'s" in shown.text.value and numbers(shown) == [was, now]
        before, after = (panel[1].get_xydata().tolist() for panel in shown._panels)
        assert before == film[turn - 1][2].tolist() and after == film[turn][2].tolist()
    assert shown.controls["moment"].description == "turn"


def test_the_images_come_with_both_answers() -> None:
    shown_stills = stills(3, images=5)
    shown = ImageFilm(shown_stills, moment=99)
    assert shown.settings == {"moment": 2, "image": 1}
    for settings in shown.corners():
        shown.set(**settings)
        one, row = shown_stills[settings["moment"]], settings["image"] - 1
        assert numbers(shown) == [one.p_t[row].argmax(), one.p_s[row].argmax()]
        heights = [bar.get_height() for bar in shown._teacher]
        assert heights == pytest.approx(one.p_t[row].tolist())


def test_films_are_not_empty() -> None:
    with pytest.raises(ShapeError, match="at least one frame"):
        ImageFilm([])
    with pytest.raises(ShapeError, match="at least one frame"):
        ChaseFilm([], [], MOONS)
    with pytest.raises(ShapeError, match="at least one frame"):
        TurnFilm([], [])
