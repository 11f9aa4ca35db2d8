"""The pictures of lesson 04."""

import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.course.studies import stored_results
from kdtutor.figures import matching as draw
from kdtutor.figures.style import BLUE
from kdtutor.papers.matching import assign


def test_every_pair_is_framed_and_small_tables_have_numbers() -> None:
    cost = torch.rand(3, 7)
    picture = draw.assignment(
        {"small": (cost, assign(cost)), "wide": (torch.rand(2, 16), torch.ones(2, 16))}, alt="Two."
    )
    small, wide = picture.axes
    assert len(small.lines) == 7 and len(small.texts) == 21 and small.get_title() == "small"
    assert len(wide.lines) == 32 and not wide.texts
    with pytest.raises(ShapeError, match="they differ"):
        draw.assignment({"a": (cost, torch.ones(3, 6))}, alt="Wrong.")


def test_a_row_of_maps_for_each_group() -> None:
    image = kd.data.load("digits").val.images[0]
    M = torch.tensor([[1.0, 0, 0, 1, 1], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]])
    picture = draw.groups_of_maps(image, torch.rand(3, 4, 4), torch.zeros(5, 4, 4), M, alt="Maps.", channels=2)
    titles = [ax.get_title() for ax in picture.axes[1:]]
    assert titles == ["student 1", "teacher 1", "teacher 4", "teacher 5", "student 2", "teacher 2", "teacher 3"]
    assert picture.png()


def test_signs_are_written() -> None:
    picture = draw.signed_maps({"a": torch.tensor([[1.0, -2.5]]), "b": torch.zeros(1, 1)}, alt="Two maps.")
    assert [[text.get_text() for text in ax.texts] for ax in picture.axes] == [["1", "−2.5"], ["0"]]


def test_lines_and_bars_have_the_look_of_their_pairing() -> None:
    values = {"matched": [1.5, 1.2], "by position": [1.9, 1.8]}
    ax = draw.lines(values, alt="Lines.", ylabel="cost").axes[0]
    assert [line.get_label() for line in ax.lines] == list(values) and ax.lines[0].get_color() == BLUE
    bars = draw.side_by_side({"one": {"by position": 2.0, "matched": 1.0}}, alt="Bars.").axes[0]
    assert [bar.get_height() for bar in bars.patches] == [2.0, 1.0]


def test_gains_show_mean_and_seeds() -> None:
    frame = stored_results("matching_rivals")
    ax = draw.gains(frame, ["matched", "logits"], base="alone", alt="Dots.").axes[0]
    wide = 100 * frame.pivot_table(index="seed", columns="method", values="test")
    mean = ax.containers[0].lines[0].get_xdata()[0]
    assert mean == pytest.approx((wide["matched"] - wide["alone"]).mean())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["matched", "logits"]
