"""Nets with ghosts (Han et al. 2020, GhostNet: More Features from Cheap Operations): a part of every layer's maps is
computed by an ordinary convolution, the rest by a small filter on each of those. The module, its bottleneck and
GhostNet; ResNets and VGGs whose convolutions are replaced are in `ghosted`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import ShapeError, require
from .layers import Images, conv, initialise, named
from .staged import Staged

HEAD = 1280  # channels before the classifier, whatever the width (the authors' code)
DROPOUT = 0.2  # before the classifier while training on ImageNet (the authors' code); `ghostnet` has none by default
# Kernel, channels in the middle, channels out, squeeze and excitation, stride (the paper's table 1, the authors' code).
BLOCKS = (
    (3, 16, 16, False, 1), (3, 48, 24, False, 2), (3, 72, 24, False, 1), (5, 72, 40, True, 2), (5, 120, 40, True, 1),
    (3, 240, 80, False, 2), (3, 200, 80, False, 1), (3, 184, 80, False, 1), (3, 184, 80, False, 1),
    (3, 480, 112, True, 1), (3, 672, 112, True, 1), (5, 672, 160, True, 2), (5, 960, 160, False, 1),
    (5, 960, 160, True, 1), (5, 960, 160, False, 1), (5, 960, 160, True, 1),
)  # fmt: skip
LAST = 960  # channels of the last map


class GhostModule(nn.Module):
    """A layer of c_out maps (§3.1): m = ⌈c_out / ratio⌉ intrinsic ones, then ratio - 1 ghosts of each.

    Y' = ReLU(BN(conv_k(x))), ghosts = ReLU(BN(depthwise_d(Y'))), out = [Y', ghosts] cut to c_out maps. Ghost number
    j·(ratio - 1) + i is made from intrinsic map j. Where ratio does not divide c_out, the last ghosts are computed and
    dropped, as in the authors' code. With ratio 1 there are no ghosts: an ordinary convolution, norm and ReLU.

    Args:
        kernel: k of the ordinary convolution; 1 by default, as in GhostNet.
        cheap_kernel: d, of the filters that make ghosts.
        relu: whether both parts end with a ReLU; without, the ghosts are linear in their intrinsic maps.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int = 1,
        ratio: int = 2,
        cheap_kernel: int = 3,
        stride: int = 1,
        relu: bool = True,
    ) -> None:
        super().__init__()
        numbers = {"c_in": c_in, "c_out": c_out, "kernel": kernel, "ratio": ratio, "stride": stride}
        for what, number in {**numbers, "cheap_kernel": cheap_kernel}.items():
            require(number >= 1, f"{what}={number}: it must be at least 1")
        for what, number in {"kernel": kernel, "cheap_kernel": cheap_kernel}.items():
            require(number % 2 == 1, f"{what}={number}: it must be odd, so that a filter has a middle")
        self.c_out = c_out
        m = math.ceil(c_out / ratio)
        self.primary_conv = _layer(conv(c_in, m, kernel, stride), m, relu)  # named as in the authors' code
        self.cheap_operation: nn.Sequential | None = None
        if ratio > 1:
            n = m * (ratio - 1)
            cheap = nn.Conv2d(m, n, cheap_kernel, padding=cheap_kernel // 2, groups=m, bias=False)
            self.cheap_operation = _layer(cheap, n, relu)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        intrinsic = self.primary_conv(x)
        if self.cheap_operation is None:
            made: Tensor = intrinsic
            return made
        return torch.cat([intrinsic, self.cheap_operation(intrinsic)], dim=1)[:, : self.c_out]

    def joined_norm(self) -> nn.BatchNorm2d:
        """A batch norm over all c_out maps that holds a copy of the numbers of both norms."""
        parts = [part[1] for part in (self.primary_conv, self.cheap_operation) if part is not None]
        weight = self.primary_conv[0].weight
        assert isinstance(weight, Tensor)
        joined = nn.BatchNorm2d(self.c_out).to(weight)
        for name in ("weight", "bias", "running_mean", "running_var"):
            numbers = torch.cat([getattr(part, name).detach() for part in parts])[: self.c_out]
            getattr(joined, name).data.copy_(numbers)
        return joined.train(parts[0].training)


class SqueezeExcite(nn.Module):
    """Each map times a number in 0…1 that is computed from the means of all maps (Hu et al. 2018), as GhostNet has it:
    1×1 convolutions to a quarter of the channels and back, and relu6(x + 3) / 6 in place of a sigmoid."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = divisible(channels / 4)
        self.reduce = nn.Conv2d(channels, inner, 1)
        self.expand = nn.Conv2d(inner, channels, 1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        mean = x.mean((2, 3), keepdim=True)
        return x * F.hardsigmoid(self.expand(F.relu(self.reduce(mean))))


class GhostBottleneck(nn.Module):
    """Two ghost modules, up to c_mid maps and down to c_out, beside a shortcut (§3.2, figure 3).

    With stride 2 a depthwise convolution and a norm stand between them; with `se` a `SqueezeExcite`. The second module
    has no ReLU, and none follows the sum. `kernel` is that of the depthwise convolutions, also of the shortcut's; where
    the shape stays the same, the shortcut is x itself.
    """

    def __init__(self, c_in: int, c_mid: int, c_out: int, kernel: int = 3, stride: int = 1, se: bool = False) -> None:
        super().__init__()
        self.ghost1 = GhostModule(c_in, c_mid)
        self.conv_dw: nn.Module = _filter(c_mid, kernel, stride) if stride > 1 else nn.Identity()
        self.bn_dw: nn.Module = nn.BatchNorm2d(c_mid) if stride > 1 else nn.Identity()
        self.se = SqueezeExcite(c_mid) if se else nn.Identity()
        self.ghost2 = GhostModule(c_mid, c_out, relu=False)
        self.shortcut = nn.Sequential()
        if stride > 1 or c_in != c_out:
            self.shortcut = nn.Sequential(
                _filter(c_in, kernel, stride), nn.BatchNorm2d(c_in), conv(c_in, c_out, 1), nn.BatchNorm2d(c_out)
            )

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        middle = self.se(self.bn_dw(self.conv_dw(self.ghost1(x))))
        made: Tensor = self.ghost2(middle) + self.shortcut(x)
        return made


def ghostnet(
    width: float = 1.0, classes: int = 1000, channels: int = 3, stem_stride: int = 2, dropout: float = 0.0
) -> Staged:
    """GhostNet (table 1) with all widths times `width`, rounded to multiples of 4; the head keeps its 1280 channels.

    2,587,292, 5,182,508 and 7,358,820 parameters and 42.33, 141.15 and 227.00 million multiply-adds on images of 224
    pixels for widths 0.5, 1 and 1.3. Blocks end without a ReLU, and the shortcut of the next one reads what a ReLU
    would cut off. So the only stage ends where the net itself has a ReLU: at the last 1×1 convolution.

    dropout: before the classifier; the authors train with `DROPOUT`.

    >>> ghostnet(0.5, classes=10, stem_stride=1).num_classes
    10
    """
    require(width > 0, f"width={width}: the multiplier of the widths must be above 0")
    stem_width = c_in = divisible(16 * width)
    parts: dict[str, nn.Module] = {"relu": nn.ReLU()}
    for i, (kernel, middle, out, se, stride) in enumerate(BLOCKS, start=1):
        c_mid, c_out = divisible(middle * width), divisible(out * width)
        parts[f"block{i}"] = GhostBottleneck(c_in, c_mid, c_out, kernel, stride, se)
        c_in = c_out
    last = divisible(LAST * width)
    net = Staged(
        stem=named(
            images=Images(channels),
            conv=conv(channels, stem_width, stride=stem_stride),
            norm=nn.BatchNorm2d(stem_width),
        ),
        stages=[named(**parts, conv=conv(c_in, last, 1), norm=nn.BatchNorm2d(last))],
        pool=named(
            average=nn.AdaptiveAvgPool2d(1),
            head=nn.Conv2d(last, HEAD, 1),
            relu=nn.ReLU(),
            flatten=nn.Flatten(),
            dropout=nn.Dropout(dropout),
        ),
        classifier=nn.Linear(HEAD, classes),
        widths=[last],
        stem_width=stem_width,
    )
    initialise(net)
    net.name = "ghostnet" if width == 1 else f"ghostnetx{width:g}"
    net.config = {"name": net.name, "classes": classes, "channels": channels, "stem_stride": stem_stride}
    return net


def renamed(weights: Mapping[str, Tensor], names: Iterable[str]) -> dict[str, Tensor]:
    """Weights of the same architecture under other names, in order: timm's ghostnet_100 and `ghostnet` hold theirs in
    the same order, so `net.load_state_dict(renamed(theirs.state_dict(), net.state_dict()))` works in both directions.

    Raises `ShapeError` if the numbers of entries differ.

    >>> list(renamed({"a.weight": torch.zeros(1)}, ["b.weight"]))
    ['b.weight']
    """
    found = list(names)
    require(len(found) == len(weights), f"{len(weights)} weights for {len(found)} names", ShapeError)
    return dict(zip(found, weights.values(), strict=True))


def divisible(channels: float, by: int = 4) -> int:
    """`channels` rounded to a multiple of `by`, at least `by`, and never more than a tenth lower.

    >>> divisible(17.0), divisible(3.0)
    (16, 4)
    """
    rounded = max(by, int(channels + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * channels else rounded


def _layer(convolution: nn.Conv2d, width: int, relu: bool) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU() if relu else nn.Identity())


def _filter(channels: int, kernel: int, stride: int) -> nn.Conv2d:
    """A depthwise convolution: each map by itself."""
    return nn.Conv2d(channels, channels, kernel, stride=stride, padding=kernel // 2, groups=channels, bias=False)
