"""A set for dense prediction, made in code: discs, squares, triangles and crosses, with a class for each pixel."""

import math

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from ..errors import require
from .splits import Data, Split
from .tasks import Dense

CLASSES = ("background", "disc", "square", "triangle", "cross")
SIZE = 32  # pixels
SHAPES = 2  # in an image, the second before the first
NOISE = 0.1  # standard deviation, of values between 0 and 1
TOLD = 0.4  # how much of a colour is that of the class; the rest is drawn
HUES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 0.0))  # of the classes but the background


def shapes(train: int = 1000, val: int = 200, test: int = 300, seed: int = 0) -> Data:
    """Colour images of 32×32 pixels, each with two bright shapes before a dark background that runs from one colour to
    another, and which of `CLASSES` each pixel belongs to. Place, size, angle and colour are drawn; noise is added.

    A shape's colour tells its class in part, and a net has to see the outline for the rest; one may hide a part of
    the other.
    The same `seed` gives the same set.

    >>> made = shapes(train=10, val=2, test=2)
    >>> made.train.images.shape, made.train.labels.shape, made.classes[1:3]
    (torch.Size([10, 3, 32, 32]), torch.Size([10, 32, 32]), ('disc', 'square'))
    """
    told = f"shapes(train={train}, val={val}, test={test}): each part needs at least one image"
    require(min(train, val, test) >= 1, told)
    generator = torch.Generator().manual_seed(seed)
    seen, chosen, measured = (Split(*_drawn(count, generator), task=Dense()) for count in (train, val, test))
    pixels = seen.images.double() / 255
    mean, std = (tuple(x.tolist()) for x in (pixels.mean((0, 2, 3)), pixels.std((0, 2, 3))))
    return Data("shapes", seen, chosen, measured, CLASSES, mean, std)


def _drawn(count: int, generator: torch.Generator) -> tuple[UInt8[Tensor, "N 3 H W"], Int[Tensor, "N H W"]]:
    """Images and masks."""
    kinds = torch.randint(1, len(CLASSES), (count, SHAPES), generator=generator)
    place, radius, angle = torch.rand(3, count, SHAPES, 2, generator=generator, dtype=torch.float64).unbind(0)
    inside = _inside(kinds, 4 + (SIZE - 8) * place, 6 + 3 * radius[..., 0], 2 * math.pi * angle[..., 0])
    ends, colours = torch.rand(count, 2 + SHAPES, 3, 1, 1, generator=generator).split([2, SHAPES], 1)
    colours = torch.lerp(colours, torch.tensor(HUES)[kinds - 1][..., None, None], TOLD)
    ramp = torch.linspace(0, 1, SIZE).view(1, 1, -1, 1).expand(-1, -1, -1, SIZE)
    images, masks = torch.lerp(ends[:, 0], ends[:, 1], ramp) / 2, torch.zeros(count, SIZE, SIZE, dtype=torch.long)
    for i in range(SHAPES):
        images = torch.where(inside[:, i, None], (1 + colours[:, i]) / 2, images)
        masks = torch.where(inside[:, i], kinds[:, i, None, None], masks)
    noisy = images + NOISE * torch.randn(images.shape, generator=generator)
    return (255 * noisy.clamp(0, 1)).round().to(torch.uint8), masks


def _inside(
    kinds: Int[Tensor, "N M"], centre: Float[Tensor, "N M 2"], radius: Float[Tensor, "N M"], angle: Float[Tensor, "N M"]
) -> Bool[Tensor, "N M H W"]:
    """Which pixels lie in each shape."""
    grid = torch.arange(SIZE, dtype=torch.float64)
    y, x = grid.view(-1, 1) - centre[..., 0, None, None], grid.view(1, -1) - centre[..., 1, None, None]
    cos, sin, r = (value[..., None, None] for value in (angle.cos(), angle.sin(), radius))
    u, v = ((cos * x + sin * y) / r).abs(), (cos * y - sin * x) / r  # turned, and measured in radii
    height = v.abs()
    found = {
        "disc": u.square() + v.square() < 0.8,
        "square": torch.maximum(u, height) < 0.75,
        "triangle": (v > -0.6) & (math.sqrt(3) * u + v < 1.1),
        "cross": (torch.minimum(u, height) < 0.32) & (torch.maximum(u, height) < 1.0),
    }
    return torch.stack([found[name] for name in CLASSES[1:]]).gather(
        0, (kinds - 1).view(1, *kinds.shape, 1, 1).expand(-1, -1, -1, SIZE, SIZE)
    )[0]
