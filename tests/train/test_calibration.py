"""Calibration against a sum written out."""

import pytest
import torch

import kdtutor as kd
from kdtutor.data import UNLABELLED
from kdtutor.train.calibration import calibration


def written_out(logits, labels, bins):
    """ECE image by image, as Guo et al. have it: bin m holds confidences in ((m - 1) / M, m / M]."""
    held = {m: [] for m in range(1, bins + 1)}
    for z, y in zip(logits.double().tolist(), labels.tolist(), strict=True):
        p = torch.softmax(torch.tensor(z, dtype=torch.float64), 0).tolist()
        confidence = max(p)
        m = next(m for m in held if (m - 1) / bins < confidence <= m / bins)
        held[m].append((confidence, p.index(confidence) == y))
    return sum(
        abs(sum(right for _, right in part) - sum(sure for sure, _ in part)) / len(labels) for part in held.values()
    )


@pytest.mark.parametrize("bins", [1, 15])
def test_the_error_is_the_papers(bins):
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(200, 5, generator=generator)
    labels = torch.randint(5, (200,), generator=generator)
    found = calibration(logits, labels, bins)
    assert found.error == pytest.approx(written_out(logits, labels, bins), abs=1e-12)
    assert found.counts.sum() == 200 and len(found.counts) == bins
    if bins == 1:
        assert found.error == pytest.approx(abs(found.gap), abs=1e-12)


def test_a_sure_and_right_net_is_calibrated_and_unlabelled_images_do_not_count():
    logits = 100 * torch.eye(3)
    assert calibration(logits, torch.tensor([0, 1, 2])).error == pytest.approx(0, abs=1e-12)
    hidden = calibration(logits, torch.tensor([0, UNLABELLED, 1]))
    assert hidden.counts.tolist()[-1] == 2 and hidden.error == pytest.approx(0.5)


def test_what_cannot_be_calibrated():
    with pytest.raises(kd.Error, match="none of the 2 images has a label"):
        calibration(torch.zeros(2, 3), torch.tensor([UNLABELLED, UNLABELLED]))
    with pytest.raises(kd.Error, match="bins=0"):
        calibration(torch.zeros(2, 3), torch.tensor([0, 1]), 0)
