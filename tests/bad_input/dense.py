"""A class for each pixel: masks, nets that answer for them, and methods."""

from dataclasses import replace

import torch
from torch import nn, zeros

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, UnknownName, nets
from kdtutor.data import UNLABELLED, Batches, Data, Dense, Split
from kdtutor.papers import METHODS, channelwise, hinton
from kdtutor.papers.adversarial import Adversarial
from kdtutor.papers.spot_adaptive import SpotAdaptive

from .kinds import Bad, net

IMAGES = zeros(2, 3, 8, 8, dtype=torch.uint8)
MASKS = zeros(2, 8, 8, dtype=torch.long)


def masks(split: Split) -> Data:
    return Data("mine", split, None, split, ("ground", "road"), (0.0,) * 3, (1.0,) * 3)


def mine(labels: torch.Tensor = MASKS) -> Data:
    return masks(Split(IMAGES, labels, task=Dense()))


def unet(**options: int) -> kd.Net:
    return nets.build("unet2", **{"classes": 2, **options})


def fit(method: kd.Distiller, data: Data | None = None) -> kd.History:
    return kd.fit(method, data or mine(), 1, progress=False, device="cpu")


def larger() -> Data:
    return masks(Split(zeros(2, 3, 16, 16, dtype=torch.uint8), zeros(2, 16, 16, dtype=torch.long), task=Dense()))


def unlabelled_test() -> Data:
    return replace(mine(), test=Split(IMAGES, torch.full_like(MASKS, UNLABELLED), task=Dense()))


def of_one_size() -> kd.Net:
    """Answers with maps of 8 × 8 pixels, whatever the images are."""
    return nets.wrap(nn.Sequential(nn.Conv2d(3, 2, 2, stride=2), nn.Upsample((8, 8))), example=zeros(1, 3, 8, 8))


def pair(**options: int) -> tuple[kd.Net, kd.Net]:
    return unet(), unet(**options)


def generated() -> Adversarial:
    return Adversarial(METHODS["logits"](*pair()), nets.generator("deconvolutionx0.25", 8, 3, 8))


BAD: dict[str, Bad] = {
    "masks of another size": Bad(
        lambda _: Split(IMAGES, MASKS[:, :4], task=Dense()), ShapeError,
        ("images have shape (2, 3, 8, 8)", "masks (2, 4, 8)", "a class for each pixel"),
    ),
    "a class where a mask should be": Bad(
        lambda _: Split(IMAGES, zeros(2), task=Dense()), ShapeError, ("shape (2,)", "expected (N, H, W)"),
    ),
    "masks of fractions": Bad(
        lambda _: Split(IMAGES, MASKS / 2, task=Dense()), ConfigError, ("torch.float32", "whole numbers"),
    ),
    "masks of points": Bad(
        lambda _: Split(zeros(2, 2), MASKS, task=Dense()), ShapeError, ("images have shape (2, 2)", "(N, C, H, W)"),
    ),
    "pixels beyond the classes": Bad(
        lambda _: mine(MASKS + 255), ConfigError,
        ("mine: the train masks run from 255 to 255", "they must lie in 0…1", "-1 marks a pixel without a class"),
    ),
    "a class that wraps round": Bad(
        lambda _: mine(MASKS + 2**16 - 1), ConfigError, ("labels hold [65535]", "from 0 on"),
    ),
    "held-out pixels without any class": Bad(
        lambda _: fit(kd.Alone(unet()), unlabelled_test()), ConfigError, ("no test image of mine has a label",),
    ),
    "a student of more classes of pixels": Bad(
        lambda _: fit(kd.Alone(unet(classes=7))), ConfigError,
        ("the student has 7 outputs", "mine asks for 2", "classes=2"),
    ),
    "a teacher of other classes of pixels": Bad(
        lambda _: hinton.Hinton(*pair(classes=7)), ConfigError,
        ("teacher tells 7 classes apart and the student 2", "the same classes"),
    ),
    "a student of images for pixels": Bad(
        lambda _: fit(kd.Alone(net(classes=2, channels=3))), ConfigError,
        ("resnet8x0.25 answers for whole images", "mine is a set for dense", "nets.build('unet8')"),
    ),
    "a student of pixels for images": Bad(
        lambda _: fit(kd.Alone(unet(classes=10)), kd.data.load("digits")), ConfigError,
        ("unet2 answers for each pixel", "digits is a set for classification", "nets.build('resnet20')"),
    ),
    "a teacher of images for pixels": Bad(
        lambda _: hinton.Hinton(unet(), net(classes=2)), ConfigError,
        ("resnet8x0.25 and unet2", "one answers for each pixel and the other for whole images"),
    ),
    "teachers of images and of pixels": Bad(
        lambda _: kd.Ensemble([unet(), net(classes=2, channels=3)]), ConfigError,
        ("one of unet2 and resnet8x0.25", "answers for each pixel", "the other for whole images"),
    ),
    "answers of another size than the images": Bad(
        lambda _: fit(kd.Alone(of_one_size()), larger()), ShapeError,
        ("maps of (8, 8) to images of (16, 16)", "resize its logits"),
    ),
    "images that move without their masks": Bad(
        lambda _: Batches(mine().train, mine(), 2, lambda images, generator: images), ConfigError,
        ("have to move with them", "masks(masks, generator)", "kd.data.Augment"),
    ),
    "a method of classes for pixels": Bad(
        lambda _: fit(METHODS["decoupled"](*pair())), ConfigError,
        ("Decoupled admits classification", "mine is a set for dense", "admitting('dense')"),
    ),
    "spots of pixels": Bad(
        lambda _: fit(SpotAdaptive(METHODS["attention"](*pair()), "random")), ConfigError,
        ("SpotAdaptive admits classification", "dense"),
    ),
    "generated images of pixels": Bad(
        lambda _: fit(generated()), ConfigError, ("Adversarial admits classification", "dense"),
    ),
    "a segment across skip connections": Bad(
        lambda _: unet().run(zeros(1, 2, 8, 8), 1), ConfigError, ("segment 1 of unet2", "skip connections"),
    ),
    "classes of pixels from their mean": Bad(
        lambda _: unet().classify(zeros(1, 2)), ConfigError, ("unet2 answers for each pixel", "take the whole pass"),
    ),
    "images below the lowest level": Bad(
        lambda _: unet()(zeros(1, 3, 4, 16)), ShapeError, ("at least 8 pixels", "(1, 3, 4, 16)"),
    ),
    "a U-Net without channels": Bad(lambda _: nets.build("unet0"), ConfigError, ("'unet0'", "at least 1 channel")),
    "a U-Net without a width": Bad(lambda _: nets.build("unet"), UnknownName, ("'unet' is not a known net", "unet8")),
    "logits of neither images nor pixels": Bad(
        lambda _: hinton.kd_loss(zeros(2, 3, 4), zeros(2, 3, 4)), ShapeError,
        ("(2, 3, 4)", "expected (B, K) with B ≥ 1, or (B, K, H, W) of pixels"),
    ),
    "channel-wise without a term": Bad(
        lambda _: channelwise.Channelwise(*pair(), logits=0, features=0), ConfigError,
        ("logits=0, features=0", "one must be positive"),
    ),
    "channel-wise over logits of images": Bad(
        lambda _: channelwise.Channelwise(net(), net(), logits=3), ConfigError,
        ("logits=3", "do not both answer for each pixel", "set logits=0"),
    ),
    "channel-wise over other classes": Bad(
        lambda _: channelwise.Channelwise(*pair(classes=7)), ConfigError, ("7 classes apart", "set logits=0"),
    ),
    "all shapes to test on": Bad(lambda _: kd.data.shapes(train=0), ConfigError, ("train=0", "at least one image")),
    "pixels as tasks of a few classes": Bad(
        lambda _: kd.data.only(mine(), [1]), ConfigError, ("only: mine is a set for dense", "one class for each image"),
    ),
    "batches of classes of pixels": Bad(
        lambda _: kd.data.ClassBatches(mine().train, mine(), 2, 2), ConfigError,
        ("ClassBatches: mine is a set for dense", "one class for each image"),
    ),
    "shapes as classes": Bad(
        lambda _: kd.data.load("shapes", task="classification"), ConfigError, ("a set for dense", "leave task out"),
    ),
    "the logits of an evaluation of pixels": Bad(
        lambda _: kd.evaluate(unet(), mine().test, mine()).logits, ConfigError,
        ("only the classes are kept", "predict(net, split[:8], data)"),
    ),
}  # fmt: skip
