"""ShuffleNet (Zhang et al. 2018) with three groups for small images, as the distillation zoo's ShuffleV1."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .layers import image_stem, named, pooled
from .resnet import stage
from .staged import Staged

GROUPS = 3
STEM = 24  # channels
UNIT = 4 * GROUPS  # widths are multiples of it: a bottleneck has a quarter of the channels, in as many groups
UNITS = 20  # of the first stage, 240 channels; each stage has twice as many as the one before
BLOCKS = (4, 8, 4)


class Shuffle(nn.Module):
    """Channels in a new order, one of each group in turn, so that the next grouped convolution sees all groups."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        made: Tensor = x.unflatten(1, (self.groups, -1)).transpose(1, 2).flatten(1, 2)
        return made


class Unit(nn.Module):
    """residual(x) beside an active map x: added to it, or with stride 2 joined to its average, channel after channel.

    The ReLU that follows is left to the reader.
    """

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.shortcut = nn.AvgPool2d(3, stride=2, padding=1) if stride == 2 else None
        made = c_out - c_in if stride == 2 else c_out
        inner = made // 4
        groups = 1 if c_in == STEM else GROUPS  # the stem is too narrow to divide
        self.residual = named(
            conv1=_grouped(c_in, inner, groups),
            norm1=nn.BatchNorm2d(inner),
            relu1=nn.ReLU(),
            shuffle=Shuffle(groups),
            filter=nn.Conv2d(inner, inner, 3, stride=stride, padding=1, groups=inner, bias=False),
            norm2=nn.BatchNorm2d(inner),
            relu2=nn.ReLU(),
            conv2=_grouped(inner, made, GROUPS),
            norm3=nn.BatchNorm2d(made),
        )

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        if self.shortcut is None:
            made: Tensor = self.residual(x) + x
            return made
        return torch.cat([self.residual(x), self.shortcut(x)], dim=1)


def _grouped(c_in: int, c_out: int, groups: int) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, 1, groups=groups, bias=False)


def shufflenet(multiplier: float, classes: int, channels: int, stem_stride: int) -> Staged:
    """ShuffleNet: 1×1 stem with 24 channels, three stages of 4, 8 and 4 units that halve the map first.

    240, 480 and 960 channels times `multiplier`, rounded to twelves. Weights start as PyTorch starts them, as in the
    zoo. The second ReLU of a unit is the zoo's; the paper has none there.

    >>> shufflenet(1.0, classes=10, channels=3, stem_stride=1).num_classes
    10
    """
    units = max(STEM // UNIT + 1, round(UNITS * multiplier))
    widths = [UNIT * units * 2**i for i in range(len(BLOCKS))]
    return pooled(
        stem=image_stem(channels, STEM, stem_stride, kernel=1),
        stages=[
            stage(i == 0, c_in, c_out, 2, blocks, Unit)
            for i, (c_in, c_out, blocks) in enumerate(zip([STEM, *widths], widths, BLOCKS, strict=False))
        ],
        widths=widths,
        classes=classes,
        stem_width=STEM,
    )
