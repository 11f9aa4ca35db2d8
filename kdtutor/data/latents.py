"""Random numbers in place of images: what a generator makes its images of."""

from collections.abc import Iterator

import torch

from ..errors import require
from .batches import derived_seed
from .splits import Batch
from .task import UNLABELLED


class Latents:
    """A `Source` of latents z ~ N(0, I): batches (size, dim) without labels, `steps` an epoch.

    Like every source, batch `i` of epoch `e` is a pure function of `(seed, e, i)`; no data set is looked at.
    """

    def __init__(self, dim: int, size: int, steps: int) -> None:
        for name, number in (("dim", dim), ("size", size), ("steps", steps)):
            require(number >= 1, f"{name}={number}: latents need at least 1")
        self.dim, self.size, self.steps = dim, size, steps

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        """Batches of fresh latents without labels, from batch `start` on; always the same for the same `seed`."""
        unlabelled, rows = torch.full((self.size,), UNLABELLED), torch.arange(self.size)
        for step in range(start, self.steps):
            generator = torch.Generator().manual_seed(derived_seed(seed, number, step, "latents"))
            yield Batch(torch.randn(self.size, self.dim, generator=generator), unlabelled, rows + step * self.size)
