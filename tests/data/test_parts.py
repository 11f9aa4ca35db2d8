"""Parts of the training images."""

import pytest
import torch

import kdtutor as kd
from kdtutor.data.parts import balanced


def test_every_class_has_its_share_and_the_seed_alone_decides():
    whole = kd.data.load("digits")
    part, same, other = balanced(whole, 123), balanced(whole, 123), balanced(whole, 123, seed=1)
    assert sorted(part.train.labels.bincount().tolist()) == [12] * 7 + [13] * 3
    assert torch.equal(part.train.images, same.train.images) and not torch.equal(part.train.images, other.train.images)
    assert part.val is whole.val and part.test is whole.test
    rows = [(whole.train.images == image).flatten(1).all(1).nonzero()[0].item() for image in part.train.images]
    assert rows == sorted(rows) and torch.equal(whole.train.labels[rows], part.train.labels)


def test_all_images_are_the_whole_set_in_its_order():
    whole = kd.data.load("digits")
    assert torch.equal(balanced(whole, len(whole.train)).train.images, whole.train.images)


@pytest.mark.parametrize(("images", "told"), [(0, "choose 1…3500"), (3501, "choose 1…3500")])
def test_more_than_there_are_is_refused(images, told):
    with pytest.raises(kd.ConfigError, match=told):
        balanced(kd.data.load("digits"), images)


def test_a_class_that_is_too_small_is_named():
    data = kd.data.load("digits").without_class(3)
    with pytest.raises(kd.ConfigError, match="class '3' has 0, not 10"):
        balanced(data, 100)


def test_images_without_one_class_are_drawn_as_they_come():
    whole = kd.data.shapes(train=20, val=1, test=1)
    part, same = balanced(whole, 7), balanced(whole, 7)
    assert len(part.train) == 7 and torch.equal(part.train.images, same.train.images)
    rows = [(whole.train.images == image).flatten(1).all(1).nonzero()[0].item() for image in part.train.images]
    assert rows == sorted(set(rows)) and torch.equal(whole.train.labels[rows], part.train.labels)
