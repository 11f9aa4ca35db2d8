"""The pictures of lesson 10, at their smallest and largest."""

import numpy as np
import pandas as pd
import pytest
import torch

from kdtutor import ShapeError
from kdtutor.figures import data_free as draw


def test_the_curves_meet_their_bounds() -> None:
    picture = draw.loss_curves(10, alt="Curves.")
    one_hot, entropy = (np.asarray(ax.lines[0].get_ydata()) for ax in picture.axes)
    assert one_hot[0] == pytest.approx(np.log(10)) and one_hot[-1] < 0.01
    assert entropy.min() == pytest.approx(-np.log(10), abs=1e-3) and entropy[-1] == pytest.approx(0, abs=1e-3)
    assert picture.png()


def test_a_mosaic_has_every_image_in_its_place() -> None:
    images = torch.zeros(6, 1, 4, 3)
    images[4, 0, 0, 0] = 7.0
    page = draw.mosaic(images, columns=3)
    assert page.shape == (10, 12)
    assert page[5, 4] == 1 and page[:4, :3].max() == 0 and page[4].min() == 1
    with pytest.raises(ShapeError, match=r"expected \(N, 1, H, W\)"):
        draw.mosaic(torch.zeros(2, 3, 4, 4), 2)


@pytest.mark.parametrize("cases", [1, 4])
def test_dreams_have_bars(cases: int) -> None:
    shares = [0.25, 0.75]
    picture = draw.dreams({str(i): (torch.rand(20, 1, 4, 4), shares) for i in range(cases)}, alt="Dreams.")
    assert len(picture.axes) == 2 * cases
    assert [bar.get_height() for bar in picture.axes[1].patches] == shares and picture.png()


def test_shares_are_sorted_for_each_seed() -> None:
    picture = draw.class_shares({"a": np.array([[0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])}, alt="Shares.")
    mean = picture.axes[0].lines[2].get_ydata()
    assert list(mean) == pytest.approx([0.6, 0.25, 0.15])


def test_a_race_has_a_line_for_each_loop() -> None:
    rows = pd.DataFrame(
        [
            {"loop": loop, "seed": seed, "epoch": epoch, "val": 0.1 * epoch, "test": 0.2 if epoch == 2 else None,
             "seconds": 5.0 if epoch == 2 else None}
            for loop in ("replay", "faithful")
            for seed in (0, 1)
            for epoch in (1, 2)
        ]
    )  # fmt: skip
    picture = draw.race(rows, 100, names={"replay": "ours", "faithful": "theirs"}, alt="A race.")
    left, right = picture.axes
    assert list(left.lines[0].get_xdata()) == [100, 200] and list(left.lines[0].get_ydata()) == pytest.approx([10, 20])
    assert len(right.lines) == 2 and list(right.lines[0].get_ydata()) == [20, 20] and picture.png()
