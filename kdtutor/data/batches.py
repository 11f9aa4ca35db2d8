"""Batches: shuffled, augmented and normalised on the device that holds the images.

Batch `i` of epoch `e` is a pure function of `(seed, e, i)`. Nothing has to be stored to continue a run in the middle of
an epoch, and two students that are compared see exactly the same images.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Int, UInt8
from torch import Tensor

from ..errors import require
from .splits import Batch, Data, Split


class Source(Protocol):
    """Where batches come from: a split, a folder of files, or a generator network."""

    @property
    def steps(self) -> int:
        """Batches per epoch."""

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from batch `start` on."""


@dataclass(frozen=True)
class Augment:
    """Random shifts by up to `pad` pixels in both directions, and random mirror images if `flip`.

    A shift pads the image by `pad` (with zeros, or by `fill="reflect"`) and crops it back to its size.
    """

    pad: int = 0
    flip: bool = False
    fill: Literal["constant", "reflect"] = "constant"

    def __call__(self, images: UInt8[Tensor, "B C H W"], generator: torch.Generator) -> UInt8[Tensor, "B C H W"]:
        """Shift and mirror each image on its own; all draws come from `generator` (on the CPU: the same everywhere)."""
        B, _, H, W = images.shape
        rows = torch.arange(B, device=images.device)
        if self.pad:
            dy, dx = torch.randint(2 * self.pad + 1, (2, B), generator=generator).to(images.device)
            padded = _pad(images, self.pad, self.fill)
            windows = padded.unfold(2, H, 1).unfold(3, W, 1)  # B C 2p+1 2p+1 H W, a view
            images = windows[rows, :, dy, dx]
        if self.flip:
            mirrored = (torch.rand(B, generator=generator) < 0.5).to(images.device)
            images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(3), images)
        return images


def _pad(images: UInt8[Tensor, "B C H W"], pad: int, fill: str) -> UInt8[Tensor, "B C h w"]:
    if fill == "constant":
        return F.pad(images, [pad] * 4)
    return F.pad(images.float(), [pad] * 4, mode=fill).to(images.dtype)  # torch reflects floats only


def derived_seed(*parts: int | str) -> int:
    """A seed for one purpose, derived from others: equal parts give equal seeds, different parts unrelated ones.

    >>> derived_seed(0, "order") == derived_seed(0, "order"), derived_seed(0, "order") == derived_seed(1, "order")
    (True, False)
    """
    return random.Random("/".join(map(str, parts))).getrandbits(63)


def cycled(rows: Int[Tensor, " n"], count: int, generator: torch.Generator) -> Int[Tensor, " count"]:
    """`count` rows: shuffled passes over `rows`, one after another.

    >>> rows = cycled(torch.tensor([7, 8]), 5, torch.Generator().manual_seed(0))
    >>> rows.shape, sorted(set(rows.tolist()))
    (torch.Size([5]), [7, 8])
    """
    passes = -(-count // len(rows))
    return torch.cat([rows[torch.randperm(len(rows), generator=generator)] for _ in range(passes)])[:count]


class Batches:
    """A `Source` over one split of a data set.

    An epoch is one pass over the split in full batches, or `steps` batches if given. Where only part of the split is
    labelled, half of every batch is labelled and half is not, and an epoch is one pass over the unlabelled half.
    """

    def __init__(
        self, split: Split, data: Data, size: int, augment: Augment | None = None, steps: int | None = None
    ) -> None:
        require(len(split) > 0, f"{data.name}: there is no training image left to draw batches from")
        require(size >= 1, f"batch size {size}: it must be at least 1")
        require(
            augment is None or bool(data.size),
            f"{data.name} holds points, and only images can be shifted: augment=None",
        )
        require(steps is None or steps >= 1, f"steps={steps}: an epoch needs at least one batch")
        self.split, self.data, self.augment = split, data, augment
        labelled = split.labelled.cpu()
        mixed = bool(labelled.any()) and not bool(labelled.all())
        groups = [labelled, ~labelled] if mixed else [torch.ones_like(labelled)]
        self.pools = [group.nonzero().flatten() for group in groups]
        size = min(size, len(split))
        self.shares = [size // 2, size - size // 2] if mixed else [size]
        self.steps = steps or max(1, len(self.pools[-1]) // self.shares[-1])

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch `number` from batch `start` on, always the same for the same `seed`."""
        generator = torch.Generator().manual_seed(derived_seed(seed, number, "order"))
        orders = [
            cycled(pool, share * self.steps, generator).split(share)
            for pool, share in zip(self.pools, self.shares, strict=True)
        ]
        chunks = [torch.cat(parts) for parts in zip(*orders, strict=True)]
        pixels = self.split.chunks(iter(chunks[start:]))
        for step, (rows, images) in enumerate(zip(chunks[start:], pixels, strict=True), start):
            if self.augment is not None:
                images = self.augment(images, torch.Generator().manual_seed(derived_seed(seed, number, step)))
            rows = rows.to(images.device)
            yield Batch(self.data.normalise(images), self.split.labels[rows.to(self.split.labels.device)], rows)
