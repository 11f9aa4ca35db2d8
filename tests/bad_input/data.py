"""Data sets, splits and batches."""

import torch
from torch import zeros

import kdtutor as kd
from kdtutor import ConfigError, DataError, ShapeError, UnknownName, data
from kdtutor.data import Batches, Split

from .kinds import Bad, damaged, digits

PIXELS = zeros(3, 1, 2, 2)
BAD: dict[str, Bad] = {
    "unknown data set": Bad(
        lambda _: data.load("cifar1000"), UnknownName,
        ("'cifar1000' is not a known data set", "Did you mean 'cifar100'?", "cifar10, cifar100, cub, digits"),
    ),
    "absent data set": Bad(
        lambda tmp: data.load("cifar100", root=tmp), DataError,
        ("cifar100: nothing at", "cifar-100-python", "KDTUTOR_DATA", 'load("cifar100", download=True)'),
    ),
    "absent tiny-imagenet": Bad(
        lambda tmp: data.load("tiny-imagenet", root=tmp), DataError, ("tiny-imagenet-200.zip", "KDTUTOR_DATA"),
    ),
    "damaged digits": Bad(
        lambda tmp: data.digits.digits(damaged(data.root() / "digits/digits.npz", tmp, "card.json").parent), DataError,
        ("digits.npz is damaged", "its sha256 begins with", "git checkout -- data"),
    ),
    "image folder without a root": Bad(
        lambda _: data.load("image-folder"), DataError, ("needs root=", "train/ and test/"),
    ),
    "image folder without train": Bad(
        lambda tmp: data.load("image-folder", root=tmp), DataError,
        ("is not a folder", "expected train/<class>/<image>"),
    ),
    "unknown toy set": Bad(lambda _: data.toy("moon"), UnknownName, ("'moon'", "'moons'", "rings, spirals")),
    "toy set of one point": Bad(lambda _: data.toy("moons", n=1), ConfigError, ("n=1", "n must be at least 2")),
    "no label at all": Bad(
        lambda _: digits().few_labels(0), ConfigError, ("per_class=0", "class '0' has 350", "choose 1…350"),
    ),
    "more labels than images": Bad(lambda _: digits().few_labels(351), ConfigError, ("per_class=351", "choose 1…350")),
    "a class that is not there": Bad(
        lambda _: digits().without_class(10), ConfigError, ("without_class(10)", "the classes are 0…9"),
    ),
    "more images than labels": Bad(
        lambda _: Split(PIXELS, zeros(2)), ShapeError, ("3 images and 2 labels", "one label per image"),
    ),
    "labels out of range": Bad(
        lambda _: kd.Data("mine", Split(PIXELS, torch.tensor([0, 1, 7])), None, Split(PIXELS, zeros(3).long()),
                          ("a", "b"), (0.0,), (1.0,)),
        ConfigError, ("the train labels run from 0 to 7", "with 2 classes they must lie in 0…1"),
    ),
    "batches of nothing": Bad(
        lambda _: Batches(digits().train[:0], digits(), 8), ConfigError, ("digits", "no training image left"),
    ),
    "batch size 0": Bad(lambda _: Batches(digits().train, digits(), 0), ConfigError, ("batch size 0", "at least 1")),
}  # fmt: skip
