import pytest
import torch

from kdtutor import ConfigError, data
from kdtutor.data import Augment, Batches, ClassBatches, derived_seed
from tests.waits import copies


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def batches(digits, **options):
    options = {"size": 64, "augment": Augment(pad=2, flip=True)} | options
    return Batches(digits.train, digits, **options)


def test_an_epoch_is_one_pass_in_full_batches(digits):
    source = batches(digits)
    rows = torch.cat([batch.indices for batch in source.epoch(0, seed=0)])
    assert source.steps == 3500 // 64 and len(rows) == source.steps * 64 == len(rows.unique())


def test_a_batch_depends_on_seed_epoch_and_step_alone(digits):
    whole = list(batches(digits).epoch(2, seed=5))
    tail = list(batches(digits).epoch(2, seed=5, start=40))
    assert len(tail) == len(whole) - 40
    assert all(torch.equal(a.images, b.images) for a, b in zip(whole[40:], tail, strict=True))
    for number, seed in ((3, 5), (2, 6)):
        assert not torch.equal(whole[0].indices, next(batches(digits).epoch(number, seed)).indices)


def test_what_is_drawn_ahead_is_what_each_batch_draws_by_itself(digits):
    augment = Augment(pad=2, flip=True)
    generator = torch.Generator().manual_seed(derived_seed(5, 2, "order"))
    rows = torch.randperm(3500, generator=generator)[: 54 * 64].split(64)
    for step, batch in enumerate(batches(digits).epoch(2, seed=5)):
        images = augment(digits.train.images[rows[step]], torch.Generator().manual_seed(derived_seed(5, 2, step)))
        assert torch.equal(batch.indices, rows[step]) and torch.equal(batch.images, digits.normalise(images))


class Doubled(Augment):
    """An augmentation of the reader's own that is made of ours."""

    def __call__(self, images, generator):
        return super().__call__(super().__call__(images, generator), generator)


@pytest.mark.parametrize("augment", [Doubled(pad=1), lambda images, noise: Doubled(pad=1)(images, noise)])
def test_a_callable_is_given_the_images_and_the_generator_of_its_batch(digits, augment):
    for step, batch in zip(range(2), batches(digits, augment=augment).epoch(0, 0), strict=False):
        images = digits.train.images[batch.indices]
        by_hand = Doubled(pad=1)(images, torch.Generator().manual_seed(derived_seed(0, 0, step)))
        assert torch.equal(batch.images, digits.normalise(by_hand))


@pytest.mark.parametrize(
    "source",
    [
        lambda data, augment: Batches(data.train, data, 8, augment),
        lambda data, augment: ClassBatches(data.train, data, 3, 2, 4, augment),
    ],
)
def test_only_the_first_batch_of_an_epoch_copies_to_the_device(digits, source):
    """Order and draws for all of them go with it; a device is played by torch's meta device."""
    made = source(digits, Augment(pad=1, flip=True))
    made.split = digits.train.to("meta")
    epoch = made.epoch(0, 0)
    assert 0 < len(copies(lambda: next(epoch))) < 8
    assert copies(lambda: [next(epoch) for _ in range(3)]) == []


def test_indices_name_the_images(digits):
    batch = next(batches(digits, augment=None).epoch(0, 0))
    assert torch.equal(batch.images, digits.normalise(digits.train.images[batch.indices]))
    assert torch.equal(batch.labels, digits.train.labels[batch.indices])


def test_half_of_a_batch_is_labelled_where_labels_are_scarce(digits):
    scarce = digits.few_labels(20, unlabelled=180)
    source = Batches(scarce.train, scarce, 64)
    assert source.steps == 1800 // 32
    assert all(int((batch.labels >= 0).sum()) == 32 for batch in source.epoch(0, 0))


def test_an_epoch_of_given_length_cycles_through_the_images(digits):
    few = digits.few_labels(2).labelled_only()
    rows = torch.cat([batch.indices for batch in Batches(few.train, few, 10, steps=6).epoch(0, 0)])
    assert rows.bincount().tolist() == [3] * 20


def shift_by_hand(image, pad, dy, dx):
    padded = torch.nn.functional.pad(image, [pad] * 4)
    return padded[:, dy : dy + image.shape[1], dx : dx + image.shape[2]]


def test_a_shift_is_a_crop_of_the_padded_image(digits):
    images = digits.train.images[:8]
    shifted = Augment(pad=3)(images, torch.Generator().manual_seed(0))
    dy, dx = torch.randint(7, (2, 8), generator=torch.Generator().manual_seed(0))
    for n in range(8):
        assert torch.equal(shifted[n], shift_by_hand(images[n], 3, dy[n], dx[n]))


def test_a_flip_mirrors_about_half_of_the_images(digits):
    images = digits.train.images[:400]
    flipped = Augment(flip=True)(images, torch.Generator().manual_seed(0))
    mirrored = (flipped == images.flip(3)).flatten(1).all(1)
    same = (flipped == images).flatten(1).all(1)
    assert (mirrored | same).all() and 150 < mirrored.sum() < 250


def test_augmentation_keeps_uint8_and_shape(digits):
    colour = torch.randint(256, (5, 3, 9, 7), dtype=torch.uint8)
    out = Augment(pad=2, flip=True, fill="reflect")(colour, torch.Generator())
    assert out.dtype == torch.uint8 and out.shape == colour.shape


def test_a_batch_may_not_be_larger_than_the_split(digits):
    few = digits.few_labels(1).labelled_only()
    assert len(next(Batches(few.train, few, 64).epoch(0, 0))) == 10


def test_bad_sizes_are_named(digits):
    with pytest.raises(ConfigError, match="batch size 0"):
        batches(digits, size=0)
    with pytest.raises(ConfigError, match="no training image"):
        Batches(digits.train[:0], digits, 8)
