"""VGG nets with batch norm (Simonyan & Zisserman 2015, table 1), five blocks and one linear layer, as in the zoo."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import Images, average_pool, initialise, named, scaled
from .trace import Staged

# Convolutions in each of the five blocks, by number of layers.
DEPTHS = {8: (1, 1, 1, 1, 1), 11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


class PoolLarge(nn.Module):
    """Halves maps larger than 4×4: so images of 64 pixels reach the last block at the size that those of 32 have."""

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C h w"]:
        return F.max_pool2d(x, 2) if min(x.shape[2:]) > 4 else x


def _convolutions(c_in: int, width: int, count: int, stride: int = 1) -> dict[str, nn.Module]:
    """`count` × (convolution with bias, norm) with ReLUs between; the last ReLU is left to the reader."""
    parts: dict[str, nn.Module] = {}
    for i in range(1, count + 1):
        parts[f"conv{i}"] = nn.Conv2d(c_in if i == 1 else width, width, 3, stride if i == 1 else 1, padding=1)
        parts[f"norm{i}"] = nn.BatchNorm2d(width)
        if i < count:
            parts[f"relu{i}"] = nn.ReLU()
    return parts


def vgg(depth: int, multiplier: float, classes: int, channels: int, stem_stride: int) -> Staged:
    """A VGG net: the first block (64 channels) is the stem, the four others are the stages.

    Max pooling after the first three blocks, after the fourth only where the map is still larger than 4×4 (images over
    39 pixels); the last map is averaged over space.
    """
    stem_width, *widths = (scaled(width, multiplier) for width in (64, 128, 256, 512, 512))
    count, *counts = DEPTHS[depth]
    stages = []
    for i, (c_in, width, convolutions) in enumerate(zip([stem_width, *widths], widths, counts, strict=False)):
        relu: dict[str, nn.Module] = {"relu": nn.ReLU()} if i == 0 else {}
        pool: nn.Module = nn.MaxPool2d(2) if i < 3 else PoolLarge()
        stages.append(named(**relu, pool=pool, **_convolutions(c_in, width, convolutions)))
    net = Staged(
        stem=named(
            images=Images(channels, smallest=7 * stem_stride + 1),
            **_convolutions(channels, stem_width, count, stem_stride),
        ),
        stages=stages,
        pool=average_pool(),
        classifier=nn.Linear(widths[-1], classes),
        widths=widths,
        stem_width=stem_width,
    )
    initialise(net)
    return net
