"""Random resized crops: what ImageNet is trained with, beside the shifts of `Augment`."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from ..errors import require

TRIES = 10  # boxes drawn for an image, of which the first that lies in it is taken (torchvision's number)


@dataclass(frozen=True)
class Crops:
    """What is drawn for a batch: a box for each image (top, left, height, width in pixels), and which are mirrored."""

    boxes: Int[Tensor, "B 4"]
    mirrored: Bool[Tensor, " B"]


@dataclass(frozen=True)
class ResizedCrop:
    """A box of each image, resized to `size` × `size` pixels (default: as large as the image), mirrored at random.

    A box has a share of the image's area within `scale`, and a width over height within `ratio`, which is as often a
    number as its inverse (Szegedy et al. 2015, Going Deeper with Convolutions). Ten are drawn; where none lies in the
    image, it is its middle, cut to the nearest ratio. `flip=False` mirrors none.

    Pixels are interpolated linearly and, where a box is larger than the result, averaged over what a pixel of the
    result covers (antialias=True of torchvision): so training images are as smooth as those that are measured. Results
    are rounded to whole numbers. Masks follow their images by the nearest pixel.
    """

    size: int | None = None
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: bool = True

    def __post_init__(self) -> None:
        require(self.size is None or self.size >= 1, f"size={self.size}: a crop needs at least one pixel")
        for name, (low, high), most in (("scale", self.scale, 1.0), ("ratio", self.ratio, math.inf)):
            fits = 0 < low <= high <= most
            told = "0 < low ≤ high ≤ 1, shares of the area" if most == 1 else "0 < low ≤ high, width over height"
            require(fits, f"{name}={(low, high)}: expected {told}")

    def __call__(self, images: UInt8[Tensor, "B C H W"], generator: torch.Generator) -> UInt8[Tensor, "B C h w"]:
        """A crop of each image of its own; all draws come from `generator` (on the CPU: the same everywhere)."""
        B, _, H, W = images.shape
        return self.apply(images, self.draw(B, H, W, generator))

    def masks(self, masks: Int[Tensor, "B H W"], generator: torch.Generator) -> Int[Tensor, "B h w"]:
        """The masks of the images that are cropped by these draws."""
        B, H, W = masks.shape
        return self.apply_to_masks(masks, self.draw(B, H, W, generator))

    def draw(self, B: int, H: int, W: int, generator: torch.Generator) -> Crops:
        """The draws for `B` images of `H` × `W` pixels."""
        area, log_ratio, down, right = torch.rand(4, B, TRIES, generator=generator)
        area = H * W * (self.scale[0] + (self.scale[1] - self.scale[0]) * area)
        low, high = map(math.log, self.ratio)
        ratio = torch.exp(low + (high - low) * log_ratio)
        heights, widths = (area / ratio).sqrt().round().long(), (area * ratio).sqrt().round().long()
        fits = (heights >= 1) & (heights <= H) & (widths >= 1) & (widths <= W)
        tops, lefts = ((H - heights + 1) * down).long(), ((W - widths + 1) * right).long()
        first = fits.int().argmax(1, keepdim=True)
        drawn = torch.stack([tops, lefts, heights, widths], 2).gather(1, first[..., None].expand(-1, 1, 4))[:, 0]
        boxes = torch.where(fits.any(1, keepdim=True), drawn, torch.tensor(_middle(H, W, self.ratio)))
        mirrored = torch.rand(B, generator=generator) < (0.5 if self.flip else 0.0)
        return Crops(boxes, mirrored)

    def apply(self, images: UInt8[Tensor, "B C H W"], crops: Crops) -> UInt8[Tensor, "B C h w"]:
        """The crops of `images` that were drawn: no randomness here, and one pass over the batch."""
        H, W = images.shape[2:]
        height, width = (self.size or H), (self.size or W)
        top, left, rows, columns = crops.boxes.to(images.device, non_blocking=True).unbind(1)
        down, across = weights(top, rows, H, height), weights(left, columns, W, width)
        across = torch.where(crops.mirrored.to(images.device, non_blocking=True).view(-1, 1, 1), across.flip(1), across)
        made = down[:, None] @ images.float() @ across[:, None].mT
        return made.round().clamp(0, 255).to(images.dtype)

    def apply_to_masks(self, masks: Int[Tensor, "B H W"], crops: Crops) -> Int[Tensor, "B h w"]:
        """The same crops of the images' masks."""
        H, W = masks.shape[1:]
        top, left, rows, columns = crops.boxes.to(masks.device, non_blocking=True).unbind(1)
        down, across = nearest(top, rows, self.size or H), nearest(left, columns, self.size or W)
        across = torch.where(crops.mirrored.to(masks.device, non_blocking=True).view(-1, 1), across.flip(1), across)
        each = torch.arange(len(masks), device=masks.device).view(-1, 1, 1)
        return masks[each, down[:, :, None], across[:, None, :]]


def nearest(start: Int[Tensor, " B"], length: Int[Tensor, " B"], target: int) -> Int[Tensor, "B target"]:
    """Which pixel of the source lies below the middle of each of `target` ones, which show `length` from `start` on.

    >>> nearest(torch.tensor([1]), torch.tensor([4]), target=2)
    tensor([[2, 4]])
    """
    steps = 2 * torch.arange(target, device=start.device) + 1
    return start.view(-1, 1) + length.view(-1, 1) * steps // (2 * target)


def weights(
    start: Int[Tensor, " B"], length: Int[Tensor, " B"], source: int, target: int
) -> Float[Tensor, "B target source"]:
    """Linear interpolation as a matrix: how much of each of `source` pixels is in each of `target` ones, which show
    `length` pixels from `start` on. Rows sum to 1. Resizing is separable: rows @ image @ columnsᵀ.

    >>> weights(torch.tensor([0]), torch.tensor([4]), source=4, target=2)[0, 0].tolist()  # a triangle over 3 pixels
    [0.4285714328289032, 0.4285714328289032, 0.1428571492433548, 0.0]
    """
    pixels = torch.arange(source, device=start.device)
    step = (length / target).view(-1, 1, 1)
    middle = start.view(-1, 1, 1) + step * (torch.arange(target, device=start.device).view(1, -1, 1) + 0.5)
    triangle = (1 - (pixels + 0.5 - middle).abs() / step.clamp(min=1)).clamp(min=0)
    inside = (pixels >= start.view(-1, 1, 1)) & (pixels < (start + length).view(-1, 1, 1))
    triangle = triangle * inside
    shares: Tensor = triangle / triangle.sum(2, keepdim=True)
    return shares


def _middle(H: int, W: int, ratio: tuple[float, float]) -> tuple[int, int, int, int]:
    """The largest box in the middle whose width over height lies within `ratio`."""
    height = min(H, round(W / ratio[0]))
    width = min(W, round(H * ratio[1]))
    return (H - height) // 2, (W - width) // 2, height, width
