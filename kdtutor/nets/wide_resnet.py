"""Wide ResNets (Zagoruyko & Komodakis 2016, §2), 6n + 4 layers, norm and ReLU before each convolution.

The norm that a stage's reader needs before its ReLU belongs to the *end* of that stage here: a tapped stage is then a
true pre-activation, and that norm runs once a step. (The zoo either taps the raw sums or runs the next stage's norm a
second time, which updates its running statistics twice.) It is the same network: as many parameters, same function.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from .layers import Images, conv, initialise, named, pooled, scaled
from .staged import Staged


def _residual(c_in: int, c_out: int, stride: int) -> nn.Sequential:
    return named(
        conv1=conv(c_in, c_out, stride=stride),
        norm=nn.BatchNorm2d(c_out),
        relu=nn.ReLU(),
        conv2=conv(c_out, c_out),
    )


class Widen(nn.Module):
    """shortcut(x) + residual(x) of an *active* map x, to new channels and size."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.shortcut = conv(c_in, c_out, kernel=1, stride=stride)
        self.residual = _residual(c_in, c_out, stride)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        made: Tensor = self.shortcut(x) + self.residual(x)
        return made


class Keep(nn.Module):
    """x + residual(relu(norm(x))) of a *raw* map x, of the same channels and size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.activate = named(norm=nn.BatchNorm2d(width), relu=nn.ReLU())
        self.residual = _residual(width, width, stride=1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        made: Tensor = x + self.residual(self.activate(x))
        return made


def _stage(first: bool, c_in: int, c_out: int, blocks: int) -> nn.Sequential:
    """Blocks, then the norm before the next ReLU; the `first` stage reads the raw stem, the others an active map."""
    parts: dict[str, nn.Module] = {}
    if first and c_in == c_out:
        parts["block1"] = Keep(c_out)
    else:
        if first:
            parts |= {"norm1": nn.BatchNorm2d(c_in), "relu1": nn.ReLU()}
        parts["block1"] = Widen(c_in, c_out, stride=1 if first else 2)
    parts |= {f"block{i}": Keep(c_out) for i in range(2, blocks + 1)}
    return named(**parts, norm=nn.BatchNorm2d(c_out))


def wide_resnet(depth: int, multiplier: float, classes: int, channels: int, stem_stride: int) -> Staged:
    """A wide ResNet: 3×3 stem with 16 channels, three stages of (depth − 4) / 6 blocks, 16 k, 32 k and 64 k channels.

    The stem is the raw output of its convolution, without a norm: with k = 1 the first block adds it unchanged to its
    own output, so no norm may come between.

    >>> wide_resnet(16, 1, classes=10, channels=3, stem_stride=1).widths
    (16, 32, 64)
    """
    blocks = (depth - 4) // 6
    widths = [scaled(width, multiplier) for width in (16, 32, 64)]
    net = pooled(
        stem=named(images=Images(channels), conv=conv(channels, 16, stride=stem_stride)),
        stages=[
            _stage(i == 0, c_in, c_out, blocks)
            for i, (c_in, c_out) in enumerate(zip([16, *widths], widths, strict=False))
        ],
        widths=widths,
        classes=classes,
        stem_width=16,
    )
    initialise(net)
    return net
