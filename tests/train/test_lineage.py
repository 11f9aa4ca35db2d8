"""A teacher of other data is noticed, and the same data under another name are not."""

import warnings
from dataclasses import replace

import pytest

import kdtutor as kd
from kdtutor.papers.hinton import Hinton
from kdtutor.train.ready import family, strange_data

from .common import RECIPE, small


def test_forms_of_a_data_set_are_one_family():
    assert len({family(name) for name in ("digits", "digits-16", "digits-32", "mnist", "mnist-32")}) == 1
    assert family("omniglot-28") == family("omniglot")
    others = ("mnist", "fashion-mnist", "cifar10", "cifar100", "svhn", "omniglot", "cub", "cars196")
    assert len({family(name) for name in others}) == len(others)


def test_a_card_tells_what_a_teacher_was_trained_on():
    teacher = kd.nets.teacher("digits-lenet5")
    assert strange_data(teacher, "fashion-mnist") == "digits"
    assert not strange_data(teacher, "digits-16") and not strange_data(teacher, "mine", "digits")
    assert not strange_data(small(), "fashion-mnist") and not strange_data(None, "fashion-mnist")
    teacher.card = {"data": {"train": "mine"}}
    assert not strange_data(teacher, "fashion-mnist"), "what cannot be compared is not strange"


@pytest.mark.parametrize(
    ("change", "warned"),
    [
        (lambda data: replace(data, name="fashion-mnist"), True),
        (lambda data: kd.data.only(replace(data, name="odd and even"), [1, 2]), True),
        (lambda data: data, False),  # "few", which is no known name, with as many classes
        (lambda data: kd.data.only(replace(data, name="digits"), range(5)), False),
        (lambda data: replace(data, name="mnist").few_labels(2), False),
    ],
    ids=["another set", "other classes", "a name of one's own", "some classes", "few labels"],
)
def test_a_program_is_warned_of_a_teacher_of_other_data(digits, change, warned):
    method = Hinton(small(), kd.nets.teacher("digits-lenet5"))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        kd.train.steps(method, change(digits), 1, recipe=RECIPE, device="cpu")
    sentences = [str(each.message) for each in said]
    assert sum("the teacher was trained on digits, by its card" in sentence for sentence in sentences) == warned
