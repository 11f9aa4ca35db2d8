"""The explorers of lesson 11 at their smallest, middle and largest settings."""

import re

import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.papers.relational import angle_loss, distance_loss
from kdtutor.widgets.relational import HOME, NeighbourExplorer, StructureExplorer, student_space


def losses(shown: StructureExplorer) -> list[float]:
    return [float(number) for number in re.findall(r"loss ([\d.]+\d)", shown.text.value)]


def test_the_losses_are_those_of_the_samples() -> None:
    shown = StructureExplorer()
    teacher = torch.tensor(HOME, dtype=torch.float64)
    for settings in shown.corners():
        shown.set(**settings)
        e = student_space(**settings)
        expected = [loss(e, teacher).item() for loss in (distance_loss, angle_loss)]
        assert losses(shown) == pytest.approx(expected, abs=6e-5)
    assert repr(shown).startswith("<StructureExplorer sample=")


@pytest.mark.parametrize("change", [{"turn": 115}, {"scale": 0.3}, {"shift": -1.4}, {"turn": 20, "scale": 1.5}])
def test_turning_growing_and_moving_change_nothing(change: dict[str, float]) -> None:
    shown = StructureExplorer().set(sample="F", x=HOME[5][0], y=HOME[5][1], **change)
    assert losses(shown) == [0, 0] and "the teacher's structure" in shown.text.value
    away = StructureExplorer().set(x=-1.0)
    before = losses(away)
    assert min(before) > 0 and losses(away.set(**change)) == before


def test_other_samples_stay_at_home() -> None:
    e = student_space("B", 2.0, 2.0)
    assert torch.equal(e[[0, 2, 3, 4, 5]], torch.tensor(HOME, dtype=torch.float64)[[0, 2, 3, 4, 5]])
    assert e[1].tolist() == [2, 2]


def test_neighbours_are_the_nearest_others() -> None:
    images = kd.data.load("digits").val.images[:6]
    labels = torch.tensor([0, 0, 1, 1, 0, 1])
    line = torch.tensor([[0.0], [1], [3], [7], [8], [20]])
    shown = NeighbourExplorer(images, labels, {"line": line, "back": -line}, [0, 3], neighbours=2)
    assert shown._nearest["line"].tolist() == [[1, 2], [4, 2]]
    for settings in shown.corners():
        shown.set(**settings)
    assert "Of 2 neighbours of this 1, the right class has: line 1, back 1." in shown.set(query=1).text.value
    assert len({shown.set(query=n).png() for n in (0, 1)}) == 2


def test_wrong_embeddings_are_named() -> None:
    with pytest.raises(ShapeError, match="bad: 2 embeddings, 3 images"):
        NeighbourExplorer(torch.zeros(3, 1, 4, 4), torch.zeros(3).long(), {"bad": torch.zeros(2, 2)}, [0])
