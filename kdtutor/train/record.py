"""The terms of a run's steps: they stay where they were computed until somebody has to know them.

On a GPU each reading is a wait: the host, which should be queueing the next steps, stands still until this one is done.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import torch

from .objective import Terms

READ_EVERY = 50  # steps; a term that is not finite ends the run at the latest then


class StepTerms(Mapping[str, float]):
    """The terms of one step by name. They are read, all at once, when the first one is looked up.

    >>> terms = StepTerms({"task": torch.tensor(2.0), "loss": torch.tensor(3.0)})
    >>> list(terms), terms.read
    (['task', 'loss'], False)
    >>> terms["loss"], terms.read
    (3.0, True)
    """

    def __init__(self, values: Terms) -> None:
        self.values_on_device = torch.stack([value.detach().float() for value in values.values()])
        self._names = tuple(values)
        self._numbers: dict[str, float] | None = None

    @property
    def read(self) -> bool:
        """Whether somebody has waited for the numbers already."""
        return self._numbers is not None

    def know(self, numbers: list[float]) -> None:
        """Take over what was read together with other steps."""
        self._numbers = dict(zip(self._names, numbers, strict=True))

    def __getitem__(self, name: str) -> float:
        if self._numbers is None:
            self.know(self.values_on_device.tolist())
        assert self._numbers is not None
        return self._numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))


@dataclass
class Record:
    """The terms of the epoch so far: those that were read are summed, the last few steps' are still on the device."""

    sums: dict[str, tuple[float, int]] = field(default_factory=dict)  # over the steps that were read; how many
    unread: list[tuple[int, StepTerms]] = field(default_factory=list)  # with the numbers of their steps

    def add(self, step: int, values: Terms) -> StepTerms:
        """Note the terms of a step."""
        terms = StepTerms(values)
        self.unread.append((step, terms))
        return terms

    @property
    def due(self) -> bool:
        """Whether it is time to read: enough steps have been taken, or somebody has waited for the last one anyway."""
        return len(self.unread) >= READ_EVERY or (bool(self.unread) and self.unread[-1][1].read)

    def read(self) -> tuple[int, StepTerms] | None:
        """Read what is unread, with one wait for the device; the first step with a term that is not finite, or None.

        The sums grow by the steps before that one.
        """
        unread, self.unread = self.unread, []
        numbers = iter(torch.cat([terms.values_on_device for _, terms in unread]).tolist() if unread else [])
        for _, terms in unread:  # a step may have other terms than the one before
            terms.know(list(islice(numbers, len(terms))))
        for step, terms in unread:
            if not all(map(math.isfinite, terms.values())):
                return step, terms
            for name, value in terms.items():
                total, count = self.sums.get(name, (0.0, 0))
                self.sums[name] = (total + value, count + 1)
        return None

    def means(self) -> dict[str, float]:
        """The mean of each term over the epoch, which is forgotten."""
        means = {name: total / count for name, (total, count) in self.sums.items()}
        self.sums = {}
        return means
