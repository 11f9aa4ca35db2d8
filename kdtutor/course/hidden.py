"""Cases that a check does not try: the exercise's own with other numbers and longer batches, and further ones."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .cases import drawn_anew
from .exercise import Exercise
from .observe import Case

TRIES = 20
APART = 1000  # the seeds that one exercise uses lie closer than this


def hidden_cases(exercise: Exercise, seed: int) -> list[Case]:
    """Arguments for a grader to try an exercise with; equal seeds, equal cases.

    First those of the check in other numbers. Then, where an exercise says which of its arguments hold samples, two
    drawings of each case as one batch: other shapes. Last what the exercise has for graders alone.
    """
    first, second, third = (_drawn(exercise, away) for away in (seed, seed + 1, seed + 2))
    with drawn_anew(seed * APART):
        longer = filter(exercise.settled, _longer(exercise.samples, second, third))
        return [*first, *longer, *exercise.hidden]


def _drawn(exercise: Exercise, away: int) -> Sequence[Case]:
    """The cases of the check in other numbers; one that single precision does not settle is drawn again."""
    return [_settled(exercise, i, away) for i in range(len(exercise.cases))]


def _settled(exercise: Exercise, number: int, away: int) -> Case:
    case: Case = ()
    for again in range(TRIES):
        with drawn_anew((away + again * TRIES) * APART):
            case = exercise.cases[number]
        if exercise.settled(case):
            break
    return case


def _longer(samples: Sequence[int], one: Sequence[Case], other: Sequence[Case]) -> list[Case]:
    """Both drawings of each case side by side. One that nothing is drawn for would only be there twice: left out."""
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if any(_differ(a[i], b[i]) for i in samples)]
    return [tuple(_joined(a[i], b[i]) if i in samples else a[i] for i in range(len(a))) for a, b in pairs]


def _joined(a: Any, b: Any) -> Any:
    if isinstance(a, Tensor):
        return torch.cat([a.detach(), b.detach()]).requires_grad_(a.requires_grad)
    return type(a)(_joined(x, y) for x, y in zip(a, b, strict=True))


def _differ(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return not torch.equal(a, b)
    return any(_differ(x, y) for x, y in zip(a, b, strict=True))
