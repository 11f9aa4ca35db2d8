"""How maps lie in memory: contiguous (one channel after the other) or channels-last (one pixel after the other)."""

from __future__ import annotations

from itertools import chain

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

NARROW = 16  # input channels from which oneDNN's gradient is sound on every CPU: the numbers in a register of AVX-512


class StridedPointwise(nn.Conv2d):
    """A 1×1 convolution that strides, computed as one of stride 1 over the pixels that it reads: the same numbers.

    A plain nn.Conv2d leaves the stride to oneDNN, and there the weight gradient of channels-last maps writes past its
    buffer if they have fewer channels than a register has numbers: 8 with AVX2, 16 with AVX-512. The process dies, or
    the gradients are wrong without a word. oneDNN knows of it (github.com/uxlfoundation/oneDNN/issues/6035, open in
    September 2026: with oneDNN 3.12, which torch 2.13 has, and with torch 2.14); a convolution of stride 1 does not
    use that buffer.
    """

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        rows, columns = self.stride
        return F.conv2d(x[..., ::rows, ::columns], self.weight, self.bias)


def breaks(conv: nn.Module) -> bool:
    """Whether this is the convolution that `StridedPointwise` stands in for.

    >>> breaks(torch.nn.Conv2d(3, 8, 3))
    False
    """
    return (
        type(conv) is nn.Conv2d
        and (conv.kernel_size, conv.groups) == ((1, 1), 1)
        and conv.padding in ((0, 0), "valid")
        and conv.stride != (1, 1)
        and conv.in_channels < NARROW
    )


def mend(net: nn.Module) -> None:
    """Let every convolution of `net` that `breaks` compute as a `StridedPointwise`; its weights and hooks stay.

    >>> mend(kd.nets.build("resnet8", classes=10))
    """
    for module in net.modules():
        if breaks(module):
            module.__class__ = StridedPointwise


def lay_out(net: nn.Module, channels_last: bool) -> None:
    """Lay out the weights of `net`, so that its maps lie channels-last, or contiguous, whatever its images do.

    A convolution's map lies as its weights do.

    >>> net = torch.nn.Conv2d(4, 8, 3)
    >>> lay_out(net, channels_last=True)
    >>> net.weight.is_contiguous(memory_format=torch.channels_last)
    True
    """
    mend(net)
    for tensor in chain(net.parameters(), net.buffers()):
        if tensor.ndim == 4:
            tensor.data = laid_out(tensor.data, channels_last)


def laid_out(x: Float[Tensor, "B C H W"], channels_last: bool) -> Float[Tensor, "B C H W"]:
    """x in one layout, down to its strides; x itself if it lies so.

    With one channel, or one pixel, x is in both layouts at once: torch's own `contiguous` then leaves it as it is, and
    the next convolution takes it for contiguous.

    >>> laid_out(torch.zeros(2, 3, 4, 4), channels_last=True).stride()
    (48, 1, 12, 3)
    """
    layout = torch.channels_last if channels_last else torch.contiguous_format
    wanted = torch.empty_like(x, memory_format=layout)
    return x if x.stride() == wanted.stride() else wanted.copy_(x)
