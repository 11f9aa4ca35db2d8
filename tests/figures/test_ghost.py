"""The pictures of lesson 08."""

import pandas as pd
import pytest
import torch

from kdtutor import ShapeError
from kdtutor.figures import ghost as draw
from kdtutor.papers.ghost import standardised


def test_likeness_counts_maps_from_one():
    picture = draw.likeness({"a": torch.eye(6), "b": -torch.eye(6)}, alt="Tables.")
    labels = [tick.get_text() for tick in picture.axes[0].get_xticklabels()]
    assert labels[:2] == ["1", "2"] and picture.axes[1].images[0].get_array().max() == 1


def test_a_row_for_each_pair_says_what_is_left():
    z = standardised(torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(0)))
    z[:, 2] = -z[:, 0]
    picture = draw.made_by_filters(z, [(0, 2), (0, 1)], d=3, alt="Rows.")
    assert len(picture.axes) == 10 and picture.png()
    assert picture.axes[0].get_ylabel() == "1 → 3" and picture.axes[4].get_ylabel() == "0%"
    with pytest.raises(ShapeError, match="no pairs"):
        draw.made_by_filters(z, [], d=3, alt="Rows.")


def test_residuals_are_in_percent_with_their_mean():
    picture = draw.residuals({"a": [[0.5, 0.2], [0.7, 0.4]]}, (1, 3), alt="Lines.")
    lines = [list(line.get_ydata()) for line in picture.axes[0].lines]
    assert lines == [pytest.approx([50, 20]), pytest.approx([70, 40]), pytest.approx([60, 30])]
    with pytest.raises(ShapeError, match="for 3 kernels"):
        draw.residuals({"a": [[0.5, 0.2]]}, (1, 3, 5), alt="Lines.")


def test_a_module_shows_map_filter_and_ghost():
    image, maps, filters = torch.zeros(1, 8, 8), torch.rand(3, 5, 5), torch.randn(3, 3, 3)
    picture = draw.module_maps(image, maps, maps, filters, alt="Maps.")
    assert len(picture.axes) == 10 and picture.png()
    with pytest.raises(ShapeError, match="a filter and a ghost"):
        draw.module_maps(image, maps, maps[:2], filters, alt="Maps.")


def test_bars_are_relative_to_the_base():
    costs = {"plain": {"a": 2.0, "b": 4.0}, "ghost": {"a": 1.0, "b": 6.0}}
    picture = draw.relative(costs, alt="Bars.")
    assert [bar.get_height() for bar in picture.axes[0].patches] == [1, 1, 0.5, 1.5]


def test_layer_times_are_means():
    times = pd.DataFrame({"width": [8, 8], "ordinary": [1.0, 3.0], "primary": [1.0, 1.0], "cheap": [0.5, 0.7],
                          "ghost": [2.0, 2.0]})  # fmt: skip
    picture = draw.layer_times(times, alt="Bars.")
    assert [bar.get_height() for bar in picture.axes[0].patches] == pytest.approx([2, 1, 0.6, 0.4])
    assert list(picture.axes[0].lines[0].get_ydata()) == [2, 2]


def test_accuracy_over_cost_has_a_panel_for_each_role():
    rows = [
        {"net": net, "taught": taught, "test": 0.9 + seed / 100}
        for net in ("plain", "thin", "ghost") for taught in (False, True) for seed in (0, 1)
    ]  # fmt: skip
    picture = draw.accuracy_over_cost(pd.DataFrame(rows), {"plain": 3, "thin": 1, "ghost": 2}, alt="Lines.")
    assert [ax.get_title() for ax in picture.axes] == ["alone", "taught"]
    assert list(picture.axes[0].lines[0].get_xdata()) == [1, 3] and picture.png()
