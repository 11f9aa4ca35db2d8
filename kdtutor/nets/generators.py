"""Generators: nets that make images out of random numbers (latents)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from ..errors import ShapeError, choose, require
from .layers import named, scaled

SLOPE = 0.2  # of the leaky ReLUs: Radford et al. 2016, and both data-free papers
REACH = 2.0  # of the coordinates of a made point: the toy sets lie within


class Generator(nn.Module):
    """Latents (B, Z) to images (B, C, size, size); make one with `generator`.

    Attributes:
        name: such as "dcgan". config: the arguments that make the same architecture again, `generator(**config)`.
        latent_dim: Z. shape: (C, size, size).
        card: how it was trained, for one that ships; else empty.
    """

    def __init__(self, body: nn.Module, latent_dim: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.body = body
        self.latent_dim = latent_dim
        self.shape = shape
        self.name = "generator"
        self.config: dict[str, Any] = {}
        self.card: dict[str, Any] = {}

    def forward(self, z: Float[Tensor, "B Z"]) -> Float[Tensor, "B C H W"]:
        message = f"{self.name} reads latents (B, {self.latent_dim}), got {tuple(z.shape)}"
        require(z.ndim == 2 and z.shape[1] == self.latent_dim, message, ShapeError)
        made: Tensor = self.body(z)
        return made


class Cut(nn.Module):
    """The middle of a map, `size` × `size`."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C h w"]:
        top, left = ((side - self.size) // 2 for side in x.shape[2:])
        return x[:, :, top : top + self.size, left : left + self.size]


class Scale(nn.Module):
    """Everything times `factor`."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        return self.factor * x


def generator(name: str, latent: int = 100, channels: int = 1, size: int = 32) -> Generator:
    """A generator with fresh weights, drawn from torch's global generator.

    Args:
        name: "upsampling" is that of both data-free papers (DFAD and DAFL), "deconvolution" a lighter one of the same
            use: both end in tanh and a batch norm without weights, so that their pixels are normalised as a classifier
            expects. "dcgan" makes pixels from -1 to 1. "points" makes points of the plane (size 1, two channels), each
            coordinate from -2 to 2. Each takes a multiplier of its widths at the end: upsampling x0.25 has 16 channels
            where the papers have 64 ("upsamplingx0.25").
        latent: Z, how many numbers an image is made of.
        channels, size: of the images; `size` in pixels, for "upsampling" a multiple of 4, for "dcgan" 8, 16, 32 ….

    Raises:
        UnknownName: there is no such generator. ConfigError: a number is out of range.

    >>> generator("deconvolution", latent=8)(torch.zeros(2, 8)).shape
    torch.Size([2, 1, 32, 32])
    """
    match = re.fullmatch(r"([a-z]+)(?:x(\d+(?:\.\d+)?))?", str(name))
    make = _FAMILIES[choose("generator", match[1] if match else str(name), GENERATORS)]
    times = float(match[2] or 1) if match else 1.0
    require(times > 0, f"{name!r}: the multiplier of the widths must be above 0")
    for what, number in (("latent", latent), ("channels", channels), ("size", size)):
        whole = isinstance(number, int) and not isinstance(number, bool) and number >= 1
        require(whole, f"{what} is {number!r}; expected a whole number of at least 1")
    net = Generator(make(times, latent, channels, size), latent, (channels, size, size))
    net.name = name
    net.config = {"name": name, "latent": latent, "channels": channels, "size": size}
    return net


def _upsampling(times: float, latent: int, channels: int, size: int) -> nn.Sequential:
    """Linear to a quarter of the size, then twice nearest-neighbour upsampling and a 3×3 convolution (DAFL's code)."""
    require(size % 4 == 0, f"size is {size}; 'upsampling' makes images whose size is a multiple of 4 pixels")
    start = size // 4
    wide, narrow = scaled(128, times), scaled(64, times)
    return named(
        linear=nn.Linear(latent, wide * start**2),
        map=nn.Unflatten(1, (wide, start, start)),
        norm0=nn.BatchNorm2d(wide),
        up1=nn.Upsample(scale_factor=2),
        conv1=nn.Conv2d(wide, wide, 3, padding=1),
        norm1=nn.BatchNorm2d(wide),
        relu1=nn.LeakyReLU(SLOPE),
        up2=nn.Upsample(scale_factor=2),
        conv2=nn.Conv2d(wide, narrow, 3, padding=1),
        norm2=nn.BatchNorm2d(narrow),
        relu2=nn.LeakyReLU(SLOPE),
        conv3=nn.Conv2d(narrow, channels, 3, padding=1),
        tanh=nn.Tanh(),
        normalise=nn.BatchNorm2d(channels, affine=False),
    )


def _deconvolution(times: float, latent: int, channels: int, size: int) -> nn.Sequential:
    """Linear to an eighth of the size, then three transposed 4×4 convolutions that double it, and a 3×3 convolution.
    Where the size is no multiple of 8, a larger image is cut."""
    start = -(-size // 8)
    widths = [scaled(width, times) for width in (64, 32, 16, 16)]
    parts = _doubling(latent, start, widths, nn.LeakyReLU(SLOPE), bias=True)
    return named(
        **parts,
        cut=Cut(size),
        conv=nn.Conv2d(widths[-1], channels, 3, padding=1),
        tanh=nn.Tanh(),
        normalise=nn.BatchNorm2d(channels, affine=False),
    )


def _dcgan(times: float, latent: int, channels: int, size: int) -> nn.Sequential:
    """Radford et al. 2016, with as many doublings as lead from 4 pixels to `size`: 64, 32, … channels, then tanh."""
    doublings = size.bit_length() - 3
    require(size >= 8 and size == 4 * 2**doublings, f"size is {size}; a dcgan makes images of 8, 16, 32, 64 … pixels")
    widths = [scaled(2 ** (doublings + 4 - i), times) for i in range(doublings)]
    return named(
        **_doubling(latent, 4, widths, nn.ReLU(), bias=False),
        conv=nn.ConvTranspose2d(widths[-1], channels, 4, stride=2, padding=1),
        tanh=nn.Tanh(),
    )


def _points(times: float, latent: int, channels: int, size: int) -> nn.Sequential:
    """Two hidden layers, then tanh: 1 × 1 images whose channels are the coordinates of a point."""
    require(size == 1, f"size is {size}; 'points' makes points, whose size is 1")
    width = scaled(32, times)
    return named(
        linear1=nn.Linear(latent, width),
        relu1=nn.LeakyReLU(SLOPE),
        linear2=nn.Linear(width, width),
        relu2=nn.LeakyReLU(SLOPE),
        linear3=nn.Linear(width, channels),
        tanh=nn.Tanh(),
        scale=Scale(REACH),
        map=nn.Unflatten(1, (channels, 1, 1)),
    )


def _doubling(latent: int, start: int, widths: Sequence[int], relu: nn.Module, bias: bool) -> dict[str, nn.Module]:
    """Linear to maps of `start` pixels, then a transposed 4×4 convolution with norm for each further width."""
    parts: dict[str, nn.Module] = {
        "linear": nn.Linear(latent, widths[0] * start**2, bias=bias),
        "map": nn.Unflatten(1, (widths[0], start, start)),
        "norm0": nn.BatchNorm2d(widths[0]),
    }
    if not bias:  # a GAN's first norm is followed by its ReLU; the data-free papers have none there
        parts["relu0"] = relu
    for i, (c_in, c_out) in enumerate(pairwise(widths), 1):
        parts[f"up{i}"] = nn.ConvTranspose2d(c_in, c_out, 4, stride=2, padding=1, bias=False)
        parts[f"norm{i}"] = nn.BatchNorm2d(c_out)
        parts[f"relu{i}"] = relu
    return parts


_FAMILIES: dict[str, Callable[[float, int, int, int], nn.Module]] = {
    "upsampling": _upsampling,
    "deconvolution": _deconvolution,
    "dcgan": _dcgan,
    "points": _points,
}
GENERATORS = tuple(_FAMILIES)
"""The names that `generator` knows."""
