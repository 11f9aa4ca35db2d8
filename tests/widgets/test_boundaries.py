"""The explorers of lesson 06 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError, nets
from kdtutor.figures.boundaries import other_side, over_the_plane
from kdtutor.papers.boundaries import boundary_loss
from kdtutor.widgets.boundaries import ACTIVE, SILENT, BoundaryFilm, HingeExplorer, LineExplorer, neuron

POINTS = kd.data.load("moons").test[::10]


def numbers(shown: kd.widgets.Explorer) -> list[float]:
    return [float(number) for number in re.findall(r"<b>([\d.]+)%?</b>", shown.text.value)]


def film() -> tuple[torch.Tensor, BoundaryFilm]:
    kd.seed_everything(0)
    teacher, *frames = [over_the_plane(nets.build("mlp4", classes=2)) for _ in range(5)]
    return teacher, BoundaryFilm(teacher, {"one": frames[:2], "two": frames[2:]}, (0, 10), POINTS)


def test_a_line_counts_sides_and_losses() -> None:
    shown, points = LineExplorer(POINTS), POINTS.images.float()
    teacher = neuron(*LineExplorer.TEACHER, points)
    for settings in shown.corners():
        shown.set(**settings)
        z = neuron(settings["degrees"], settings["offset"], settings["steepness"], points)
        wrong = int(((z > 0) ^ (teacher > 0)).sum())
        assert shown.text.value.startswith(f"<span class='kd-out'>{wrong} of {len(z)} points")
        expected = boundary_loss(z.view(-1, 1, 1, 1), teacher.view(-1, 1, 1, 1)).item()
        assert numbers(shown)[0] == pytest.approx(expected, abs=0.006)


def test_steepness_moves_no_point_to_the_other_side() -> None:
    shown = LineExplorer(POINTS)
    counts = {
        shown.set(degrees=60, offset=0.2, steepness=steepness).text.value.split(" of ")[0]
        for steepness in (0.25, 1.0, 16.0)
    }
    assert len(counts) == 1
    assert numbers(shown.set(degrees=90, offset=0.0, steepness=1.0))[1] == 0


@pytest.mark.parametrize(
    ("side", "z", "margin", "hinge"),
    [(ACTIVE, -0.5, 1.0, 2.25), (ACTIVE, 0.5, 1.0, 0.25), (ACTIVE, 1.5, 1.0, 0.0), (SILENT, 0.5, 2.0, 6.25)],
)
def test_the_hinge_at_a_point(side: str, z: float, margin: float, hinge: float) -> None:
    shown = HingeExplorer()
    shown.set(side=side, z=z, margin=margin)
    assert numbers(shown) == [pytest.approx(hinge, abs=0.006)]


def test_the_hinge_at_all_corners() -> None:
    shown = HingeExplorer()
    assert len({shown.set(**settings).png() for settings in shown.corners()}) > 5


def test_a_film_shows_the_share_on_the_other_side() -> None:
    teacher, shown = film()
    for settings in shown.corners():
        shown.set(**settings)
        frame, n, k = settings["moment"], settings["layer"] - 1, settings["neuron"]
        chosen = list(range(4)) if k < 0 else [k]
        expected = [
            100 * other_side(shown.films[title][frame][n][chosen], teacher[n][chosen]).mean().item()
            for title in ("one", "two")
        ]
        assert numbers(shown) == pytest.approx(expected, abs=0.06)


def test_films_of_another_length_are_refused() -> None:
    teacher, _ = film()
    with pytest.raises(ShapeError, match="3 steps"):
        BoundaryFilm(teacher, {"one": [teacher]}, (0, 1, 2), POINTS)
