import pytest
import torch

from kdtutor import ConfigError, ShapeError, data
from kdtutor.data import UNLABELLED, Data, Split


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


SIZES = {"digits": (3500, 500, 1000), "fashion": (8000, 1000, 2000)}
BOTH = pytest.mark.parametrize("name", data.SHIPPED)


@BOTH
def test_the_sets_that_ship_are_what_their_cards_say(name):
    about, loaded = data.shipped.card(name), data.load(name)
    assert tuple(len(split) for split in loaded.splits().values()) == SIZES[name]
    assert loaded.name == name and loaded.classes == tuple(about["classes"])
    for part, split in loaded.splits().items():
        assert split.images.dtype == torch.uint8 and split.images.shape[1:] == (1, 28, 28)
        assert split.labels.bincount().tolist() == [about["split"]["per_class"][part]] * 10
    pixels = loaded.train.images.float() / 255
    assert pixels.mean().item() == pytest.approx(about["mean"][0], abs=5e-5)
    assert pixels.std().item() == pytest.approx(about["std"][0], abs=5e-5)


@BOTH
def test_no_image_is_in_two_splits(name):
    rows = [{image.numpy().tobytes() for image in split.images} for split in data.load(name).splits().values()]
    assert not rows[0] & rows[1] and not rows[0] & rows[2] and not rows[1] & rows[2]


def test_the_split_is_the_one_that_its_seed_gives(digits):
    from kdtutor.data.splits import stratified

    labels = torch.arange(10).repeat_interleave(500)  # the order of the source: 500 of each class
    train, val, test = stratified(labels, (350, 50, 100), seed=data.digits.card()["split"]["seed"])
    assert torch.equal(digits.val.labels, labels[val]) and len({*train.tolist(), *val.tolist(), *test.tolist()}) == 5000


def test_few_labels_hides_all_but_a_few(digits):
    scarce = digits.few_labels(20, unlabelled=180).train
    shown = scarce.labels[scarce.labelled]
    assert shown.bincount().tolist() == [20] * 10
    assert len(scarce) == 2000 and int((scarce.labels == UNLABELLED).sum()) == 1800


def test_few_labels_depends_on_its_seed_alone(digits):
    first, again, other = (digits.few_labels(5, seed=s).train for s in (0, 0, 1))
    assert torch.equal(first.images, again.images) and not torch.equal(first.images, other.images)


def test_labelled_only_is_what_a_student_without_a_teacher_can_use(digits):
    assert len(digits.few_labels(20).labelled_only().train) == 200


def test_a_class_can_be_left_out_of_training_only(digits):
    without = digits.without_class(3)
    assert 3 not in without.train.labels and 3 in without.test.labels and len(without.train) == 3150


def test_normalise_gives_zero_mean_and_unit_deviation(digits):
    x = digits.normalise(digits.train.images)
    assert x.mean().abs() < 1e-3 and abs(x.std() - 1) < 1e-3


def test_labels_out_of_range_are_named():
    images = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
    split = Split(images, torch.tensor([0, 7]))
    with pytest.raises(ConfigError, match=r"run from 0 to 7.*0…1"):
        Data("mine", split, None, split, ("a", "b"), (0.5,), (0.5,))
    with pytest.raises(ShapeError, match="2 images and 3 labels"):
        Split(images, torch.zeros(3))


@pytest.mark.parametrize("name", ["moons", "spirals", "rings"])
def test_toy_sets_are_two_classes_of_points(name):
    points = data.toy(name, n=50, seed=3)
    again, other = data.toy(name, n=50, seed=3), data.toy(name, n=50, seed=4)
    assert points.train.images.shape == (50, 2) and points.train.labels.bincount().tolist() == [25, 25]
    assert torch.equal(points.train.images, again.train.images)
    assert not torch.equal(points.train.images, other.train.images)
    assert torch.equal(points.normalise(points.train.images), points.train.images)
