"""The pictures of lesson 01."""

import numpy as np
import pandas as pd
import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError
from kdtutor.course.studies import stored_results
from kdtutor.figures import hinton as draw

CLASSES = tuple("0123456789")


def test_runners_up_show_the_three_most_probable_classes() -> None:
    digits = kd.data.load("digits")
    p = torch.full((2, 10), 0.01)
    p[0, 4], p[0, 9], p[0, 1] = 0.6, 0.3, 0.03
    p[1, 7], p[1, 2], p[1, 3] = 0.5, 0.4, 0.03
    picture = draw.runners_up(digits.val.images[:2], p, torch.tensor([4, 2]), CLASSES, alt="Two digits.")
    above, below = picture.axes[:2], picture.axes[2:]
    assert [ax.get_title() for ax in above] == ["a 4", "a 2"]
    assert [[label.get_text() for label in ax.get_yticklabels()] for ax in below] == [["4", "9", "1"], ["7", "2", "3"]]
    clothes = draw.runners_up(
        digits.val.images[:2], p, torch.tensor([9, 1]), kd.data.load("fashion").classes, alt="Two."
    )
    assert [ax.get_title() for ax in clothes.axes[:2]] == ["ankle boot", "trousers"]
    with pytest.raises(ShapeError):
        draw.runners_up(digits.val.images[:2], p[:1], torch.tensor([4, 2]), CLASSES, alt="Two digits.")


def test_the_diagonal_is_left_out() -> None:
    matrix = torch.full((10, 10), 0.02) + 0.8 * torch.eye(10)
    picture = draw.dark_knowledge({"a": matrix, "b": matrix}, CLASSES, alt="Two matrices.", percent=False)
    shown = picture.axes[0].images[0].get_array()
    assert np.isnan(np.ma.filled(shown, np.nan).diagonal()).all() and np.nanmax(shown) == pytest.approx(2)
    written = draw.dark_knowledge({"a": matrix}, CLASSES, alt="A matrix.").axes[0].texts
    assert len(written) == 90 and written[0].get_text() == "2.0"


def test_lines_over_temperature_lie_where_they_are_given() -> None:
    picture = draw.over_temperature(
        [1, 2, 4], {"a": torch.tensor([1.0, 0.5, 0.25])}, ylabel="size", constant={"b": 0.7}, alt="Lines."
    )
    first, second = picture.axes[0].lines
    assert list(first.get_ydata()) == [1.0, 0.5, 0.25] and list(second.get_ydata()) == [0.7, 0.7]


def test_scarcity_shows_every_method_and_the_live_run() -> None:
    picture = draw.label_scarcity(stored_results("hinton_labels"), live={"taught": (20, 0.5)}, full=0.99, alt="Lines.")
    names = [text.get_text() for text in picture.axes[0].get_legend().get_texts()]
    assert {*draw.METHODS, "taught, this run: 50.0", "teacher"} == set(names)


def test_the_smallest_of_the_best_biases_is_chosen() -> None:
    rows = [
        {"method": "alone", "seed": seed, "bias": bias, "val": val}
        for seed, vals in enumerate(((0.1, 0.3, 0.3), (0.5, 0.2, 0.1)))
        for bias, val in zip((0.0, 1.0, 2.0), vals, strict=True)
    ]
    assert draw.chosen_bias(pd.DataFrame(rows))["bias"].tolist() == [1.0, 0.0]


def test_stored_pictures_are_small() -> None:
    pictures = (
        draw.raised_bias(stored_results("hinton_omitted"), T=4, alt="Curves."),
        draw.temperature_and_share(stored_results("hinton_explore"), alt="A map."),
    )
    assert all(len(picture.png()) < 60_000 for picture in pictures)
