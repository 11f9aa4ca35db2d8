"""The pictures of lesson 18."""

import numpy as np
import pandas as pd
import pytest
import torch

from kdtutor import ShapeError
from kdtutor.figures import deit as draw


def test_each_image_has_a_map_of_each_token_below_it():
    images, maps = torch.rand(2, 8, 8), {"class": torch.rand(2, 4, 4), "teacher": torch.rand(2, 4, 4)}
    picture = draw.where_tokens_look(images, maps, alt="Two images, two maps each.")
    shown = [np.asarray(ax.images[0].get_array()) for ax in picture.axes]
    np.testing.assert_allclose(shown[1], images[1])
    np.testing.assert_allclose(shown[2], maps["class"][0])
    np.testing.assert_allclose(shown[5], maps["teacher"][1])
    assert picture.axes[4].get_ylabel() == "teacher" and picture.png()
    with pytest.raises(ShapeError, match="2 images, and the maps of"):
        draw.where_tokens_look(images, {"class": torch.rand(1, 4, 4)}, alt="Too few.")


def test_lines_over_depth_and_the_papers_ends():
    picture = draw.similarity_over_depth({"taught": [0.1, 0.4, 0.8]}, alt="One line.")
    line, paper = picture.axes[0].lines
    np.testing.assert_allclose(line.get_ydata(), [0.1, 0.4, 0.8])
    np.testing.assert_allclose(paper.get_xydata(), [[0, draw.PAPER["first"]], [2, draw.PAPER["last"]]])


def rows():
    methods = {"alone": (0.8, 0.9), "hard, token": (0.9, 0.94)}
    return pd.DataFrame(
        [
            {
                "method": name,
                "seed": seed,
                "test": value,
                "unlike cnn, class head": 1 - value,
                "unlike vit, class head": 0.5,
            }
            for name, values in methods.items()
            for seed, value in enumerate(values)
        ]
    )  # fmt: skip


def test_methods_in_order_with_every_seed():
    picture = draw.ranking(rows(), {"hard, token": "taught", "alone": "by itself"}, alt="Two lines.")
    (ax,) = picture.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["taught", "by itself"]
    dots = [line.get_xdata() for line in ax.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots, [[90, 94], [80, 90]])


def test_how_often_a_net_decides_otherwise():
    table = draw.otherwise(rows(), {"class head": ("hard, token", ", class head")})
    assert table.loc["class head"].tolist() == ["8.0 ± 2.0", "50.0 ± 0.0"]
