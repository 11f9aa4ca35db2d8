"""Architectures, teachers and wrapped models."""

from typing import Any

import torch
from torch import nn, zeros

import kdtutor as kd
from kdtutor import ConfigError, DataError, ShapeError, UnknownName, data, nets
from kdtutor.papers import ghost

from .kinds import Bad, damaged, net


def wrapped(**options: Any) -> kd.Net:
    return nets.wrap(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(1), nn.Linear(4 * 36, 10)), **options)


BAD: dict[str, Bad] = {
    "unknown net": Bad(
        lambda _: nets.build("resnt20"), UnknownName, ("'resnt20'", "Did you mean 'resnet20'?", "wrn_16_2"),
    ),
    "a depth that no ResNet has": Bad(
        lambda _: nets.build("resnet21"), UnknownName, ("'resnet21'", "6n+2 layers", "8, 14, 20"),
    ),
    "a depth that no wide ResNet has": Bad(
        lambda _: nets.build("wrn_17_2"), UnknownName, ("'wrn_17_2'", "6n+4 layers"),
    ),
    "a ghost ResNet of no known depth": Bad(
        lambda _: nets.build("ghost_resnet9"), UnknownName, ("'ghost_resnet9'", "6n+2 layers"),
    ),
    "ghosts without a ratio": Bad(lambda _: nets.build("ghost_vgg8_s0"), ConfigError, ("ratio=0", "at least 1")),
    "a cheap filter without a middle": Bad(
        lambda _: ghost.GhostModule(3, 4, cheap_kernel=2), ConfigError, ("cheap_kernel=2", "odd"),
    ),
    "GhostNet of no width": Bad(lambda _: nets.ghostnet(0.0), ConfigError, ("width=0.0", "above 0")),
    "the cost without a ratio": Bad(lambda _: ghost.ghost_cost(3, 4, 3, s=0), ConfigError, ("s=0", "at least 1")),
    "correlation of one image": Bad(
        lambda _: ghost.correlation(zeros(3, 4, 4)), ShapeError, ("(B, C, H, W)", "(3, 4, 4)"),
    ),
    "a filter between maps of different sizes": Bad(
        lambda _: ghost.fit_depthwise(zeros(1, 4, 4), zeros(1, 4, 5), 3), ShapeError, ("(1, 4, 4)", "(1, 4, 5)"),
    ),
    "more pairs than there are": Bad(
        lambda _: ghost.nearest_pairs(zeros(2, 2), 2), ConfigError, ("2 pairs", "2 maps make 1"),
    ),
    "a depth that no VGG has": Bad(lambda _: nets.build("vgg9"), UnknownName, ("'vgg9'", "8, 11, 13, 16, 19")),
    "no classes": Bad(lambda _: net(classes=0), ConfigError, ("classes is 0", "at least 1")),
    "a stem where there is none": Bad(
        lambda _: nets.build("lenet5", stem_stride=2), ConfigError,
        ("stem_stride is 2", "lenet5 has no stem", "leave it at 1"),
    ),
    "images with other channels": Bad(
        lambda _: net(channels=3)(zeros(1, 2, 28, 28)), ShapeError,
        ("expected images with 3 channels", "got (1, 2, 28, 28)", "channels=2"),
    ),
    "an image without a batch": Bad(
        lambda _: net()(zeros(1, 28, 28)), ShapeError, ("expected images (B, 1, H, W)", "got (1, 28, 28)"),
    ),
    "a segment too many": Bad(
        lambda _: net().run(zeros(1, 1, 28, 28), 4), ConfigError, ("segment 4 does not exist", "segments 0 to 3"),
    ),
    "a map of another stage": Bad(
        lambda _: net().run(zeros(1, 9, 7, 7), 1), ShapeError, ("reads maps (B, 4, H, W)", "got (1, 9, 7, 7)"),
    ),
    "a mask of another batch": Bad(
        lambda _: net().trace(zeros(2, 1, 28, 28))[torch.tensor([True])], ShapeError, ("shape (1,)", "holds 2 samples"),
    ),
    "unknown teacher": Bad(
        lambda _: nets.teacher("digits-resnet41"), UnknownName,
        ("'digits-resnet41'", "Did you mean 'digits-resnet14'?"),
    ),
    "absent teacher": Bad(
        lambda tmp: nets.teacher(tmp / "t.safetensors"), DataError, ("t.safetensors cannot be read", "restore it"),
    ),
    "damaged teacher": Bad(
        lambda tmp: nets.teacher(
            damaged(data.root() / "teachers/digits-lenet5.safetensors", tmp, "digits-lenet5.json")
        ),
        DataError, ("digits-lenet5.safetensors is damaged", "its card says", "restore it"),
    ),
    "a teacher with half a card": Bad(
        lambda tmp: nets.save_teacher(net(), "mine", {"seed": 0}, tmp), ConfigError,
        ("the card of 'mine' lacks data, recipe",),
    ),
    "a net is wrapped": Bad(lambda _: nets.wrap(net()), ConfigError, ("is a Net already", "use it as it is")),
    "a stage that is not there": Bad(
        lambda _: wrapped(stages=["layer9"], example=zeros(1, 3, 8, 8)), UnknownName,
        ("'layer9' is not a node of Sequential", "nets.node_names(model) lists all"),
    ),
}  # fmt: skip
