"""The pictures of lesson 07."""

import pandas as pd
import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError, nets
from kdtutor.figures import gan as draw


def net(seed: int = 0) -> nets.Generator:
    kd.seed_everything(seed)
    return nets.generator("dcganx0.125", latent=5, size=16)


def test_making_leaves_modes_and_gradients_alone() -> None:
    made = net().train()
    statistics = made.body.norm0.running_mean.clone()
    images = draw.make(made, torch.randn(3, 5))
    assert images.shape == (3, 1, 16, 16) and not images.requires_grad and made.training
    assert torch.equal(made.body.norm0.running_mean, statistics)
    assert draw.grey(images).shape == (3, 16, 16) and 0 <= draw.grey(images).min() <= draw.grey(images).max() <= 1


def test_directions_are_orthogonal_and_change_the_most() -> None:
    made, z = net(), torch.randn(6, 5)
    first, second = draw.directions(made, z)
    assert first.norm().item() == pytest.approx(1, abs=1e-5) and (first @ second).item() == pytest.approx(0, abs=1e-5)
    assert first[first.abs().argmax()] > 0

    def change(direction: torch.Tensor) -> float:
        step = 1e-2 * direction
        return float((draw.make(made, z + step) - draw.make(made, z - step)).square().sum())

    others = [change(x / x.norm()) for x in torch.randn(8, 5)]
    assert change(first) >= max(others) and change(first) >= change(second)


def test_rows_have_a_network_each() -> None:
    images = {"a": torch.zeros(3, 1, 8, 8), "b": torch.ones(3, 1, 8, 8)}
    picture = draw.rows(images, ["1", "2", "3"], alt="Rows.")
    assert [ax.get_title() for ax in picture.axes[:3]] == ["1", "2", "3"] and len(picture.axes) == 6
    assert [picture.axes[i].get_ylabel() for i in (0, 3)] == ["a", "b"] and picture.png()
    with pytest.raises(ShapeError, match="b has 2 images, the first row 3"):
        draw.rows({**images, "b": torch.zeros(2, 1, 8, 8)}, alt="Rows.")
    with pytest.raises(ShapeError, match="1 captions for 3 columns"):
        draw.rows(images, ["1"], alt="Rows.")


def test_lines_carry_their_labels() -> None:
    picture = draw.lines({"teacher": ([1, 2], [3, 4]), "x": ([1, 2], [5, 6])}, alt="Lines.", xlabel="n", yscale="log")
    (ax,) = picture.axes
    assert ax.get_xlabel() == "n" and ax.get_yscale() == "log" and ax.lines[0].get_color() == "#000000"
    assert ax.get_legend() is not None and picture.png()
    assert draw.lines({"x": ([1], [1])}, alt="One.").axes[0].get_legend() is None


def test_the_ladder_shows_seeds_means_and_levels() -> None:
    rows = [
        {"way": way, "parameters": size, "distance": size / 100 + seed, "sharpness": 5.0 * seed}
        for way in ("scratch", "joint")
        for size in (100, 400)
        for seed in (0, 2)
    ]
    values = {"distance": "distance", "sharpness": "sharpness"}
    levels = {"distance": {"teacher": 1.5, "floor": 0.1}}
    picture = draw.ladder(pd.DataFrame(rows), values, levels=levels, log=("distance",), alt="Ladder.")
    left, right = picture.axes
    assert [list(line.get_ydata()) for line in left.lines[:4] if line.get_label() == "scratch"] == [[2.0, 5.0]]
    assert left.get_yscale() == "log" and right.get_yscale() == "linear"
    assert {text.get_text() for text in left.texts} == {"teacher", "floor"} and picture.png()


def test_a_missing_class_is_marked() -> None:
    picture = draw.classes({"teacher": [0.5, 0.5, 0.0], "x": [0.3, 0.3, 0.4]}, alt="Classes.")
    assert [len(ax.texts) for ax in picture.axes] == [1, 0]
    assert [bar.get_height() for bar in picture.axes[0].patches] == [50, 50, 0] and picture.png()


def test_bars_have_the_colour_of_their_network() -> None:
    (ax,) = draw.bars({"scratch": 10.4, "joint": 70.0}, alt="Bars.", ylabel="same, %").axes
    assert [bar.get_height() for bar in ax.patches] == [10.4, 70] and [t.get_text() for t in ax.texts] == ["10", "70"]
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
