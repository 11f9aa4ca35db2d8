"""ImageNet's ResNets (He et al. 2016, Deep Residual Learning, table 1), as they are and for small images.

For small images as the distillation zoo has them: a 3×3 stem of stride 1 and no pooling after it. "ResNet50" of the
zoo, ResNet-34 and 18 of the data-free papers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor, nn

from .layers import conv, image_stem, initialise, named, pooled, scaled
from .resnet import Block, stage, two_convolutions
from .staged import Staged


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


STEM = 64  # channels of the stem
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
    stem = image_stem(channels, scaled(STEM, multiplier), stem_stride)
    return _four_stages(depth, multiplier, classes, stem, {})


def imagenet_resnet(depth: int, multiplier: float, classes: int, channels: int, stem_stride: int) -> Staged:
    """The same behind a 7×7 stem, of stride 2 by name, and a max pooling of stride 2: maps of 56 pixels from 224.

    The pooling belongs to the first stage, after the ReLU of the stem. torchvision's resnet18, 34 and 50 are the same
    functions; `from_torchvision` renames their weights. With bottlenecks the 3×3 convolution has the stride, as there.

    >>> net = imagenet_resnet(18, 0.25, classes=10, channels=3, stem_stride=2)
    >>> net.trace(torch.zeros(1, 3, 64, 64)).stages[0].shape
    torch.Size([1, 16, 16, 16])
    """
    stem = image_stem(channels, scaled(STEM, multiplier), stem_stride, kernel=7)
    return _four_stages(depth, multiplier, classes, stem, {"pool": nn.MaxPool2d(3, stride=2, padding=1)})


def _four_stages(
    depth: int, multiplier: float, classes: int, stem: nn.Module, after_stem: dict[str, nn.Module]
) -> Staged:
    """The stages of `depth` behind a stem; `after_stem` stands between the stem's ReLU and the first block."""
    counts, residual, expansion = BLOCKS[depth]
    stem_width = scaled(STEM, multiplier)
    widths = [scaled(width, multiplier) * expansion for width in (64, 128, 256, 512)]
    block = partial(Block, residual=residual)
    stages = [
        stage(i == 0, c_in, c_out, 1 if i == 0 else 2, blocks, block)
        for i, (c_in, c_out, blocks) in enumerate(zip([stem_width, *widths], widths, counts, strict=False))
    ]
    first = dict(stages[0].named_children())
    stages[0] = named(relu1=first.pop("relu1"), **after_stem, **first)
    net = pooled(stem, stages, widths=widths, classes=classes, stem_width=stem_width)
    initialise(net)
    return net


def from_torchvision(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of torchvision's resnet18, 34 or 50 under the names of `imagenet_resnet`.

    >>> list(from_torchvision({"layer2.0.downsample.0.weight": torch.zeros(1)}))
    ['stages.1.block1.shortcut.conv.weight']
    """
    return {_renamed(name): tensor for name, tensor in weights.items()}


def _renamed(name: str) -> str:
    if block := re.fullmatch(r"layer(\d)\.(\d+)\.(.+)", name):
        rest = re.sub(r"^bn(?=\d)", "norm", block[3])
        part = f"residual.{rest}".replace("residual.downsample.0", "shortcut.conv")
        part = part.replace("residual.downsample.1", "shortcut.norm")
        return f"stages.{int(block[1]) - 1}.block{int(block[2]) + 1}.{part}"
    name = re.sub(r"^fc\.", "classifier.", name)
    return re.sub(r"^bn1\.", "stem.norm.", re.sub(r"^conv1\.", "stem.conv.", name))
