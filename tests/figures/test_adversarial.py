"""The pictures of lesson 09."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import kdtutor as kd
from kdtutor import ShapeError, nets
from kdtutor.figures import adversarial as draw


def trio() -> tuple[kd.Net, kd.Net, nets.Generator]:
    kd.seed_everything(0)
    student, teacher = (nets.build("mlp4", classes=2).eval() for _ in "st")
    return student, teacher, nets.generator("points", latent=2, channels=2, size=1)


def frames(count: int = 3) -> list[draw.Frame]:
    return [draw.frame(10 * i, *trio(), torch.randn(7, 2)) for i in range(count)]


def stills(count: int = 2, images: int = 5) -> list[draw.Still]:
    kd.seed_everything(0)
    student, teacher = (nets.build("lenet5x0.25", classes=10, channels=1).eval() for _ in "st")
    generator = nets.generator("deconvolutionx0.25", latent=4, channels=1, size=28)
    z = torch.randn(images, 4)
    return [draw.still(10 * i, student, teacher, generator, z) for i in range(count)]


def test_a_frame_asks_both_nets_everywhere() -> None:
    student, teacher, generator = trio()
    one = draw.frame(5, student.train(), teacher, generator, torch.randn(7, 2))
    assert one.gap.shape == one.answers.shape == (draw.SIDE, draw.SIDE) and one.points.shape == (7, 2)
    places = draw.places().view(draw.SIDE, draw.SIDE, 2)
    assert places[0, 0].tolist() == [-2, -2] and places[0, -1].tolist() == [2, -2] and places[-1, 0].tolist() == [-2, 2]
    with torch.no_grad():
        z_s, z_t = (net(places[3, 40:41]) for net in (student, teacher))
    torch.testing.assert_close(one.gap[3, 40], (z_s - z_t).abs().mean())
    assert student.training, "the mode is given back"


def test_a_still_leaves_the_generator_as_it_was() -> None:
    kd.seed_everything(0)
    generator = nets.generator("deconvolutionx0.25", latent=4, channels=1, size=28).train()
    before = [x.clone() for x in generator.state_dict().values()]
    net = nets.build("lenet5x0.25", classes=10, channels=1)
    one = draw.still(0, net, net, generator, torch.randn(5, 4))
    assert all(torch.equal(a, b) for a, b in zip(before, generator.state_dict().values(), strict=True))
    assert generator.training and one.images.mean().abs() < 1e-4
    torch.testing.assert_close(one.p_t.sum(1), torch.ones(5))


def test_the_border_is_where_the_teacher_changes_its_answer() -> None:
    class Steep(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([x[:, 1], x[:, 0] - 0.5], 1)

    (line,) = draw.border(Steep())  # type: ignore[arg-type]
    assert abs(line[:, 1] - line[:, 0] + 0.5).max() < 1e-6


def test_a_chase_has_a_panel_for_each_frame() -> None:
    picture = draw.chase(frames(3), [torch.zeros(2, 2).numpy()], columns=2, alt="Dots.")
    assert [ax.get_title() for ax in picture.axes if ax.get_visible()] == ["step 0", "step 10", "step 20"]
    assert [len(ax.lines) for ax in picture.axes[:3]] == [2, 2, 2] and picture.png()


def test_images_harden_row_by_row_with_both_answers() -> None:
    shown = stills(2, images=3)
    picture = draw.hardening(shown, columns=3, alt="Images.")
    assert len(picture.axes) == 6 and picture.png()
    assert picture.axes[0].get_title() == f"{int(shown[0].p_t[0].argmax())} → {int(shown[0].p_s[0].argmax())}"
    assert picture.axes[3].get_ylabel() == "step 10"


def test_shares_are_in_percent() -> None:
    picture = draw.class_shares({"a": torch.tensor([0.25, 0.75]), "b": [1.0, 0.0]}, alt="Bars.")
    bars: list[Any] = list(picture.axes[0].patches)
    assert [bar.get_height() for bar in bars] == pytest.approx([25, 75])
    assert np.asarray(picture.axes[0].lines[0].get_ydata()).tolist() == [50, 50] and picture.png()


def test_lines_over_the_steps_are_means_in_a_band() -> None:
    rows = [("dfad", epoch, seed, 0.1 * epoch + seed) for epoch in (1, 2) for seed in (0, 1)]
    table = pd.DataFrame(rows, columns=["source", "epoch", "seed", "val"])
    table.loc[len(table)] = ["noise", 1, 0, float("nan")]
    picture = draw.over_steps(table, "source", "val", alt="Lines.", ylabel="%", percent=True, steps=50)
    (line,) = picture.axes[0].lines
    assert np.asarray(line.get_xdata()).tolist() == [50, 100]
    assert np.asarray(line.get_ydata()).tolist() == pytest.approx([60, 70])
    assert picture.png()


def test_slopes_need_a_value_for_each_place() -> None:
    picture = draw.slopes([1, 10], {"l1": [1, 1], "kl": [0.1, 1]}, alt="Lines.", xlabel="x", ylabel="y")
    assert picture.axes[0].get_xscale() == "log" and picture.png()
    even = draw.slopes(range(1, 3), {"l1": [1, 1]}, alt="Lines.", xlabel="x", ylabel="y", even=True)
    assert even.axes[0].get_xscale() == "linear"
    with pytest.raises(ShapeError, match="kl: 1 values for 2"):
        draw.slopes([1, 2], {"kl": [1]}, alt="Lines.", xlabel="x", ylabel="y")
