"""Pictures of an evaluation: readable with few classes and with many."""

import pytest
import torch

from kdtutor.figures import evaluation as figures
from kdtutor.train.calibration import calibration


@pytest.mark.parametrize(("K", "named", "written"), [(5, 5, True), (40, 40, False), (300, 38, False)])
def test_confusion(K, named, written):
    counts = torch.eye(K, dtype=torch.int64) * 3
    counts[0, 1] = 1
    picture = figures.confusion(counts, [f"a class with a long name {k}" for k in range(K)], alt="a matrix")
    ax = picture.axes[0]
    assert len(ax.get_yticklabels()) == named and max(len(t.get_text()) for t in ax.get_yticklabels()) <= 16
    assert ax.images[0].get_array()[0, :2].tolist() == pytest.approx([0.75**0.5, 0.25**0.5])
    assert {text.get_text() for text in ax.texts} == ({"0", "1", "3"} if written else set())
    assert max(picture.get_size_inches()) < 11


def test_reliability():
    found = calibration(torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.1, 0.0]]), torch.tensor([0, 1, 0]))
    upper, lower = figures.reliability({"student": found}, alt="bars").axes
    assert [bar.get_height() for bar in upper.patches] == [1.0, 0.5]
    assert sum(bar.get_height() for bar in lower.patches) == 3
    assert upper.get_title() == f"student: ECE {100 * found.error:.1f} %"


def test_scatter():
    truth = torch.tensor([[1.0, torch.nan], [2.0, 5.0]])
    picture = figures.scatter(truth, truth + 1, ["age", "height"], alt="points")
    first, second = picture.axes
    assert first.lines[1].get_xydata().tolist() == [[1, 2], [2, 3]]
    assert second.lines[1].get_xydata().tolist() == [[5, 6]]
