"""The explorers of lesson 08 at their smallest, middle and largest settings."""

import re

import pytest
import torch

from kdtutor import ShapeError
from kdtutor.papers.ghost import correlation, ghost_cost, map_residual, ordinary_cost, standardised
from kdtutor.widgets.ghost import CostExplorer, PairExplorer

IMAGES = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
MAPS = torch.randn(3, 5, 6, 6, generator=torch.Generator().manual_seed(0))


def test_a_pair_says_what_it_shares_and_what_is_left():
    shown, z, r = PairExplorer(IMAGES, MAPS), standardised(MAPS), correlation(MAPS)
    for settings in shown.corners():
        shown.set(**settings)
        i, j = settings["source"] - 1, settings["target"] - 1
        said = re.findall(r"<b>([-+\d.]+)(%?)</b>", shown.text.value)
        assert float(said[0][0]) == pytest.approx(r[i, j].item(), abs=0.006)
        left = map_residual(z[:, i], z[:, j], settings["d"]).item()
        assert float(said[1][0]) == pytest.approx(100 * left, abs=0.6)


def test_a_map_is_its_own_ghost():
    shown = PairExplorer(IMAGES, MAPS).set(source=2, target=2, d=5)
    assert "r = <b>+1.00</b>" in shown.text.value and "<b>0%</b>" in shown.text.value


def test_images_and_maps_belong_together():
    with pytest.raises(ShapeError, match="2 images and maps of 3"):
        PairExplorer(IMAGES[:2], MAPS)


def test_costs_are_counted_exactly():
    shown = CostExplorer(width=8)
    for settings in shown.corners():
        shown.set(**settings)
        width, k, s, d = (settings[name] for name in ("width", "k", "s", "d"))
        said = re.findall(r"([\d,]{2,}) (?:parameters|multiply-adds)|<b>([\d,]+)</b>", shown.text.value)
        numbers = [int((plain or bold).replace(",", "")) for plain, bold in said]
        ordinary, ghost = ordinary_cost(width, width, k, 14, 14), ghost_cost(width, width, k, s, d, 14, 14)
        assert numbers == [*vars(ordinary).values(), *vars(ghost).values()]


def test_looking_at_costs_draws_no_random_numbers():
    torch.manual_seed(3)
    CostExplorer(width=8)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1))


def test_a_cost_that_was_measured_stays_what_it_is():
    shown = CostExplorer(width=8)
    before = shown.text.value
    assert shown.set(width=16).text.value != before
    assert shown.set(width=8).text.value == before
