"""VGG nets with batch norm (Simonyan & Zisserman 2015, table 1), five blocks and one linear layer, as in the zoo."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import Images, initialise, named, pooled, scaled
from .staged import Staged

# Convolutions in each of the five blocks, by number of layers.
DEPTHS = {8: (1, 1, 1, 1, 1), 11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


MakeConv = Callable[[int, int, int], nn.Module]


class PoolLarge(nn.Module):
    """Halves maps larger than 4×4: so images of 64 pixels reach the last block at the size that those of 32 have."""

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C h w"]:
        return F.max_pool2d(x, 2) if min(x.shape[2:]) > 4 else x


def convolution(c_in: int, c_out: int, stride: int) -> nn.Conv2d:
    """3×3, with bias, as the zoo has it although a batch norm follows.

    >>> convolution(3, 8, 2)(torch.zeros(1, 3, 8, 8)).shape
    torch.Size([1, 8, 4, 4])
    """
    return nn.Conv2d(c_in, c_out, 3, stride, padding=1)


def _convolutions(makers: Sequence[MakeConv], c_in: int, width: int, stride: int = 1) -> dict[str, nn.Module]:
    """Convolutions, each followed by a norm, with ReLUs between; the last ReLU is left to the reader."""
    parts: dict[str, nn.Module] = {}
    for i, make in enumerate(makers, start=1):
        parts[f"conv{i}"] = make(c_in if i == 1 else width, width, stride if i == 1 else 1)
        parts[f"norm{i}"] = nn.BatchNorm2d(width)
        if i < len(makers):
            parts[f"relu{i}"] = nn.ReLU()
    return parts


def vgg(
    depth: int,
    multiplier: float,
    classes: int,
    channels: int,
    stem_stride: int,
    conv: MakeConv = convolution,
    poolings: int = 3,
) -> Staged:
    """A VGG net: the first block (64 channels) is the stem, the four others are the stages.

    Max pooling after the first three blocks, after the fourth only where the map is still larger than 4×4 (images over
    39 pixels); the last map is averaged over space. conv: (channels in, channels out, stride) → every convolution but
    the first of the net. poolings: after how many blocks maps of every size are pooled.

    >>> vgg(8, 0.25, classes=10, channels=3, stem_stride=1).num_classes
    10
    """
    stem_width, *widths = (scaled(width, multiplier) for width in (64, 128, 256, 512, 512))
    count, *counts = DEPTHS[depth]
    stages = []
    for i, (c_in, width, convolutions) in enumerate(zip([stem_width, *widths], widths, counts, strict=False)):
        relu: dict[str, nn.Module] = {"relu": nn.ReLU()} if i == 0 else {}
        pool: nn.Module = nn.MaxPool2d(2) if i < poolings else PoolLarge()
        stages.append(named(**relu, pool=pool, **_convolutions([conv] * convolutions, c_in, width)))
    net = pooled(
        stem=named(
            images=Images(channels, smallest=(2**poolings - 1) * stem_stride + 1),
            **_convolutions([convolution, *[conv] * (count - 1)], channels, stem_width, stem_stride),
        ),
        stages=stages,
        widths=widths,
        classes=classes,
        stem_width=stem_width,
    )
    initialise(net)
    return net
