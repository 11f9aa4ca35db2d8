"""Critics: nets that score images, high for real ones and low for made ones, if they can tell."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from ..errors import ShapeError, choose, require
from .generators import SLOPE
from .layers import named, scaled

NORMS = ("batch", "layer", "none")


class Critic(nn.Module):
    """Images (B, C, size, size) to one score each, (B,); make one with `critic`.

    Attributes:
        name: such as "dcgan". config: the arguments that make the same architecture again, `critic(**config)`.
        shape: (C, size, size), the images it reads.
        mixes: whether the score of an image depends on the others of its batch (batch norm).
    """

    def __init__(self, body: nn.Module, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.body = body
        self.shape = shape
        self.name = "critic"
        self.config: dict[str, Any] = {}

    @property
    def mixes(self) -> bool:
        """Whether it has batch norms, by which the scores of a batch depend on each other."""
        return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in self.modules())

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        message = f"{self.name} reads images {('B', *self.shape)}, got {tuple(x.shape)}"
        require(tuple(x.shape[1:]) == self.shape, message, ShapeError)
        made: Tensor = self.body(x).flatten()
        return made


def critic(name: str = "dcgan", channels: int = 1, size: int = 16, norm: str = "none") -> Critic:
    """A critic with fresh weights, drawn from torch's global generator.

    Args:
        name: "dcgan", the mirror image of the generator of that name: 4×4 convolutions that halve the size down to 4
            pixels, 32, 64 … channels, leaky ReLUs, then one linear layer to a score without a sigmoid. A multiplier of
            the widths at the end: "dcganx0.75".
        channels, size: of the images; `size` 8, 16, 32 … pixels.
        norm: after each convolution but the first: "batch", "layer" (each image on its own) or "none". A gradient
            penalty, which asks for each image's own slope, forbids "batch".

    Raises:
        UnknownName: there is no such critic or norm. ConfigError: a number is out of range.

    >>> critic("dcganx0.25")(torch.zeros(2, 1, 16, 16)).shape
    torch.Size([2])
    """
    match = re.fullmatch(r"([a-z]+)(?:x(\d+(?:\.\d+)?))?", str(name))
    choose("critic", match[1] if match else str(name), ("dcgan",))
    choose("norm", norm, NORMS)
    times = float(match[2] or 1) if match else 1.0
    require(times > 0, f"{name!r}: the multiplier of the widths must be above 0")
    require(isinstance(channels, int) and channels >= 1, f"channels is {channels!r}; expected a whole number, ≥ 1")
    halvings = size.bit_length() - 3 if isinstance(size, int) else 0
    require(
        halvings >= 1 and size == 4 * 2**halvings, f"size is {size!r}; a critic reads images of 8, 16, 32, 64 … pixels"
    )
    widths = [channels, *(scaled(2 ** (5 + i), times) for i in range(halvings))]
    parts: dict[str, nn.Module] = {}
    for i, (c_in, c_out) in enumerate(pairwise(widths), 1):
        plain = i == 1 or norm == "none"
        parts[f"conv{i}"] = nn.Conv2d(c_in, c_out, 4, stride=2, padding=1, bias=plain)
        if not plain:
            parts[f"norm{i}"] = nn.BatchNorm2d(c_out) if norm == "batch" else nn.GroupNorm(1, c_out)
        parts[f"relu{i}"] = nn.LeakyReLU(SLOPE)
    net = Critic(named(**parts, flatten=nn.Flatten(), linear=nn.Linear(widths[-1] * 4 * 4, 1)), (channels, size, size))
    net.name = name
    net.config = {"name": name, "channels": channels, "size": size, "norm": norm}
    return net
