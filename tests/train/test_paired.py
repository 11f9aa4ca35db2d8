"""Two nets on the same images: counts, and the error of the difference against that of differences image by image."""

import pytest
import torch

import kdtutor as kd
from kdtutor.data.tasks import confusion
from kdtutor.train import Evaluation
from kdtutor.train.paired import paired
from kdtutor.train.scores import class_scores

LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0, -1])
FIRST = torch.eye(3)[[0, 1, 2, 0, 0, 0, 1, 0]]  # right: 4 of 7
SECOND = torch.eye(3)[[0, 0, 0, 1, 1, 0, 2, 0]]  # right: 2 of 7


def test_counts_and_error():
    found = paired(Evaluation(FIRST, LABELS), Evaluation(SECOND, LABELS))
    assert (found.both, found.first, found.second, found.neither, found.total) == (1, 3, 1, 2, 7)
    assert found.agreement == pytest.approx(2 / 7)
    each = (FIRST.argmax(1) == LABELS)[:7].double() - (SECOND.argmax(1) == LABELS)[:7].double()
    assert found.difference == pytest.approx(each.mean().item())
    assert found.error == pytest.approx((each.std(correction=0) / 7**0.5).item())
    assert found.p == pytest.approx(2 * (1 + 4) / 2**4)  # at least 3 of 4 on one side, of either


def test_equal_nets_do_not_differ():
    found = paired(Evaluation(FIRST, LABELS), Evaluation(FIRST, LABELS))
    assert (found.difference, found.error, found.p, found.agreement) == (0, 0, 1, 1)


def test_other_images_are_refused():
    with pytest.raises(kd.Error, match="asked about other images"):
        paired(Evaluation(FIRST, LABELS), Evaluation(SECOND, LABELS.flip(0)))


def test_scores_of_each_class():
    found = class_scores(Evaluation(FIRST, LABELS).confusion())
    assert found.counts.tolist() == [3, 2, 2]
    assert found.recall.tolist() == pytest.approx([2 / 3, 1 / 2, 1 / 2])
    assert found.precision.tolist() == pytest.approx([2 / 4, 1 / 2, 1])
    assert found.iou.tolist() == pytest.approx([2 / 5, 1 / 3, 1 / 2])


def test_pixels_are_counted_as_images_are():
    told, labels = FIRST.argmax(1).reshape(1, 2, 4), LABELS.reshape(1, 2, 4)
    counts = confusion(told, labels)
    assert torch.equal(counts, Evaluation(FIRST, LABELS).confusion())
    assert counts.tolist() == [[2, 1, 0], [1, 1, 0], [1, 0, 1]]
