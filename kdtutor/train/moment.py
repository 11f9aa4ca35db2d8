"""All that a step may change, as it is at one moment: to go back there, and to tell what two steps have made of it."""

from collections.abc import Mapping
from itertools import chain

import torch
from jaxtyping import Shaped
from torch import Tensor

from .checkpoint import random_state, restore_random_state
from .trainable import Trainable

CLOSE = 0.01  # share of what a step changes: kernels that add in any order differ by far less, a wrong step by more
ROUNDING = 1e-6  # share of the numbers themselves, where a step changes next to nothing

State = dict[str, list[Tensor]]
"""Tensors by kind."""


class Moment:
    """All that a step may change, as it is now."""

    def __init__(self, distiller: Trainable, optimisers: Mapping[str, torch.optim.Optimizer]) -> None:
        self.distiller, self.live = distiller, state(distiller, optimisers)
        self.kept = {kind: [x.clone() for x in tensors] for kind, tensors in self.live.items()}
        self.random = random_state(distiller)

    def restore(self) -> None:
        """Put everything back, where it lies."""
        for kind, tensors in self.live.items():
            for tensor, kept in zip(tensors, self.kept[kind], strict=True):
                tensor.copy_(kept)
        restore_random_state(self.distiller, self.random)


def state(distiller: Trainable, optimisers: Mapping[str, torch.optim.Optimizer]) -> State:
    """The tensors that a step may change, by kind: the weights, buffers by name, what optimisers note by name. Those of
    the teacher, which other runs may be reading, are not among them unless it learns.

    >>> sorted(state(kd.Alone(kd.nets.build("resnet8", classes=2)), {}))
    ['num_batches_tracked', 'running_mean', 'running_var', 'weights']
    """
    teacher = distiller.teacher
    learns = teacher is not None and any(p.requires_grad for p in teacher.parameters())
    constant = set() if teacher is None or learns else {id(x) for x in teacher.buffers()}
    found: State = {"weights": [p.detach() for p in distiller.parameters() if p.requires_grad]}
    noted = (held.items() for optimiser in optimisers.values() for held in optimiser.state.values())
    for name, x in chain(distiller.named_buffers(), *noted):
        if isinstance(x, Tensor) and id(x) not in constant:
            found.setdefault(name.rpartition(".")[2], []).append(x)
    return found


def difference(before: State, eager: State, replayed: State) -> str:
    """Of which kind of tensors two steps from one state have made different things, beyond rounding; "" if of none.

    >>> before, after, nothing = ({"weights": [torch.full((2,), x)]} for x in (1.0, 1.1, 1.0))
    >>> difference(before, after, after), difference(before, after, nothing)
    ('', 'weights')
    """
    for kind, made in eager.items():
        if not len(before[kind]) == len(made) == len(replayed[kind]):
            return kind
        changed, off = _distance(made, before[kind]), _distance(replayed[kind], made)
        size = _distance(made, [torch.zeros_like(x) for x in made])
        if not bool(off <= CLOSE * changed + ROUNDING * size):
            return kind
    return ""


def _distance(these: list[Tensor], others: list[Tensor]) -> Shaped[Tensor, ""]:
    gaps = [torch.linalg.vector_norm(x.float() - y.float()) for x, y in zip(these, others, strict=True)]
    return torch.stack(gaps).norm() if gaps else torch.zeros(())
