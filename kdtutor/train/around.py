"""A distiller around another one."""

from typing import Any

from torch import nn

from ..data import Data, Source, Split
from .distiller import Distiller, Phase, Spot
from .recipe import Recipe


class Around(Distiller):
    """Base of what changes one thing about any other method: where it is matched, or on what data.

    Student, teacher and the stream of random numbers are the inner method's, and so is all that a subclass does not say
    itself.
    """

    def __init__(self, inner: Distiller, **options: Any) -> None:
        super().__init__(inner.student, inner.teacher)
        self.inner = inner
        self.needs_rows = inner.needs_rows
        self.noise = inner.noise  # one stream, which the loop seeds and stores
        self.options = {"inner": {"method": type(inner).__name__, **inner.options}, **options}

    def spots(self) -> tuple[Spot, ...]:
        return self.inner.spots()

    def weights(self) -> dict[str, float]:
        return self.inner.weights()

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

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        return self.inner.measure(split, data)

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        return self.inner.parameter_groups(phase)

    def recipe_for(self, group: str, recipe: Recipe) -> Recipe:
        return self.inner.recipe_for(group, recipe)
