"""What the networks see: splits of images and labels, and the data set they belong to."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from ..errors import ConfigError, ShapeError, require
from .pinned import onto
from .task import CLASSIFICATION, UNLABELLED, Classification, Task

if TYPE_CHECKING:
    from ..nets import Net, Trace  # which are made of what is here, and only named

Rows = Bool[Tensor, " N"] | Int[Tensor, " n"] | slice | list[int]
"""Which rows of a split or a batch: a mask, their numbers, or a slice."""


@dataclass(frozen=True)
class Batch:
    """What one training step gets: normalised images (of text, numbers of characters), labels (as `task` has them) and
    the rows they came from.

    `answer`, where there is one, gives a teacher's trace of these images without running the teacher for it, or None
    where it has none of that teacher. Part of a batch has no answer.
    """

    images: Shaped[Tensor, "B *shape"]
    labels: Shaped[Tensor, "B ..."]
    indices: Int[Tensor, " B"]
    answer: "Callable[[Net, Tensor], Trace | None] | None" = None
    task: Task = CLASSIFICATION

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Rows) -> "Batch":
        return Batch(self.images[rows], self.labels[rows], self.indices[rows], task=self.task)

    def to(self, device: torch.device | str) -> "Batch":
        """The batch on a device."""
        images, labels, indices = (onto(x, device) for x in (self.images, self.labels, self.indices))
        return replace(self, images=images, labels=labels, indices=indices)


@dataclass(frozen=True)
class Split:
    """One part of a data set, whole in memory: uint8 images `(N, C, H, W)`, or float points `(N, D)`, and labels.

    What a label is says the `task`: by default the number of a class, one for each image, and other whole numbers than
    int64 are converted. Raises `ShapeError` or `ConfigError` for anything else.
    """

    images: Shaped[Tensor, "N ..."]
    labels: Shaped[Tensor, "N ..."]
    task: Task = field(default=CLASSIFICATION, kw_only=True)

    def __post_init__(self) -> None:
        _check_kind("images", self.images)
        _check_kind("labels", self.labels)
        require(
            len(self.images) == len(self.labels),
            f"a split has {len(self.images)} images and {len(self.labels)} labels; it needs one label per image",
            ShapeError,
        )
        object.__setattr__(self, "labels", self.task.read(self.labels))
        if self.task.per_pixel:
            _check_masks(tuple(self.images.shape), tuple(self.labels.shape))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Rows) -> "Split":
        return Split(self.images[rows], self.labels[rows], task=self.task)

    @cached_property
    def labelled(self) -> Bool[Tensor, " N"]:
        """Which images have a label."""
        return self.task.labelled(self.labels)

    @property
    def device(self) -> torch.device:
        """Where `chunks` puts the images."""
        return self.images.device

    def chunks(self, rows: Iterable[Int[Tensor, " b"]]) -> Iterator[Shaped[Tensor, "b ..."]]:
        """The images of each chunk of rows, in order."""
        for chunk in rows:
            yield self.images[chunk.to(self.images.device)]

    def to(self, device: torch.device | str) -> "Split":
        """The split on a device."""
        return Split(self.images.to(device), self.labels.to(device), task=self.task)


@dataclass(frozen=True)
class Data:
    """A data set: its splits, the names of its classes (or labels, or numbers), and the statistics of its pixels.

    `mean` and `std` are per channel, for pixels scaled to 0…1. `val` is what choices may look at; `test` is for the
    last number only. Sets without a validation split have `val=None`.
    """

    name: str
    train: Split
    val: Split | None
    test: Split
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        for part, split in {"train": self.train, **self.splits(), "test": self.test}.items():
            told = f"{self.name}: {part} is a {type(split).__name__}; expected a Split"
            require(isinstance(split, Split), f"{told}, made of two tensors: kd.data.Split(images, labels)")
            told = f"{self.name}: the task of train is {self.task}, that of {part} {split.task}; they must be equal"
            require(split.task == self.task, told)
            self.task.check(split.labels, self.num_classes, f"{self.name}: the {part}")

        if self.size:
            numbers = {len(self.mean), len(self.std)}
            told = f"{self.name}: {len(self.mean)} means and {len(self.std)} standard deviations"
            require(numbers == {self.channels}, f"{told} for images of {self.channels} channels; give one for each")
            require(min(self.std) > 0, f"{self.name}: std={self.std}; pixels are divided by it, so it must be positive")

    @property
    def task(self) -> Task:
        """What the labels mean."""
        return self.train.task

    @property
    def num_classes(self) -> int:
        """How many classes there are; of another task than classification, how many outputs: labels, or numbers."""
        return len(self.classes)

    @property
    def channels(self) -> int:
        """Channels of an image, or numbers of a point."""
        return int(self.test.images.shape[1])

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width; empty for points."""
        return tuple(self.test.images.shape[2:])

    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name."""
        named = {"train": self.train, "val": self.val, "test": self.test}
        return {name: split for name, split in named.items() if split is not None}

    def to(self, device: torch.device | str) -> "Data":
        """All splits on a device."""
        val = self.val.to(device) if self.val is not None else None
        return replace(self, train=self.train.to(device), val=val, test=self.test.to(device))

    def normalise(
        self, images: Shaped[Tensor, "N *shape"], maps: Float[Tensor, "2 1 C 1 1"] | None = None
    ) -> Float[Tensor, "N *shape"]:
        """(x / 255 - mean) / std per channel; points are returned as they are. `maps`: the data's `scale_and_shift` on
        the device of the images, which then need not be copied there for each batch."""
        if images.is_floating_point():
            return images
        scale, shift = self.scale_and_shift(images.device) if maps is None else maps
        return torch.addcmul(shift, images.float(), scale)

    def scale_and_shift(self, device: torch.device | str) -> Float[Tensor, "2 1 C 1 1"]:
        """1 / (255 · std) and -mean / std per channel: what pixels are multiplied by, and what is then added."""
        scale = [1 / (255 * s) for s in self.std]
        shift = [-m / s for m, s in zip(self.mean, self.std, strict=True)]
        return torch.tensor([scale, shift], device=device).view(2, 1, -1, 1, 1)

    def few_labels(self, per_class: int, unlabelled: int | None = None, seed: int = 0) -> "Data":
        """The label-scarce setting: `per_class` labelled training images a class, the others without their label.

        The unlabelled ones are the transfer set on which a teacher may still speak; `unlabelled` limits them (images a
        class). The choice depends on `seed` alone.
        """
        self.require_classes("few_labels")
        generator = torch.Generator().manual_seed(seed)
        keep, hide = [], []
        for k in range(self.num_classes):
            rows = (self.train.labels == k).nonzero().flatten()
            require(
                1 <= per_class <= len(rows),
                f"few_labels(per_class={per_class}): class {self.classes[k]!r} has {len(rows)} training images; "
                f"choose 1…{len(rows)}",
            )
            rows = rows[torch.randperm(len(rows), generator=generator).to(rows.device)]
            keep.append(rows[:per_class])
            hide.append(rows[per_class:][:unlabelled])
        shown, hidden = torch.cat(keep), torch.cat(hide)
        labels = self.train.labels.clone()
        labels[hidden] = UNLABELLED
        train = replace(self.train, labels=labels)[torch.cat([shown, hidden])]
        return replace(self, train=train)

    def labelled_only(self) -> "Data":
        """The same data without its unlabelled training images: all that a student without a teacher can use."""
        return replace(self, train=self.train[self.train.labelled])

    def without_class(self, k: int) -> "Data":
        """The same data with no training image of class `k`; val and test keep theirs (Hinton's omitted digit)."""
        self.require_classes("without_class")
        require(0 <= k < self.num_classes, f"without_class({k}): the classes are 0…{self.num_classes - 1}")
        return replace(self, train=self.train[self.train.labels != k])

    def require_classes(self, who: str) -> None:
        """Raise `ConfigError` unless each image has one class; `who` is what needs that."""
        told = f"{who}: {self.name} is a set for {self.task}; this needs one class for each image"
        require(isinstance(self.task, Classification), told)

    def describe(self) -> str:
        """One line a split."""
        shape = "×".join(map(str, self.test.images.shape[1:]))
        lines = [f"{self.name}: {self.num_classes} classes, {shape}"]
        for name, split in self.splits().items():
            hidden = int((~split.labelled).sum())
            lines.append(f"  {name:5} {len(split):6,}" + (f"  ({hidden:,} without a label)" if hidden else ""))
        return "\n".join(lines)


def _check_masks(images: tuple[int, ...], masks: tuple[int, ...]) -> None:
    told = f"the images have shape {images}, their masks {masks}; expected (N, C, H, W) and (N, H, W)"
    require(len(images) == 4 and images[2:] == masks[1:], f"{told}: a class for each pixel", ShapeError)


def _check_kind(what: str, x: object) -> None:
    told = f"the {what} of a split are a {type(x).__name__}; expected a tensor, such as torch.as_tensor({what})"
    require(isinstance(x, Tensor) and x.ndim > 0, told)


def stratified(labels: Int[Tensor, " N"], counts: tuple[int, ...], seed: int) -> tuple[Int[Tensor, " _n"], ...]:
    """Rows of disjoint parts, each with `counts[i]` images of every class; the order within a part is by row.

    >>> first, second = stratified(torch.arange(2).repeat(4), (1, 3), seed=0)
    >>> len(first), len(second)
    (2, 6)
    """
    generator = torch.Generator().manual_seed(seed)
    parts: list[list[Tensor]] = [[] for _ in counts]
    for k in labels.unique().tolist():
        rows = (labels == k).nonzero().flatten()
        if len(rows) < sum(counts):
            raise ConfigError(f"class {k} has {len(rows)} images; the split asks for {sum(counts)}")
        rows = rows[torch.randperm(len(rows), generator=generator)]
        for part, chunk in zip(parts, rows[: sum(counts)].split(list(counts)), strict=True):
            part.append(chunk)
    return tuple(torch.cat(part).sort().values for part in parts)
