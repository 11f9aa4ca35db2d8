"""What a recipe makes of the labels of training batches: smoothed, weighed by class, mixed with those of others."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

from ..data import UNLABELLED, Batch, Classification, Data, Latents, Source, Task, derived_seed
from ..data.pinned import onto
from ..errors import require
from .cached import Cached
from .distiller import Distiller
from .recipe import Recipe
from .trainable import Trainable


@dataclass(frozen=True)
class Relabelled:
    """A `Source`: the batches of another one, under a `task` of their own, and mixed where `mixup` is positive.

    Like every source, batch `i` of epoch `e` is a pure function of `(seed, e, i)`. `outputs` are the student's.
    """

    source: Source
    task: Task
    mixup: float
    outputs: int

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return self.source.steps

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch `number` from batch `start` on."""
        for step, batch in enumerate(self.source.epoch(number, seed, start), start):
            batch = replace(batch, task=self.task)
            drawn = derived_seed(seed, number, step, "mixup")
            yield mixed(batch, self.mixup, drawn, self.outputs) if self.mixup else batch


def mixed(batch: Batch, alpha: float, seed: int, outputs: int) -> Batch:
    """Each image of the batch and its label, mixed with another one's: λ · first + (1 - λ) · second. λ ~ Beta(alpha,
    alpha) is drawn once, and who is mixed with whom (Zhang et al., 2018). Nobody has answered to such images.

    >>> batch = kd.data.Batch(torch.eye(2), torch.tensor([0, 1]), torch.arange(2))
    >>> both = mixed(batch, 1.0, seed=0, outputs=2)
    >>> bool((both.images == both.labels).all()), both.labels.sum(1)
    (True, tensor([1., 1.]))
    """
    share = random.Random(seed).betavariate(alpha, alpha)
    order = onto(torch.randperm(len(batch), generator=torch.Generator().manual_seed(seed)), batch.images)
    images = share * batch.images + (1 - share) * batch.images[order]
    other = batch.labels[onto(order, batch.labels)]
    return replace(batch, images=images, labels=batch.task.mixed(batch.labels, other, share, outputs), answer=None)


def relabelled(source: Source, distiller: Trainable, data: Data, recipe: Recipe) -> Source:
    """`source` as the recipe wants its labels; itself where it wants nothing. Raises `ConfigError` for what cannot be.

    >>> points, method = kd.data.load("moons"), kd.Alone(kd.nets.build("mlp8", classes=2))
    >>> batches = method.source(points, kd.Recipe())
    >>> relabelled(batches, method, points, kd.Recipe()) is batches
    True
    """
    of_classes = {"label_smoothing": recipe.label_smoothing, "class_weights": recipe.class_weights}
    asked = [f"{name}={value}" for name, value in (*of_classes.items(), ("mixup", recipe.mixup)) if value]
    if not asked:
        return source
    kind = type(distiller).__name__
    told = f"{asked[0]}: {kind} looks at no image of the data and at no label, for a generator makes its images"
    require(isinstance(distiller, Distiller) and not isinstance(source, Latents), f"{told}; leave it out of the recipe")
    assert isinstance(distiller, Distiller)
    if recipe.mixup:
        _check_mixing(source, distiller, data, recipe.mixup)
    task, outputs = data.task, distiller.student.num_classes
    if any(of_classes.values()):
        told = f"{asked[0]} is about classes; {data.name} is a set for {task}"
        require(isinstance(task, Classification), f"{told}: leave it out of the recipe")
        told = f"{asked[0]}: {kind} gives the labels no weight"
        require(bool(distiller.weights().get("task")), f"{told}; leave it out of the recipe")
        weights = _weights(recipe, data, outputs)
        task = Classification(label_smoothing=recipe.label_smoothing, class_weights=weights)
    return Relabelled(source, task, recipe.mixup, outputs)


def _check_mixing(source: Source, distiller: Distiller, data: Data, mixup: float) -> None:
    told, kind = f"mixup={mixup}", type(distiller).__name__
    require(data.task.mixes, f"{told}: there is nothing between labels for {data.task}; leave it out of the recipe")
    mixes = distiller.mixes and not distiller.needs_rows
    require(mixes, f"{told}: {kind} asks which class or row an image is, and a mixed one is two; leave it out")
    kept = isinstance(source, Cached)
    require(not kept, f"{told}: a cache holds answers to images, and none to mixed ones; leave mixup or the cache out")


def _weights(recipe: Recipe, data: Data, outputs: int) -> tuple[float, ...] | None:
    """The weight of each output of the student, which may have more of them than there are classes."""
    weights, K = recipe.class_weights, data.num_classes
    if weights is None:
        return None
    if weights == "balanced":
        weights = balanced_weights(data.train.labels, K)
    told = f"class_weights has {len(weights)} numbers, {data.name} {K} classes: give one for each, in their order"
    require(len(weights) == K, told)
    return (*map(float, weights), *[1.0] * (outputs - K))


def balanced_weights(labels: Int[Tensor, " N"], classes: int) -> tuple[float, ...]:
    """N / (K · n_k) for each of K classes, of which n_k of the N labels are; 0 for one that is not among them.

    >>> balanced_weights(torch.tensor([0, 0, 0, 1, kd.data.UNLABELLED]), classes=2)
    (0.6666666666666666, 2.0)
    """
    counts = labels[labels != UNLABELLED].bincount(minlength=classes).tolist()
    return tuple(sum(counts) / (classes * count) if count else 0.0 for count in counts)
