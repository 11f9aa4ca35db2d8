"""A class for each pixel: masks move with their images, and the set that is made in code."""

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor.data import UNLABELLED, Augment, Batches, Data, Dense, ResizedCrop, Split


def told_by_pixels(count: int = 6, height: int = 8, width: int = 10) -> Data:
    """Images whose every pixel is the number of its class, plus 1."""
    masks = torch.randint(7, (count, height, width), generator=torch.Generator().manual_seed(0))
    split = Split((masks + 1).to(torch.uint8).unsqueeze(1), masks, task=Dense())
    return Data("told", split, None, split, tuple("abcdefg"), (0.0,), (1 / 255,))


@pytest.mark.parametrize("augment", [Augment(pad=3), Augment(flip=True), Augment(pad=2, flip=True)], ids=str)
def test_masks_are_shifted_and_mirrored_as_their_images(augment):
    data = told_by_pixels()
    batch = next(iter(Batches(data.train, data, 6, augment).epoch(0, seed=1)))
    pixels = batch.images.round().long().squeeze(1)  # 0 where there was no image
    assert torch.equal(batch.labels.long(), torch.where(pixels == 0, UNLABELLED, pixels - 1))
    assert not torch.equal(batch.labels, data.train.labels[batch.indices]) and batch.labels.dtype == torch.int16


def test_where_an_image_goes_on_as_in_a_mirror_so_does_its_mask():
    data = told_by_pixels()
    batch = next(iter(Batches(data.train, data, 6, Augment(pad=3, fill="reflect")).epoch(0, seed=1)))
    assert torch.equal(batch.labels.long() + 1, batch.images.round().long().squeeze(1))


def test_images_move_as_they_do_with_classes():
    """To ask for masks draws no number."""
    data = told_by_pixels()
    classes = Split(data.train.images, torch.arange(6))
    plain = Data("plain", classes, None, classes, tuple("abcdef"), (0.0,), (1 / 255,))
    for augment in (Augment(pad=3, flip=True), ResizedCrop()):
        a, b = (next(iter(Batches(d.train, d, 6, augment).epoch(0, seed=1))) for d in (data, plain))
        assert torch.equal(a.images, b.images)


@pytest.mark.parametrize("size", [None, 5])
def test_crops_of_masks_are_the_nearest_pixels(size):
    """The same boxes, cut out and resized by torch."""
    data, crop = told_by_pixels(), ResizedCrop(size, scale=(0.2, 1.0))
    masks, seed = data.train.labels, torch.Generator().manual_seed
    drawn = crop.draw(6, 8, 10, seed(1))
    assert drawn.mirrored.any() and not drawn.mirrored.all()
    for mask, box, mirrored, made in zip(masks, drawn.boxes, drawn.mirrored, crop.masks(masks, seed(1)), strict=True):
        top, left, height, width = box.tolist()
        part = mask[top : top + height, left : left + width].float()[None, None]
        told = F.interpolate(part, size=(size or 8, size or 10), mode="nearest-exact")[0, 0].to(mask.dtype)
        assert torch.equal(made, told.flip(1) if mirrored else told)


@pytest.mark.parametrize("size", [None, 20])
def test_images_and_their_masks_show_the_same_box(size):
    """Blocks of one class each: but for rims, where images are blended, both say the same."""
    masks = torch.randint(7, (32, 4, 4), generator=torch.Generator().manual_seed(0))
    masks = masks.repeat_interleave(8, 1).repeat_interleave(8, 2)
    split = Split((masks + 1).to(torch.uint8).unsqueeze(1), masks, task=Dense())
    data = Data("blocks", split, None, split, tuple("abcdefg"), (0.0,), (1 / 255,))
    batch = next(iter(Batches(split, data, 32, ResizedCrop(size, scale=(0.3, 1.0))).epoch(0, seed=1)))
    agree = batch.labels.long() + 1 == batch.images.round().long().squeeze(1)
    assert agree.float().mean() > 0.75


def test_a_whole_box_changes_nothing():
    masks = told_by_pixels(count=4, height=8, width=8).train.labels
    crop = ResizedCrop(scale=(1.0, 1.0), ratio=(1.0, 1.0), flip=False)
    assert torch.equal(crop.masks(masks, torch.Generator().manual_seed(0)), masks)


def test_shapes_are_the_same_every_time_and_hold_every_class():
    a, b = (kd.data.shapes(train=30, val=5, test=5) for _ in "ab")
    assert torch.equal(a.train.images, b.train.images) and torch.equal(a.test.labels, b.test.labels)
    assert a.train.labels.unique().tolist() == [0, 1, 2, 3, 4] and a.task == Dense()
    assert not torch.equal(kd.data.shapes(30, 5, 5, seed=1).train.labels, a.train.labels)
    assert a.train.labels.eq(0).float().mean() > 0.3
    told = kd.data.load("shapes")
    assert [len(split) for split in told.splits().values()] == [1000, 200, 300] and told.size == (32, 32)
