"""MobileNetV2 (Sandler et al. 2018) for small images, as the distillation zoo builds it.

A block widens its map by a 1×1 convolution, filters each channel by itself and narrows the map again, *without* a ReLU
at its end: a linear bottleneck. So there is no pre-activation where the zoo taps this net; a ReLU there would cut off
what the next block reads. Here a stage reaches as far as the next ReLU: it takes the widening of the next block along,
one 1×1 convolution and its norm. The map keeps its size, and has the six times larger number of channels. At each of
the four ends the next block has no shortcut, so that everything flows through the tap.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from .layers import conv, image_stem, initialise, named, pooled, scaled
from .staged import Staged

EXPANSION = 6  # how many times a block widens its map; the first block does not
LAST = 1280  # channels before the classifier; narrower nets have as many
# Blocks of each stage: widened how many times, channels, how many blocks, stride of the first (the paper's table 2; the
# zoo's strides).
STAGES = (
    ((1, 16, 1, 1), (EXPANSION, 24, 2, 1)),
    ((EXPANSION, 32, 3, 2),),
    ((EXPANSION, 64, 4, 2), (EXPANSION, 96, 3, 1)),
    ((EXPANSION, 160, 3, 2), (EXPANSION, 320, 1, 1)),
)


def widen(c_in: int, c_out: int) -> nn.Sequential:
    """A 1×1 convolution and its norm; the ReLU is left to the reader.

    >>> widen(4, 24)(torch.zeros(2, 4, 8, 8)).shape
    torch.Size([2, 24, 8, 8])
    """
    return named(conv=conv(c_in, c_out, kernel=1), norm=nn.BatchNorm2d(c_out))


def narrow(c_mid: int, c_out: int, stride: int) -> nn.Sequential:
    """The rest of a block, of a widened active map: each channel by itself, then a linear 1×1 convolution.

    >>> narrow(24, 8, stride=2)(torch.zeros(2, 24, 8, 8)).shape
    torch.Size([2, 8, 4, 4])
    """
    return named(
        filter=nn.Conv2d(c_mid, c_mid, 3, stride=stride, padding=1, groups=c_mid, bias=False),
        norm1=nn.BatchNorm2d(c_mid),
        relu=nn.ReLU(),
        conv=conv(c_mid, c_out, kernel=1),
        norm2=nn.BatchNorm2d(c_out),
    )


class Bottleneck(nn.Module):
    """A whole block, with a shortcut where the map keeps its shape."""

    def __init__(self, c_in: int, c_out: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.body = named(
            widen=widen(c_in, expansion * c_in), relu=nn.ReLU(), narrow=narrow(expansion * c_in, c_out, stride)
        )
        self.keeps = stride == 1 and c_in == c_out

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        made: Tensor = x + self.body(x) if self.keeps else self.body(x)
        return made


def _stage(i: int, c_in: int, multiplier: float, c_next: int | None) -> tuple[nn.Sequential, int]:
    """Stage i of a map with `c_in` channels (from 1 on: widened ones), with the widening of the next block at its end.

    Also tells the channels of that end, six times those of the last bottleneck unless `c_next` says otherwise.
    """
    parts: dict[str, nn.Module] = {"relu": nn.ReLU()} if i == 0 else {}
    for expansion, width, blocks, stride in STAGES[i]:
        c_out = scaled(width, multiplier)
        for j in range(blocks):
            step = stride if j == 0 else 1
            if not parts:  # the stage before has widened the map already
                parts["narrow"] = narrow(c_in, c_out, step)
            else:
                parts[f"block{len(parts)}"] = Bottleneck(c_in, c_out, step, expansion)
            c_in = c_out
    c_end = c_next or EXPANSION * c_in
    return named(**parts, widen=widen(c_in, c_end)), c_end


def mobilenet(multiplier: float, classes: int, channels: int, stem_stride: int) -> Staged:
    """MobileNetV2 with all widths times `multiplier`, the last one (1280) only where the multiplier is above 1.

    Strides 1, 2, 2 and 2 of the stages; the zoo's stem has stride 2. ReLU, as there; the paper's code cuts at 6.

    >>> mobilenet(0.5, classes=10, channels=3, stem_stride=1).num_classes
    10
    """
    stem_width = width = scaled(32, multiplier)
    stages, widths = [], []
    for i in range(len(STAGES)):
        last = scaled(LAST, max(1.0, multiplier)) if i == len(STAGES) - 1 else None
        stage, width = _stage(i, width, multiplier, last)
        stages.append(stage)
        widths.append(width)
    net = pooled(
        stem=image_stem(channels, stem_width, stem_stride),
        stages=stages,
        widths=widths,
        classes=classes,
        stem_width=stem_width,
    )
    initialise(net)
    nn.init.normal_(net.classifier.weight, std=0.01)
    nn.init.zeros_(net.classifier.bias)
    return net
