"""Images for generators: small squares whose pixels run from -1 to 1, as a generator's tanh makes them."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor

from ..errors import DataError, ShapeError, require
from .splits import Data, Split

CHUNK = 4096  # images averaged at a time: bounds memory, not results


def for_generators(data: Data, size: int) -> Data:
    """`data` as squares of `size` pixels, normalised to -1…1.

    An image is padded with zeros to the next multiple of `size`, equally on both sides, and averaged over blocks:
    28 pixels become 32 and then 16. Raises `ShapeError` for points, and for images smaller than half of `size`.

    >>> small = for_generators(kd.data.load("digits"), 16)
    >>> small.size, small.mean
    ((16, 16), (0.5,))
    """
    require(len(data.size) == 2, f"{data.name} holds no images; only images have a size", ShapeError)
    stored = len(data.train.images) == len(data.train)
    require(stored, f"{data.name} streams its images from disk; for generators they have to fit in memory", DataError)
    require(
        2 * min(data.size) >= size >= 1,
        f"{data.name} has images of {data.size[0]}×{data.size[1]} pixels; squares of {size} would be mostly padding",
        ShapeError,
    )

    def small(split: Split) -> Split:
        return Split(squares(split.images, size), split.labels, task=split.task)

    val = small(data.val) if data.val is not None else None
    half = (0.5,) * data.channels
    name = f"{data.name}-{size}"
    return replace(data, name=name, train=small(data.train), val=val, test=small(data.test), mean=half, std=half)


def squares(images: UInt8[Tensor, "N C H W"], size: int) -> UInt8[Tensor, "N C size size"]:
    """Images as squares of `size` pixels: padded with zeros, then averaged over blocks and rounded.

    >>> squares(torch.zeros(2, 1, 28, 28, dtype=torch.uint8), 16).shape
    torch.Size([2, 1, 16, 16])
    """
    block = -(-max(images.shape[2:]) // size)
    missing = [block * size - side for side in images.shape[:1:-1]]  # of the width, of the height
    margins = [part for pixels in missing for part in (pixels // 2, pixels - pixels // 2)]
    small = [F.avg_pool2d(F.pad(part, margins).float(), block).round() for part in images.split(CHUNK)]
    return torch.cat(small).to(images.dtype) if small else images.new_zeros(0, images.shape[1], size, size)
