"""Tasks cut out by class: other classes, classes apart, batches by class, few-shot episodes."""

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError
from kdtutor.data import UNLABELLED, Augment, ClassBatches, Data, apart, episodes, only


@pytest.fixture(scope="module")
def digits() -> Data:
    return kd.data.load("digits")


def test_only_numbers_its_classes_anew(digits):
    some = only(digits, (7, 2))
    assert some.classes == ("7", "2") and some.train.labels.unique().tolist() == [0, 1]
    assert torch.equal(some.test.images[some.test.labels == 0], digits.test.images[digits.test.labels == 7])


def test_apart_has_no_class_in_common_and_keeps_the_numbers(digits):
    task = apart(digits, range(7), range(7, 10))
    assert task.train.labels.unique().tolist() == list(range(7)) and len(task.train) == 7 * 350
    for split in (task.val, task.test):
        assert split.labels.unique().tolist() == [7, 8, 9]
    assert task.num_classes == 10


@pytest.mark.parametrize(
    ("cut", "sentence"),
    [
        (lambda data: apart(data, range(7), range(6, 10)), r"class \[6\] is both in train and in test"),
        (lambda data: apart(data, range(7), [10]), r"class \[10\] does not exist"),
        (lambda data: only(data, [-1]), r"class \[-1\] does not exist"),
    ],
)
def test_wrong_classes_are_named(digits, cut, sentence):
    with pytest.raises(ConfigError, match=sentence):
        cut(digits)


def test_a_batch_has_some_classes_with_equally_many_images(digits):
    source = ClassBatches(digits.train, digits, classes=4, per_class=3, steps=5, augment=Augment(pad=2))
    batches = list(source.epoch(0, seed=1))
    assert len(batches) == source.steps == 5
    for batch in batches:
        assert batch.images.shape == (12, 1, 28, 28) and len(batch.indices.unique()) == 12
        labels, counts = batch.labels.unique(return_counts=True)
        assert len(labels) == 4 and counts.tolist() == [3] * 4
        assert torch.equal(batch.labels, digits.train.labels[batch.indices])
    assert len(torch.cat([batch.labels for batch in batches]).unique()) > 4, "the classes are drawn anew"


def test_a_batch_depends_on_seed_epoch_and_step_alone(digits):
    source = ClassBatches(digits.train, digits, classes=3, per_class=2, steps=6, augment=Augment(pad=2, flip=True))
    whole = list(source.epoch(2, seed=5))
    for one, other in zip(whole[4:], source.epoch(2, seed=5, start=4), strict=True):
        assert torch.equal(one.images, other.images) and torch.equal(one.indices, other.indices)
    for number, seed in ((2, 6), (3, 5)):
        assert not torch.equal(next(source.epoch(number, seed)).indices, whole[0].indices)


def test_unlabelled_images_are_not_drawn_and_small_classes_repeat(digits):
    few = digits.few_labels(2, seed=0)
    source = ClassBatches(few.train, few, classes=10, per_class=4, steps=3)
    for batch in source.epoch(0, seed=0):
        assert UNLABELLED not in batch.labels and len(batch.indices.unique()) == 20


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"classes": 11}, "10 labelled classes"),
        ({"classes": 1}, "choose 2 or more"),
        ({"classes": 2, "per_class": 1}, "at least 2 images"),
        ({"classes": 2, "steps": 0}, "at least one batch"),
    ],
)
def test_a_batch_that_cannot_be_drawn_is_refused(digits, options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        ClassBatches(digits.train, digits, **options)


def test_episodes_are_small_tasks(digits):
    labels = digits.test.labels
    tasks = list(episodes(labels, way=5, shot=2, queries=3, count=20, seed=4))
    assert len(tasks) == 20
    for task in tasks:
        rows = torch.cat([task.support, task.queries], dim=1)
        assert task.support.shape == (5, 2) and task.queries.shape == (5, 3) and len(rows.unique()) == 25
        assert (labels[rows] == labels[rows[:, :1]]).all() and len(labels[rows[:, 0]].unique()) == 5
    again = list(episodes(labels, way=5, shot=2, queries=3, count=3, seed=4))
    assert all(torch.equal(a.support, b.support) for a, b in zip(tasks, again, strict=False))
    with pytest.raises(ConfigError, match="10 classes have the 100 images"):
        next(episodes(labels, way=11, shot=99, queries=1))
    with pytest.raises(ConfigError, match="each must be at least 1"):
        next(episodes(labels, shot=0))
