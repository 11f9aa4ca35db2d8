"""The pictures of lesson 12."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from kdtutor import ShapeError
from kdtutor.figures import spot_adaptive as draw
from kdtutor.figures.picture import Picture
from kdtutor.figures.style import VERMILION

PLACES = ("stage1", "stage2", "logits")


def drawn() -> draw.Network:
    return draw.network(Picture(alt="A network.").subplots(), PLACES)


def used(network: draw.Network) -> set[tuple[int, bool, bool]]:
    return {key for key, arrow in network.arrows.items() if to_hex(arrow.get_edgecolor()) == VERMILION.lower()}


def test_a_network_has_a_box_for_each_segment_and_arrows_between() -> None:
    network = drawn()
    assert len(network.boxes) == 6 and len(network.arrows) == 4 + 4 + 2 and len(network.marks) == 3
    assert not used(network)


def test_a_way_leads_through_the_pieces_that_were_taken() -> None:
    network = drawn()
    network.take([True, False, True])
    assert used(network) == {(0, True, False), (1, False, True), (2, True, True)}
    filled = {key for key, box in network.boxes.items() if to_hex(box.get_facecolor()) != "#ffffff"}
    assert filled == {(0, True), (1, False), (2, True)}
    assert draw.routing_network(PLACES, decisions=[False] * 3, alt="A way.").png()


def test_lines_over_epochs_have_a_mean_and_crosses() -> None:
    numbers = {"a": {"stage1": np.array([[0.2, 0.4], [0.4, 0.8]])}, "b": {"logits": np.ones((2, 2))}}
    picture = draw.over_epochs(numbers, sampled=numbers, alt="Lines.")
    assert list(picture.axes[0].lines[0].get_ydata()) == pytest.approx([0.3, 0.6])
    assert [len(ax.lines) for ax in picture.axes] == [2, 2]


def test_a_gallery_shows_least_and_most_among_the_chosen() -> None:
    images = (torch.arange(8.0) / 8).view(8, 1, 1, 1).expand(8, 1, 4, 4)
    p = torch.tensor([3.0, 1, 2, 7, 5, 6, 0, 4]).view(8, 1) / 8
    among = torch.arange(8) != 6
    picture = draw.gallery(images, p, p[:, 0], ["stage1"], among=among, count=2, alt="Digits.")
    shown = [float(ax.images[0].get_array()[0, 0]) * 8 for ax in picture.axes if ax.images]
    assert shown == [1, 2, 3, 5]
    with pytest.raises(ShapeError, match="2 spots"):
        draw.gallery(images, p, p[:, 0], ["a", "b"], alt="Digits.")


def test_differences_and_maps_want_a_number_for_each_name() -> None:
    series = {"noise": (np.array([-0.1, 0.2]), np.array([0.05, 0.1]))}
    assert len(draw.differences({"a": series, "b": series}, ["x", "y"], ylabel="p", alt="Points.").axes) == 2
    with pytest.raises(ShapeError, match="2 numbers, 1 names"):
        draw.differences({"a": series}, ["x"], ylabel="p", alt="Points.")
    picture = draw.number_map(np.array([[-1.0, 2.0]]), ["1000"], ["1", "5"], centred=True, alt="A map.")
    assert [text.get_text() for text in picture.axes[0].texts] == ["-1.0", "+2.0"]
    with pytest.raises(ShapeError):
        draw.number_map(np.zeros((2, 2)), ["a"], ["b", "c"], alt="A map.")


def test_a_histogram_of_draws_stands_beside_the_softmax() -> None:
    picture = draw.histogram_of_draws([0.25, 0.75], [0.2, 0.8], alt="Bars.")
    assert [bar.get_height() for bar in picture.axes[0].patches] == [0.25, 0.75]
    assert list(picture.axes[0].lines[0].get_ydata()) == [0.2, 0.8]
