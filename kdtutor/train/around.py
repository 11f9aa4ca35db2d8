"""A distiller around another one."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch, Data, Source, Split
from ..errors import require
from ..nets import Trace
from .checks import check_numbers
from .distiller import Distiller, Spot
from .objective import Terms
from .recipe import Recipe
from .trainable import Phase


class Around(Distiller):
    """Base of what changes one thing about any other method: where it is matched, or on what data.

    Student, teacher and the stream of random numbers are the inner method's, and so is all that a subclass does not say
    itself: every hook of `Distiller` is passed on. Raises `ConfigError` for what is no method.
    """

    def __init__(self, inner: Distiller, **options: Any) -> None:
        name = type(self).__name__
        found = f"the class {inner.__name__}" if isinstance(inner, type) else f"a {type(inner).__name__}"
        told = f"{name} goes around a method, such as Hinton(student, teacher); this is {found}"
        require(isinstance(inner, Distiller), told)
        check_numbers(type(self), options)
        super().__init__(inner.student, inner.teacher)
        self.inner = inner
        self.needs_rows, self.mixes = inner.needs_rows, inner.mixes
        self.shares_batches = inner.shares_batches
        self.noise = inner.noise  # one stream, which the loop seeds and stores
        self.options = {"inner": {"method": type(inner).__name__, **inner.options}, **options}

    @property
    def graphable(self) -> bool:
        return False  # samples are chosen, or made, step by step

    def spots(self) -> tuple[Spot, ...]:
        return self.inner.spots()

    def weights(self) -> dict[str, float]:
        return self.inner.weights()

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        return self.inner.losses(s, t, batch)

    def preparation(self, epochs: int) -> tuple[Phase, ...]:
        return self.inner.preparation(epochs)

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        return self.inner.phases(epochs)

    def check(self, data: Data) -> None:
        self.inner.check(data)

    def source(self, data: Data, recipe: Recipe) -> Source:
        return self.inner.source(data, recipe)

    def begin(self, data: Data) -> None:
        self.inner.begin(data)

    def start_epoch(self, epoch: int, source: Source, seed: int) -> None:
        self.inner.start_epoch(epoch, source, seed)

    def look_at(self, batch: Batch) -> None:
        self.inner.look_at(batch)

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        return self.inner.measure(split, data)

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        return self.inner.parameter_groups(phase)

    def recipe_for(self, group: str, recipe: Recipe) -> Recipe:
        return self.inner.recipe_for(group, recipe)

    def teacher_trace(self, images: Float[Tensor, "B ..."]) -> Trace | None:
        return self.inner.teacher_trace(images)

    def answers(self, batch: Batch) -> Trace | None:
        return self.inner.answers(batch)

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        return self.inner.step(batch, phase, optimisers)
