"""The pictures of lesson 03."""

import pandas as pd
import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.course.studies import stored_results
from kdtutor.figures import fsp as draw


def legend(picture: "draw.Picture", axis: int = 0) -> list[str]:
    return [text.get_text() for text in picture.axes[axis].get_legend().get_texts()]


def test_a_row_of_maps_for_each_tap() -> None:
    image = kd.data.load("digits").val.images[0]
    taps = [torch.rand(5, 4, 4), torch.zeros(9, 2, 2)]
    picture = draw.tap_maps(image, taps, ("first", "second"), alt="Maps.", channels=4)
    assert len(picture.axes) == 1 + 2 * 4
    assert picture.axes[5].get_ylabel() == "second\n9×2×2" and picture.png()
    with pytest.raises(ShapeError, match="2 taps and 1 names"):
        draw.tap_maps(image, taps, ("first",), alt="Maps.")


def test_numbers_are_written_into_the_maps() -> None:
    picture = draw.number_maps({"a": torch.tensor([[1.0, 2.5]]), "b": torch.zeros(1, 1)}, alt="Two maps.")
    assert [[text.get_text() for text in ax.texts] for ax in picture.axes] == [["1", "2.5"], ["0"]]


def test_memory_has_a_bar_for_each_form() -> None:
    picture = draw.memory({"x": {"one": 1000.0, "two": 0.5}, "y": {"one": 10.0, "two": 2.0}}, alt="Bars.")
    assert sorted(bar.get_width() for bar in picture.axes[0].patches) == [0.5, 2, 10, 1000]
    assert [text.get_text() for text in picture.axes[0].texts] == ["1,000", "10", "0.5", "2.0"]


def test_the_race_shows_both_students_and_the_live_run() -> None:
    frame = stored_results("fsp_budget")
    picture = draw.race(frame, live={"taught": (300, 0.9)}, alt="Lines.")
    assert set(legend(picture)) == {"alone", "taught", "taught, this run"}
    assert [ax.get_title() for ax in picture.axes] == ["20 labels a class", "350 labels a class"]


def test_over_labels_draws_mean_and_error() -> None:
    frame = pd.DataFrame(
        [{"method": "taught", "labels": n, "test": value} for n in (2, 5) for value in (0.1 * n, 0.1 * n + 0.2)]
    )
    picture = draw.over_labels(frame, ["taught"], alt="A line.")
    line = picture.axes[0].containers[0].lines[0]
    assert list(line.get_xdata()) == [2, 5] and list(line.get_ydata()) == pytest.approx([30, 60])
