"""Batches: shuffled, augmented and normalised on the device that holds the images.

Batch `i` of epoch `e` is a pure function of `(seed, e, i)`. Nothing has to be stored to continue a run in the middle of
an epoch, and two students that are compared see exactly the same images.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int, Shaped, UInt8
from torch import Tensor

from ..errors import require
from .splits import Batch, Data, Split
from .task import UNLABELLED

Augmentation = Callable[[UInt8[Tensor, "B C H W"], torch.Generator], UInt8[Tensor, "B C h w"]]
"""What changes images by draws from a generator: an `Augment`, a `ResizedCrop`, or a function of one's own. One that is
to serve a task of pixels also has a method `masks(masks, generator)`, which moves (B, H, W) by the same draws."""


class Source(Protocol):
    """Where batches come from: a split, a folder of files, or a generator network."""

    @property
    def steps(self) -> int:
        """Batches per epoch."""

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from batch `start` on."""


class Draws(NamedTuple):
    """What an `Augment` has drawn for B images: how far each is moved, down and to the right, from `pad` above and to
    the left on; and which are mirrored. None for what it does not do."""

    shifts: Int[Tensor, "2 B"] | None
    mirrored: Bool[Tensor, " B"] | None


@dataclass(frozen=True)
class Augment:
    """Random shifts by up to `pad` pixels in both directions, and random mirror images if `flip`.

    A shift pads the image by `pad` (with zeros, or by `fill="reflect"`) and crops it back to its size. Masks move with
    their images; what zeros have come to has no class.
    """

    pad: int = 0
    flip: bool = False
    fill: Literal["constant", "reflect"] = "constant"

    def __call__(self, images: UInt8[Tensor, "B C H W"], generator: torch.Generator) -> UInt8[Tensor, "B C H W"]:
        """Shift and mirror each image on its own; all draws come from `generator` (on the CPU: the same everywhere)."""
        return self.apply(images, self.draw(len(images), generator))

    def masks(self, masks: Int[Tensor, "B H W"], generator: torch.Generator) -> Int[Tensor, "B H W"]:
        """The masks of the images that are shifted and mirrored by these draws."""
        return self.apply_to_masks(masks, self.draw(len(masks), generator))

    def draw(self, count: int, generator: torch.Generator) -> Draws:
        """What is to happen to `count` images, whichever they are."""
        shifts = torch.randint(2 * self.pad + 1, (2, count), generator=generator) if self.pad else None
        return Draws(shifts, torch.rand(count, generator=generator) < 0.5 if self.flip else None)

    def apply(self, images: UInt8[Tensor, "B C H W"], draws: Draws) -> UInt8[Tensor, "B C H W"]:
        """Let it happen to these images."""
        return self._moved(images, draws, 0)

    def apply_to_masks(self, masks: Int[Tensor, "B H W"], draws: Draws) -> Int[Tensor, "B H W"]:
        """Let it happen to the masks of these images."""
        return self._moved(masks.unsqueeze(1), draws, UNLABELLED).squeeze(1)

    def _moved(self, images: Shaped[Tensor, "B C H W"], draws: Draws, beyond: int) -> Shaped[Tensor, "B C H W"]:
        B, _, H, W = images.shape
        shifts, mirrored = (None if drawn is None else drawn.to(images.device) for drawn in draws)
        if shifts is not None:
            padded = _pad(images, self.pad, self.fill, beyond)
            windows = padded.unfold(2, H, 1).unfold(3, W, 1)  # B C 2p+1 2p+1 H W, a view
            images = windows[torch.arange(B, device=images.device), :, shifts[0], shifts[1]]
        if mirrored is not None:
            images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(3), images)
        return images


def _pad(images: Shaped[Tensor, "B C H W"], pad: int, fill: str, beyond: int) -> Shaped[Tensor, "B C h w"]:
    if fill == "constant":
        return F.pad(images, [pad] * 4, value=beyond)
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
        self, split: Split, data: Data, size: int, augment: Augmentation | None = None, steps: int | None = None
    ) -> None:
        require(len(split) > 0, f"{data.name}: there is no training image left to draw batches from")
        require(size >= 1, f"batch size {size}: it must be at least 1")
        require(
            augment is None or bool(data.size),
            f"{data.name} holds points, and only images can be shifted: augment=None",
        )
        require(steps is None or steps >= 1, f"steps={steps}: an epoch needs at least one batch")
        check_augmentation(augment, split)
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
            cycled(pool, share * self.steps, generator).view(self.steps, share)
            for pool, share in zip(self.pools, self.shares, strict=True)
        ]
        seeds = [derived_seed(seed, number, step) for step in range(start, self.steps)]
        yield from batches(self.split, self.data, torch.cat(orders, 1)[start:], self.augment, seeds)


def batches(
    split: Split, data: Data, rows: Int[Tensor, "steps B"], augment: Augmentation | None, seeds: Sequence[int]
) -> Iterator[Batch]:
    """A batch of each line of `rows`, augmented by what is drawn from its seed.

    What is known beforehand, rows and draws, goes to the device at once for all of them: to copy it for each would be
    to wait for the device each time.

    >>> points = kd.data.load("moons")
    >>> made = batches(points.train, points, torch.tensor([[3, 1], [0, 2]]), augment=None, seeds=[0, 1])
    >>> [batch.indices.tolist() for batch in made]
    [[3, 1], [0, 2]]
    """
    maps = None if split.images.is_floating_point() else data.scale_and_shift(split.device)
    changes = _changes(augment, rows.shape[1], seeds, split.device)
    pixels = split.chunks(iter(rows.to(split.images.device)))  # those of files are on the CPU
    for chunk, images, change in zip(rows.to(split.device), pixels, changes, strict=True):
        labels = split.labels[chunk.to(split.labels.device)]
        if split.task.per_pixel:
            labels = change.masks(labels)
        yield Batch(data.normalise(change.images(images), maps), labels, chunk, task=split.task)


def check_augmentation(augment: Augmentation | None, split: Split) -> None:
    """Where labels are masks, `augment` can move them with their images. Raises `ConfigError`.

    >>> check_augmentation(Augment(pad=2, flip=True), kd.data.load("shapes").train)  # silent: it can
    """
    told = f"augment={augment!r:.60} moves images, and the masks of a set for {split.task} have to move with them"
    can = augment is None or not split.task.per_pixel or hasattr(augment, "masks")
    require(can, f"{told}; give it a method masks(masks, generator), or take a kd.data.Augment or ResizedCrop")


class Change(NamedTuple):
    """What happens to the images of a batch, and to their masks where they have some."""

    images: Callable[[UInt8[Tensor, "B C H W"]], UInt8[Tensor, "B C h w"]]
    masks: Callable[[Int[Tensor, "B H W"]], Int[Tensor, "B h w"]]


def _changes(augment: Augmentation | None, count: int, seeds: Sequence[int], device: torch.device) -> Iterator[Change]:
    """What happens to the `count` images of each batch. A callable of one's own draws when it sees them."""
    if augment is None:
        yield from (Change(_as_they_are, _as_they_are) for _ in seeds)
    elif isinstance(augment, Augment) and type(augment).__call__ is Augment.__call__:
        generator = torch.Generator()
        drawn = [augment.draw(count, generator.manual_seed(seed)) for seed in seeds]
        ahead = [None if each[0] is None else torch.stack(each).to(device) for each in zip(*drawn, strict=True)]
        for step in range(len(seeds)):
            draws = Draws(*(None if each is None else each[step] for each in ahead))
            yield Change(partial(augment.apply, draws=draws), partial(augment.apply_to_masks, draws=draws))
    else:
        masks = getattr(augment, "masks", augment)  # asked for only where it has them, see `check_augmentation`
        for seed in seeds:
            yield Change(partial(_drawn_now, augment, seed), partial(_drawn_now, masks, seed))


def _as_they_are(images: Tensor) -> Tensor:
    return images


def _drawn_now(augment: Callable[[Tensor, torch.Generator], Tensor], seed: int, images: Tensor) -> Tensor:
    return augment(images, torch.Generator().manual_seed(seed))
