"""The pictures of lesson 14."""

import numpy as np
import pandas as pd
import pytest
import torch

from kdtutor.figures import born_again as draw


def test_a_panel_for_each_curve():
    x, line = torch.tensor([0.2, 0.8]), torch.linspace(0, 1, 5)
    picture = draw.rounds(x, x, {"round 1": line, "round 9": 2 * line}, line, alt="Two panels.")
    assert [ax.get_title() for ax in picture.axes] == ["round 1", "round 9"] and picture.png()
    np.testing.assert_allclose(picture.axes[1].lines[2].get_ydata(), 2 * line)


def test_the_least_is_marked():
    picture = draw.over_rounds({"a": [3.0, 1.0, 2.0], "b": [1.0, 2.0, 3.0]}, alt="Two lines.", ylabel="error")
    marks = [line.get_xydata().ravel().tolist() for line in picture.axes[0].lines if len(line.get_xydata()) == 1]
    assert marks == [[2.0, 1.0], [1.0, 1.0]]
    d = torch.logspace(-3, 0, 4)
    assert draw.shrinking({"one": d, "two": d**2}, d, alt="Two lines.").axes[0].get_xscale() == "log"


def test_bars_stand_in_groups():
    picture = draw.believed({"generation 0": (0.6, 0.3), "generation 1": (0.2, 0.7)}, ("given", "true"), alt="Bars.")
    assert [bar.get_height() for bar in picture.axes[0].patches] == [0.6, 0.2, 0.3, 0.7]


def rows(methods: list[str]) -> pd.DataFrame:
    both = [(i, method, seed) for i, method in enumerate(methods) for seed in (0, 1)]
    return pd.DataFrame([{"method": m, "seed": seed, "test": 0.5 + 0.1 * seed + 0.01 * i} for i, m, seed in both])


def test_generations_have_their_seeds_and_rivals():
    frame = rows(["generation 0", "generation 1", "ensemble of generations"])
    picture = draw.generations({"digits": frame}, alt="A line that rises.")
    (ax,), (legend,) = picture.axes, picture.legends
    assert {text.get_text() for text in legend.get_texts()} == {"generations", "ensemble of generations"}
    assert any(np.allclose(np.asarray(line.get_ydata(), dtype=float), [55, 56]) for line in ax.lines[2:])
    assert any(np.allclose(line.get_ydata(), 57) for line in ax.lines)


def test_exits_lie_over_their_cost():
    frame = rows(["own teacher", "own teacher"]).assign(exit=[1.0, 1.0, 2.0, 2.0])
    (ax,) = draw.over_cost({"digits": frame}, [1000, 3000], alt="A line.").axes
    np.testing.assert_allclose(np.asarray(ax.lines[0].get_xydata(), dtype=float), [[1, 55], [3, 56]])
    with pytest.raises(ValueError, match="at least one"):
        draw.rounds(torch.zeros(1), torch.zeros(1), {}, torch.zeros(2), alt="None.")
