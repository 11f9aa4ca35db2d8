"""CIFAR ResNets (He et al. 2016, Deep Residual Learning, §4.2), 6n + 2 layers, as the distillation zoo builds them;
and plain nets, which are the same without shortcuts."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from .layers import conv, image_stem, initialise, named, pooled, scaled
from .staged import Staged

MakeBlock = Callable[[int, int, int], nn.Module]


def two_convolutions(c_in: int, c_out: int, stride: int) -> nn.Sequential:
    """What a block computes beside its shortcut, with a batch norm at the end.

    >>> two_convolutions(4, 8, stride=2)(torch.zeros(1, 4, 8, 8)).shape
    torch.Size([1, 8, 4, 4])
    """
    return named(
        conv1=conv(c_in, c_out, stride=stride),
        norm1=nn.BatchNorm2d(c_out),
        relu=nn.ReLU(),
        conv2=conv(c_out, c_out),
        norm2=nn.BatchNorm2d(c_out),
    )


class Block(nn.Module):
    """shortcut(x) + residual(x) of an active map x; the ReLU after the sum is left to the reader."""

    def __init__(self, c_in: int, c_out: int, stride: int, residual: MakeBlock = two_convolutions) -> None:
        super().__init__()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or c_in != c_out:
            self.shortcut = named(conv=conv(c_in, c_out, kernel=1, stride=stride), norm=nn.BatchNorm2d(c_out))
        # After the shortcut, so that the last batch norm of a stage is the one before its tap (OFD's margins read it).
        self.residual = residual(c_in, c_out, stride)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        made: Tensor = self.shortcut(x) + self.residual(x)
        return made


def stage(first: bool, c_in: int, c_out: int, stride: int, blocks: int, block: MakeBlock) -> nn.Sequential:
    """Blocks with a ReLU between them; the `first` stage also starts with the ReLU of the stem.

    >>> len(stage(True, 16, 16, 1, 3, Block))
    6
    """
    parts: dict[str, nn.Module] = {"relu1": nn.ReLU()} if first else {}
    parts["block1"] = block(c_in, c_out, stride)
    for i in range(2, blocks + 1):
        parts |= {f"relu{i}": nn.ReLU(), f"block{i}": block(c_out, c_out, 1)}
    return named(**parts)


def resnet(
    depth: int,
    multiplier: float,
    classes: int,
    channels: int,
    stem_stride: int,
    block: MakeBlock = Block,
    net: type[Staged] = Staged,
) -> Staged:
    """A CIFAR ResNet: 3×3 stem, three stages of (depth − 2) / 6 blocks with 16 m, 32 m and 64 m channels.

    The stem has 16 m channels, but at most 32 (so the x4 nets have 32 → 64, 128, 256). block: (channels in, channels
    out, stride) → two layers of a stage, which read an active map and leave the ReLU after them to the next. net: the
    class, which knows its `norms`.

    >>> resnet(8, 1.0, classes=10, channels=3, stem_stride=1).widths
    (16, 32, 64)
    """
    blocks = (depth - 2) // 6
    widths = [scaled(width, multiplier) for width in (16, 32, 64)]
    stem_width = min(widths[0], 32)
    made = pooled(
        stem=image_stem(channels, stem_width, stem_stride),
        stages=[
            stage(i == 0, c_in, c_out, 1 if i == 0 else 2, blocks, block)
            for i, (c_in, c_out) in enumerate(zip([stem_width, *widths], widths, strict=False))
        ],
        widths=widths,
        classes=classes,
        stem_width=stem_width,
        kind=net,
    )
    initialise(made)
    return made


def plain(depth: int, multiplier: float, classes: int, channels: int, stem_stride: int) -> Staged:
    """6n + 2 layers, one after the other: what a ResNet of this depth computes beside its shortcuts.

    A deep and thin one is hard to train from scratch, which is what hints (Romero et al. 2015) are for.

    >>> plain(8, 1.0, classes=10, channels=3, stem_stride=1).widths
    (16, 32, 64)
    """
    return resnet(depth, multiplier, classes, channels, stem_stride, block=two_convolutions)
