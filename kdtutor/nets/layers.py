"""The few layers that several architectures share, and how weights start."""

from __future__ import annotations

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode

from ..errors import ConfigError, ShapeError, require
from .layout import mend


class Images(nn.Module):
    """Checks a batch of images and repeats one channel where `channels` are expected."""

    def __init__(self, channels: int, smallest: int = 1, largest: int | None = None) -> None:
        super().__init__()
        self.channels, self.smallest, self.largest = channels, smallest, largest

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B channels H W"]:
        return as_images(x, self.channels, self.smallest, self.largest)


@fx.wrap  # one step of a graph, since it decides by the shape, which is unknown while a model is traced
def as_images(
    x: Float[Tensor, "B C H W"], channels: int, smallest: int = 1, largest: int | None = None
) -> Float[Tensor, "B channels H W"]:
    """The batch x as (B, channels, H, W); a 1-channel batch is repeated over the channels.

    Raises:
        ConfigError: the pixels are integers. ShapeError: wrong dimensions, channels or size (in pixels).

    >>> as_images(torch.zeros(2, 1, 8, 8), channels=3).shape  # grey, repeated
    torch.Size([2, 3, 8, 8])
    """
    shape = tuple(x.shape)
    require(x.ndim == 4, f"expected images (B, {channels}, H, W), got {shape}", ShapeError)
    require(
        x.shape[1] in (1, channels),
        f"expected images with {channels} channels (or 1, which is repeated), got {shape}; build the net with "
        f"channels={x.shape[1]}",
        ShapeError,
    )
    require(x.is_floating_point(), f"expected floating-point images, got {x.dtype}: normalise them first", ConfigError)
    small, large = min(x.shape[2:]), max(x.shape[2:])
    require(small >= smallest, f"images must be at least {smallest} pixels high and wide, got {shape}", ShapeError)
    if largest is not None:
        require(large <= largest, f"images must be at most {largest} pixels high and wide, got {shape}", ShapeError)
    return x.expand(-1, channels, -1, -1)


def named(**modules: nn.Module) -> nn.Sequential:
    """A Sequential whose parts have names, so that weights on disk can be read.

    >>> list(dict(named(conv=torch.nn.Identity(), relu=torch.nn.ReLU()).named_children()))
    ['conv', 'relu']
    """
    return nn.Sequential(OrderedDict(modules))


def conv(c_in: int, c_out: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size (divided by the stride), without bias: a batch norm follows.

    >>> conv(3, 8, stride=2)(torch.zeros(1, 3, 8, 8)).shape
    torch.Size([1, 8, 4, 4])
    """
    made = nn.Conv2d(c_in, c_out, kernel, stride=stride, padding=kernel // 2, bias=False)
    mend(made)
    return made


def average_pool() -> nn.Sequential:
    """(B, C, H, W) → (B, C), the mean over space.

    >>> average_pool()(torch.zeros(2, 8, 4, 4)).shape
    torch.Size([2, 8])
    """
    return named(average=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())


def scaled(width: int, multiplier: float) -> int:
    """`width` times `multiplier`, at least one channel.

    >>> scaled(64, 0.25), scaled(1, 0.25)
    (16, 1)
    """
    return max(1, round(width * multiplier))


def initialise(net: nn.Module) -> None:
    """Start as the distillation zoo does: convolutions normal with variance 2 / fan_out (He et al. 2015, §2.2) and
    bias 0, batch norms 1 and 0; linear layers keep PyTorch's start.

    >>> net = torch.nn.Sequential(torch.nn.BatchNorm2d(2))
    >>> initialise(net)
    >>> net[0].weight.tolist()
    [1.0, 1.0]
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def count_parameters(net: nn.Module) -> int:
    """How many numbers the net has to learn: elements of all its parameters, buffers not counted.

    >>> count_parameters(torch.nn.Linear(3, 2))  # 3 · 2 weights and 2 biases
    8
    """
    return sum(parameter.numel() for parameter in net.parameters())


def count_multiply_adds(net: nn.Module, x: Float[Tensor, "B ..."]) -> int:
    """Multiply-adds of all convolutions and linear layers in a forward pass of x, by torch's counter of operations.

    A multiply-add is a multiplication and an addition, which torch counts as two operations. Norms, ReLUs and poolings
    are not counted, as papers do it. The net and x may lie on the device "meta": then nothing is computed.

    >>> count_multiply_adds(torch.nn.Linear(3, 2), torch.zeros(1, 3))
    6
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(x)
    return int(counter.get_total_flops()) // 2
