"""ImageNet's ResNets (He et al. 2016, Deep Residual Learning, table 1) for small images, as the distillation zoo has
them: a 3×3 stem of stride 1 and no pooling after it. "ResNet50" of the zoo, ResNet-34 and 18 of the data-free papers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from .layers import conv, image_stem, initialise, named, pooled, scaled
from .resnet import Block, stage, two_convolutions
from .trace import Staged


def bottleneck(c_in: int, c_out: int, stride: int) -> nn.Sequential:
    """1×1, 3×3 and 1×1 convolutions, the inner two with a quarter of the channels; a batch norm at the end.

    >>> bottleneck(16, 64, stride=2)(torch.zeros(1, 16, 8, 8)).shape
    torch.Size([1, 64, 4, 4])
    """
    inner = max(1, c_out // EXPANSION)
    return named(
        conv1=conv(c_in, inner, kernel=1),
        norm1=nn.BatchNorm2d(inner),
        relu1=nn.ReLU(),
        conv2=conv(inner, inner, stride=stride),
        norm2=nn.BatchNorm2d(inner),
        relu2=nn.ReLU(),
        conv3=conv(inner, c_out, kernel=1),
        norm3=nn.BatchNorm2d(c_out),
    )


EXPANSION = 4  # a bottleneck's output has four times the channels of its middle
# By number of layers: blocks of each stage, what they compute beside the shortcut, output channels over inner ones.
BLOCKS: dict[int, tuple[tuple[int, ...], Callable[[int, int, int], nn.Module], int]] = {
    18: ((2, 2, 2, 2), two_convolutions, 1),
    34: ((3, 4, 6, 3), two_convolutions, 1),
    50: ((3, 4, 6, 3), bottleneck, EXPANSION),
}


def cifar_resnet(depth: int, multiplier: float, classes: int, channels: int, stem_stride: int) -> Staged:
    """A ResNet with four stages of 64, 128, 256 and 512 channels (with bottlenecks four times as many).

    >>> cifar_resnet(18, 0.25, classes=10, channels=3, stem_stride=1).widths
    (16, 32, 64, 128)
    """
    counts, residual, expansion = BLOCKS[depth]
    stem_width = scaled(64, multiplier)
    widths = [scaled(width, multiplier) * expansion for width in (64, 128, 256, 512)]
    block = partial(Block, residual=residual)
    net = pooled(
        stem=image_stem(channels, stem_width, stem_stride),
        stages=[
            stage(i == 0, c_in, c_out, 1 if i == 0 else 2, blocks, block)
            for i, (c_in, c_out, blocks) in enumerate(zip([stem_width, *widths], widths, counts, strict=False))
        ],
        widths=widths,
        classes=classes,
        stem_width=stem_width,
    )
    initialise(net)
    return net
