"""Tasks cut out of a data set by class: some classes only, classes that training never sees, few-shot episodes."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

from ..errors import require
from .batches import Augmentation, batches, cycled, derived_seed
from .splits import Batch, Data, Split
from .task import UNLABELLED


def only(data: Data, classes: Iterable[int]) -> Data:
    """The images of some classes, which are numbered anew in the order given: another task.

    >>> only(kd.data.load("digits"), [3, 7]).classes
    ('3', '7')
    """
    chosen = list(classes)
    _check_classes(data, chosen, "only")

    def part(split: Split) -> Split:
        labels = torch.full_like(split.labels, UNLABELLED)
        for number, k in enumerate(chosen):
            labels[split.labels == k] = number
        return replace(split, labels=labels)[labels >= 0]

    splits = {name: part(split) for name, split in data.splits().items()}
    return replace(data, classes=tuple(data.classes[k] for k in chosen), **splits)  # type: ignore[arg-type]  # names of fields


def apart(data: Data, train: Iterable[int], test: Iterable[int]) -> Data:
    """A class-disjoint task: training images of the classes `train`, held-out images of the classes `test`.

    The classes keep their numbers. Raises `ConfigError` if a class is on both sides.

    >>> halves = apart(kd.data.load("digits"), train=range(5), test=range(5, 10))
    >>> sorted(set(halves.test.labels.tolist()))
    [5, 6, 7, 8, 9]
    """
    shown, hidden = list(train), list(test)
    _check_classes(data, [*shown, *hidden], "apart")
    both = sorted(set(shown) & set(hidden))
    require(not both, f"apart: class {both[:1]} is both in train and in test; the two must have no class in common")
    sides = {name: shown if name == "train" else hidden for name in data.splits()}
    splits = {
        name: split[torch.isin(split.labels, torch.tensor(sides[name], device=split.labels.device))]
        for name, split in data.splits().items()
    }
    return replace(data, **splits)  # type: ignore[arg-type]  # names of fields


def _check_classes(data: Data, classes: list[int], who: str) -> None:
    data.require_classes(who)
    strange = [k for k in classes if not 0 <= k < data.num_classes]
    require(not strange, f"{who}: class {strange[:1]} does not exist; {data.name} has 0…{data.num_classes - 1}")


class ClassBatches:
    """A `Source` for metric learning: every batch has `classes` classes with `per_class` images each.

    Images without a label are not drawn; a class with fewer images repeats them. Batch `i` of epoch `e` is a pure
    function of `(seed, e, i)`, as in `Batches`.
    """

    def __init__(
        self,
        split: Split,
        data: Data,
        classes: int = 16,
        per_class: int = 4,
        steps: int = 50,
        augment: Augmentation | None = None,
    ) -> None:
        data.require_classes("ClassBatches")
        self.split, self.data, self.augment = split, data, augment
        labels = split.labels.cpu()
        order = labels.argsort(stable=True)
        known, counts = labels[order].unique_consecutive(return_counts=True)
        self.rows = [
            rows for k, rows in zip(known.tolist(), order.split(counts.tolist()), strict=True) if k != UNLABELLED
        ]
        require(
            2 <= classes <= len(self.rows),
            f"classes={classes}: the split of {data.name} has {len(self.rows)} labelled classes; choose 2 or more of "
            "them for a batch",
        )
        require(per_class >= 2, f"per_class={per_class}: a batch needs at least 2 images of a class to compare")
        require(steps >= 1, f"steps={steps}: an epoch needs at least one batch")
        self.classes, self.per_class, self.steps = classes, per_class, steps

    def draw(self, number: int, step: int, seed: int) -> Int[Tensor, " B"]:
        """The rows of one batch, class by class."""
        generator = torch.Generator().manual_seed(derived_seed(seed, number, step, "classes"))
        chosen = torch.randperm(len(self.rows), generator=generator)[: self.classes].tolist()
        return torch.cat([cycled(self.rows[k], self.per_class, generator) for k in chosen])

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch `number` from batch `start` on, always the same for the same `seed`."""
        steps = range(start, self.steps)
        if rows := [self.draw(number, step, seed) for step in steps]:
            seeds = [derived_seed(seed, number, step) for step in steps]
            yield from batches(self.split, self.data, torch.stack(rows), self.augment, seeds)


@dataclass(frozen=True)
class Episode:
    """A small task: rows of `shot` known and of `queries` asked images of each of `way` classes."""

    support: Int[Tensor, "way shot"]
    queries: Int[Tensor, "way queries"]


def episodes(
    labels: Int[Tensor, " N"], way: int = 5, shot: int = 1, queries: int = 5, count: int = 100, seed: int = 0
) -> Iterator[Episode]:
    """`count` few-shot episodes; the classes and their images are drawn anew each time, from `seed` alone.

    Raises `ConfigError` if fewer than `way` classes have `shot + queries` images.

    >>> (episode,) = episodes(torch.arange(5).repeat_interleave(8), count=1)
    >>> episode.support.shape, episode.queries.shape
    (torch.Size([5, 1]), torch.Size([5, 5]))
    """
    need = shot + queries
    require(min(shot, queries, count) >= 1, f"shot={shot}, queries={queries}, count={count}: each must be at least 1")
    labels = labels.cpu()
    rows = [(labels == k).nonzero().flatten() for k in _present(labels)]
    rows = [part for part in rows if len(part) >= need]
    require(
        2 <= way <= len(rows),
        f"way={way}: {len(rows)} classes have the {need} images that an episode needs; choose 2…{len(rows)}",
    )
    for number in range(count):
        generator = torch.Generator().manual_seed(derived_seed(seed, number, "episode"))
        chosen = torch.randperm(len(rows), generator=generator)[:way].tolist()
        drawn = torch.stack([cycled(rows[k], need, generator) for k in chosen])
        yield Episode(drawn[:, :shot], drawn[:, shot:])


def _present(labels: Int[Tensor, " N"]) -> Collection[int]:
    return [k for k in labels.unique().tolist() if k != UNLABELLED]
