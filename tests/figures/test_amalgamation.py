"""The pictures of lesson 15."""

import numpy as np
import pytest
import torch

from kdtutor import ShapeError
from kdtutor.figures import amalgamation as draw

GENERATOR = torch.Generator().manual_seed(0)


def test_each_teacher_names_one_of_its_own_classes():
    z = [torch.tensor([[0.0, 9.0]]), torch.tensor([[0.0, 0.0]])]
    picture = draw.opinions(torch.zeros(1, 1, 4, 4).byte(), z, [[0, 1], [2, 3]], "abcd", alt="One image.")
    below = picture.axes[1]
    assert [label.get_text() for label in below.get_yticklabels()] == ["b", "c"]
    np.testing.assert_allclose([bar.get_width() for bar in below.patches], [1 / (1 + np.exp(-9)), 0.5])
    with pytest.raises(ShapeError, match="1 images need an answer each"):
        draw.opinions(torch.zeros(1, 1, 4, 4).byte(), [torch.zeros(2, 2)], [[0, 1]], "ab", alt="Two answers.")


def test_every_number_is_in_a_histogram():
    own, foreign = torch.randn(2, 40, generator=GENERATOR)
    (ax,) = draw.largest({"teacher 1": (own, foreign)}, alt="Two histograms.", bins=5).axes
    heights = [bar.get_height() for bar in ax.patches]
    assert sum(heights[:5]) == sum(heights[5:]) == 40


def test_right_answers_are_left_out_and_the_border_drawn():
    counts = torch.tensor([[9, 1, 2], [0, 8, 0], [3, 0, 7]])
    picture = draw.borders({"student": counts}, "abc", 2, alt="Mistakes.")
    ax = picture.axes[0]
    assert sorted(text.get_text() for text in ax.texts) == ["1", "2", "3"]
    assert [line.get_ydata()[0] for line in ax.lines[:1]] == [1.5]


def test_a_space_is_shown_along_its_widest_directions():
    x = torch.randn(30, 5, generator=GENERATOR) * torch.tensor([9.0, 4.0, 0.1, 0.1, 0.1])
    (ax,) = draw.spaces({"before": {"teacher 1": x, "student": x + 1}}, alt="Two clouds.").axes
    spread = np.concatenate([line.get_xydata() for line in ax.lines]).std(0)
    np.testing.assert_allclose(spread, torch.cat([x, x + 1])[:, :2].std(0, correction=0), rtol=0.05)
    with pytest.raises(ShapeError, match="share no space"):
        draw.spaces({"": {"a": x, "b": x[:, :3]}}, alt="Two lengths.")
