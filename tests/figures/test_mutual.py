"""The pictures of lesson 13."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from kdtutor import ShapeError
from kdtutor.figures import mutual as draw


def test_a_sure_answer_is_a_corner_and_doubt_the_middle():
    np.testing.assert_allclose(draw.in_triangle(torch.eye(3)), draw.CORNERS, atol=1e-6)
    np.testing.assert_allclose(draw.in_triangle(torch.full((1, 3), 1 / 3))[0], draw.CORNERS.mean(0), atol=1e-6)
    with pytest.raises(ShapeError, match="three classes"):
        draw.in_triangle(torch.eye(4))
    ax = draw.triangle(Figure().subplots(), ("a", "b", "c"))
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]


def lines(ax):
    """The means that are drawn, by method."""
    return {bars.get_label(): bars.lines[0].get_xydata() for bars in ax.containers}


def test_a_pair_shows_both_nets_their_mean_and_how_often_they_disagree():
    pairs = {"alone": (torch.tensor([[0.1, 0.3], [0.4, 0.4]]), 0.25), "together": (torch.ones(2, 3), 0.0)}
    picture = draw.undecided(pairs, alt="Two panels.")
    left, right = picture.axes
    np.testing.assert_allclose([bar.get_height() for bar in left.patches], [0.3, 1.0], rtol=1e-6)
    np.testing.assert_allclose(left.lines[0].get_ydata(), [0.2, 0.4], rtol=1e-6)
    assert [bar.get_height() for bar in right.patches] == [25.0, 0.0]
    assert [text.get_text() for text in right.get_xticklabels()] == ["alone", "together"] and picture.png()


def test_certainty_is_the_mean_over_the_seeds():
    rows = [
        {"method": method, "seed": seed, "epoch": epoch, "entropy": epoch + seed}
        for method in ("alone", "together") for seed in (0, 1) for epoch in (1, 2)
    ]  # fmt: skip
    picture = draw.certainty({"digits": pd.DataFrame(rows)}, methods=("alone", "together"), alt="Two lines.")
    np.testing.assert_allclose(lines(picture.axes[0])["together"], [(1, 1.5), (2, 2.5)])
    assert picture.axes[0].get_title() == "digits" and picture.png()


def test_each_kind_of_noise_has_its_panel():
    rows = [
        {"method": "alone", "seed": seed, "relative": relative, "sigma": sigma, "loss": sigma * (1 + relative) + seed}
        for seed in (0, 1) for relative in (False, True) for sigma in (0.0, 0.5)
    ]  # fmt: skip
    picture = draw.shaken(pd.DataFrame(rows), methods=("alone",), alt="Two panels.")
    absolute, relative = (lines(ax)["alone"] for ax in picture.axes)
    np.testing.assert_allclose(absolute, [(0, 0.5), (0.5, 1.0)])
    np.testing.assert_allclose(relative, [(0, 0.5), (0.5, 1.5)])
    assert [ax.get_title() for ax in picture.axes] == ["absolute noise", "relative noise"]
