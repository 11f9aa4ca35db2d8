"""The pictures of lesson 06."""

import numpy as np
import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError, nets
from kdtutor.figures import boundaries as draw


def flat(seed: int = 0) -> kd.nets.Net:
    kd.seed_everything(seed)
    return nets.build("mlp4", classes=2)


def test_the_grid_asks_every_neuron_everywhere() -> None:
    net = flat()
    asked = draw.over_the_plane(net)
    assert asked.shape == (3, 4, draw.ROWS, draw.COLUMNS)
    x, y = draw.grid()
    for row, column in ((0, 0), (5, 60), (47, 3)):
        with torch.no_grad():
            stages = net.trace(torch.tensor([[x[column], y[row]]], dtype=torch.float32)).stages
        torch.testing.assert_close(asked[:, :, row, column], torch.stack([stage.flatten() for stage in stages]))


def test_a_line_is_where_a_neuron_is_zero() -> None:
    x, y = np.meshgrid(*draw.grid())
    (line,) = draw.zero_lines(torch.tensor(x - 0.5 * y - 0.25))
    assert np.abs(line[:, 0] - 0.5 * line[:, 1] - 0.25).max() < 1e-6
    assert draw.zero_lines(np.ones_like(x)) == []
    lines, colours = draw.bundles(torch.tensor(np.stack([x, x + 9, y])), [0, 1, 2])
    assert len(lines) == 2 and colours == [draw.NEURONS[0], draw.NEURONS[2]]


def test_the_other_side_is_a_share_of_the_neurons() -> None:
    one = torch.tensor([[[1.0, -1.0]], [[1.0, 0.0]]])
    other = torch.tensor([[[2.0, 3.0]], [[-1.0, -1.0]]])
    assert draw.other_side(one, other).tolist() == [[0.5, 0.5]]


def test_neurons_have_a_panel_each_and_the_teacher_below() -> None:
    values, points = draw.over_the_plane(flat()), kd.data.load("moons").test[::20]
    picture = draw.neurons({"a": values[0], "b": values[2]}, teacher={"b": values[1]}, points=points, alt="Lines.")
    assert [ax.get_title() for ax in picture.axes] == ["a", "b"]
    assert [len(ax.collections) for ax in picture.axes] == [1, 2] and picture.png()
    assert len(draw.neurons({"a": values[0]}, teacher=values[1], alt="Lines.").axes[0].collections) == 2


def test_answers_mark_the_labelled_points() -> None:
    points = kd.data.load("moons")
    six = points.few_labels(3).labelled_only().train
    picture = draw.answers({"a": flat(0), "b": flat(1)}, points.test[::20], labelled=six, alt="Colours.")
    assert [len(ax.lines) for ax in picture.axes] == [4, 4] and picture.png()


def test_falling_lines_are_in_percent() -> None:
    noted = [[0.5, 0.4], [0.2, 0.1]]
    picture = draw.falling({"alone": noted, "boundaries": noted}, [0, 10], names=["1", "2"], alt="Lines.")
    assert list(picture.axes[1].lines[0].get_ydata()) == pytest.approx([40, 10])
    short = draw.falling({"alone": noted, "boundaries": noted[:1]}, [0, 10], names=["1", "2"], alt="Lines.")
    assert list(short.axes[0].lines[1].get_xdata()) == [0]  # stopped before the second was noted
    with pytest.raises(ShapeError, match="2 notes for 1 steps"):
        draw.falling({"alone": noted}, [0], names=["1", "2"], alt="Lines.")


def test_bars_of_layers_show_mean_and_error() -> None:
    shares = {"alone": [[0.4, 0.5], [0.6, 0.5]], "boundaries": [0.1, 0.2]}
    picture = draw.layer_bars(shares, ["1", "2"], alt="Bars.")
    assert [bar.get_height() for bar in picture.axes[0].patches] == pytest.approx([50, 50, 10, 20])
    with pytest.raises(ShapeError, match="2 layers, 3 names"):
        draw.layer_bars(shares, ["1", "2", "3"], alt="Bars.")


def test_wrong_sides_are_coloured() -> None:
    right = torch.tensor([[[1.0, 1.0], [-1.0, -1.0]]])
    maps = {"teacher": right, "student": torch.tensor([[[1.0, -1.0], [1.0, -1.0]]])}
    picture = draw.sides(torch.zeros(1, 4, 4, dtype=torch.uint8), maps, alt="Sides.")
    colours = np.asarray(picture.axes[-1].images[0].get_array() if picture.axes[-1].images else [])
    assert len(picture.axes) == 3 and picture.png()
    assert len({tuple(colour) for colour in colours.reshape(-1, 3)}) == 4
    assert len({tuple(c) for c in np.asarray(picture.axes[1].images[0].get_array()).reshape(-1, 3)}) == 2
