"""CIFAR ResNets and VGGs whose convolutions are ghost modules (Han et al. 2020, §4.1 and §4.2).

The primary kernel is that of the convolution replaced, 3, and the first convolution of the net stays as it is, as the
first author advises (issue 7 of iamhankai/ghostnet.pytorch).
"""

from __future__ import annotations

from functools import partial

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from .ghost import GhostModule
from .layers import named
from .resnet import resnet
from .staged import Staged
from .vgg import vgg


class Padded(nn.Module):
    """The shortcut without parameters (He et al. 2016, §4.2, option A): every stride-th pixel, missing maps are 0."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.missing, self.stride = c_out - c_in, stride

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.missing))


class GhostBlock(nn.Module):
    """A block of a ResNet with two ghost modules: a ReLU in the first, none in the second, no norm or ReLU around."""

    def __init__(self, c_in: int, c_out: int, stride: int, ratio: int = 2, cheap_kernel: int = 3) -> None:
        super().__init__()
        self.shortcut = Padded(c_in, c_out, stride)
        self.residual = named(
            ghost1=GhostModule(c_in, c_out, 3, ratio, cheap_kernel, stride),
            ghost2=GhostModule(c_out, c_out, 3, ratio, cheap_kernel, relu=False),
        )

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        made: Tensor = self.shortcut(x) + self.residual(x)
        return made


class Ghosted(Staged):
    """A net whose stages end with a ghost module."""

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        """For each stage a copy of the last module's two norms in one: its maps come from both."""
        last = [[m for m in stage.modules() if isinstance(m, GhostModule)][-1] for stage in self.stages]
        return tuple(module.joined_norm() for module in last)


def ghost_resnet(
    depth: int, multiplier: float, classes: int, channels: int, stem_stride: int, ratio: int = 2, cheap_kernel: int = 3
) -> Staged:
    """A CIFAR ResNet with `GhostBlock`s and shortcuts without parameters; ratio 1 is the ordinary net of that kind.

    On CIFAR-10, 32 pixels, depth 56: ratio 1 has 853,018 parameters and 125.49 million multiply-adds. Ratio 2 with
    cheap_kernel 3, the default of the authors' code, has 438,154 and 65.29 million. The paper's table (0.43 million, 63
    million) is met by cheap_kernel 1: 430,090 and 63.22 million.

    >>> ghost_resnet(8, 1.0, classes=10, channels=3, stem_stride=1).widths
    (16, 32, 64)
    """
    block = partial(GhostBlock, ratio=ratio, cheap_kernel=cheap_kernel)
    return resnet(depth, multiplier, classes, channels, stem_stride, block=block, net=Ghosted)


def ghost_vgg(
    depth: int, multiplier: float, classes: int, channels: int, stem_stride: int, ratio: int = 2, cheap_kernel: int = 3
) -> Staged:
    """A VGG whose convolutions but the first are ghost modules without ReLU; each is followed by VGG's own norm.

    On CIFAR-10, depth 16: 7,396,778 parameters and 158.44 million multiply-adds, with a pooling after each of the first
    four blocks. The paper's table has 158 million, and 7.7 million parameters: its VGG-16, of 15 million where ours
    has 14,728,266, seems to have a further layer of 512 × 512 numbers.

    >>> ghost_vgg(16, 0.25, classes=10, channels=3, stem_stride=1).num_classes
    10
    """

    def ghosts(c_in: int, c_out: int, stride: int) -> nn.Module:
        return GhostModule(c_in, c_out, 3, ratio, cheap_kernel, stride, relu=False)

    return vgg(depth, multiplier, classes, channels, stem_stride, conv=ghosts, poolings=4)
