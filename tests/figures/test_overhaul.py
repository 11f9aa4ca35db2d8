"""The pictures of lesson 05."""

import pandas as pd
import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.figures import overhaul as draw


def maps(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_a_line_for_each_name_and_a_mark() -> None:
    x = torch.linspace(-1, 1, 5)
    picture = draw.lines(x, {"a": x, "b": x.relu()}, xlabel="x", ylabel="y", marks={"here": 0.5}, alt="Two lines.")
    ax = picture.axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert [line.get_xdata()[0] for line in ax.lines] == [-1, -1, 0.5] and picture.png()
    assert draw.lines([0, 1], {"one": [0, 1]}, xlabel="x", ylabel="y", alt="A line.").axes[0].get_legend() is None


def test_histograms_hold_density_and_margins() -> None:
    branch, weight, bias = maps(0, 4, 3, 5, 5), torch.tensor([0.8, -0.5, 1.0]), torch.zeros(3)
    picture = draw.channel_histograms(
        branch,
        branch.abs(),
        weight,
        bias,
        {"margin": -weight.abs(), "measured": -weight.abs() / 2},
        (0, 2),
        alt="Bars.",
    )
    assert [ax.get_title() for ax in picture.axes] == ["channel 0", "channel 2"]
    density, margin, measured = picture.axes[0].lines
    assert max(density.get_ydata()) == pytest.approx(0.3989 / 0.8, rel=0.01)
    assert margin.get_xdata()[0] == pytest.approx(-0.8) and measured.get_xdata()[0] == pytest.approx(-0.4)
    assert picture.png()


def test_a_frame_for_each_stage() -> None:
    read = [torch.tensor([-0.5, -0.6]), torch.tensor([-0.4])]
    picture = draw.margins_measured(read, {"here": read, "there": [m / 2 for m in read]}, alt="Dots.")
    assert [ax.get_title() for ax in picture.axes] == ["stage 1, 2 channels", "stage 2, 1 channels"]
    assert list(picture.axes[0].lines[2].get_ydata()) == pytest.approx([-0.25, -0.3])
    assert picture.png()


def test_a_row_for_each_form_on_one_scale() -> None:
    image, pre = kd.data.load("digits").val.images[0], maps(1, 4, 6, 5)
    picture = draw.transformed(image, {"before": pre, "after": pre.relu()}, (0, 3), alt="Maps.")
    shown = [ax.images[0] for ax in picture.axes[1:5]]
    assert {image.get_clim() for image in shown} == {shown[0].get_clim()}
    assert picture.axes[1].get_ylabel() == "before" and picture.axes[3].get_ylabel() == "after" and picture.png()


def test_pairs_are_counted_where_they_are() -> None:
    t = torch.full((1, 1, 2, 2), 1.05)
    picture = draw.joint({"x": (t, t + 1)}, alt="A dot.")
    ax = picture.axes[0]
    counts = ax.images[0].get_array()
    assert counts[(counts > 0)].shape == (1,) and counts[50, 40] > 0  # s = 2.05, t = 1.05: cells of 0.1 from -3
    assert {tuple(point) for point in ax.patches[0].get_xy()} == {(0, 0), (-3, -3), (0, -3)}
    with pytest.raises(ShapeError, match="x: t has shape"):
        draw.joint({"x": (t, t[0])}, alt="Nothing.")


def test_the_ablation_has_a_row_for_each_method() -> None:
    frame = pd.DataFrame([{"method": m, "test": v} for m in ("alone", "overhaul") for v in (0.5, 0.7)])
    picture = draw.ablation(frame, ["overhaul", "alone"], alt="Dots.")
    assert [text.get_text() for text in picture.axes[0].get_yticklabels()] == ["overhaul", "alone"]
    assert picture.axes[0].containers[0].lines[0].get_xdata()[0] == pytest.approx(60)
    with pytest.raises(ConfigError, match="no method 'logits'"):
        draw.ablation(frame, ["logits"], alt="Nothing.")


def test_two_bars_for_each_stage() -> None:
    picture = draw.reach([30.0, 10.0], [45.0, 30.0], alt="Bars.")
    assert [bar.get_height() for bar in picture.axes[0].patches] == [30, 10, 45, 30]
    assert [text.get_text() for text in picture.axes[0].get_xticklabels()] == ["stage 1", "stage 2"]
