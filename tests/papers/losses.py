"""A loss as one row: how it is called on a student's and a teacher's tensors, and which shapes these have.

A method's own test may have more rows, in a table of the same name, `LOSSES`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from kdtutor.papers import (
    adversarial,
    attention,
    boundaries,
    contrastive,
    data_free,
    fitnets,
    fsp,
    gan,
    hinton,
    matching,
    overhaul,
    related,
    relational,
)
from kdtutor.papers.tensors import same_shape

Shapes = tuple[tuple[int, ...], ...]  # without the batch

SMALL: Shapes = ((3, 6, 4), (4, 3, 2))  # maps that are not square
WIDE: Shapes = ((5, 6, 4), (7, 3, 2))
LARGE: Shapes = ((5, 12, 4), (7, 3, 4))  # one side larger at a time

VECTORS: Shapes = ((6,),)
WIDER: Shapes = ((9,),)
NARROWER: Shapes = ((5,),)


@dataclass(frozen=True)
class Loss:
    """`call(s, t)` takes a list of tensors of each side; `error` are a student's shapes that fit no teacher's."""

    call: Callable[[list[Tensor], list[Tensor]], Tensor]
    s: Shapes
    t: Shapes
    error: Shapes

    def tensors(self, batch: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> tuple[list[Tensor], ...]:
        generator = torch.Generator().manual_seed(seed)
        return tuple(
            [torch.randn(batch, *shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]
            for shapes in (self.s, self.t)
        )


def _reduced(s: list[Tensor], t: list[Tensor]) -> Tensor:
    """MGD's loss of one layer: match, reduce, partial L2."""
    flow = matching.assign(matching.flow_cost(s[0], t[0]))
    return overhaul.partial_l2(s[0], overhaul.margin_relu(matching.reduce(t[0], flow), -torch.ones(s[0].shape[1])))


def paired(s: list[Tensor], t: list[Tensor]) -> Tensor:
    """The student's tensor, for a loss that reads only one; the teacher's must fit all the same."""
    same_shape(s[0], t[0], "a loss of one tensor")
    return s[0]


def _contrasted(s: list[Tensor], t: list[Tensor]) -> Tensor:
    memory = contrastive.ContrastiveMemory(20, 6, generator=torch.Generator().manual_seed(0))
    memory = memory.double() if s[0].dtype == torch.float64 else memory
    memory.log_Z.fill_(3.0)  # as after a first batch; that one's would depend on its scores
    rows = torch.arange(len(s[0])) % 19  # a large batch has an image twice
    return memory(s[0], t[0].detach(), rows, (rows[:, None] + torch.arange(1, 9)) % 20)


LOSSES: dict[str, Loss] = {
    "kd_loss": Loss(lambda s, t: hinton.kd_loss(s[0], t[0]), VECTORS, VECTORS, NARROWER),
    "hint_loss": Loss(lambda s, t: fitnets.hint_loss(s[0], t[0]), SMALL[:1], SMALL[:1], WIDE[:1]),
    "at_loss": Loss(lambda s, t: attention.at_loss(s, t), SMALL, LARGE, VECTORS),
    "at_loss, p = 3": Loss(lambda s, t: attention.at_loss(s, t, p=3), SMALL, WIDE, VECTORS),
    "fsp_loss": Loss(lambda s, t: fsp.fsp_loss(s, t), SMALL, SMALL, WIDE),
    "boundary_loss": Loss(lambda s, t: boundaries.boundary_loss(s[0], t[0]), SMALL[:1], SMALL[:1], WIDE[:1]),
    "ab_loss": Loss(lambda s, t: boundaries.ab_loss(s, t), SMALL, SMALL, WIDE),
    "partial_l2": Loss(lambda s, t: overhaul.partial_l2(s[0], t[0]), SMALL[:1], SMALL[:1], WIDE[:1]),
    "full_l2": Loss(lambda s, t: overhaul.full_l2(s[0], t[0]), SMALL[:1], SMALL[:1], WIDE[:1]),
    "MGD of a layer": Loss(_reduced, SMALL[:1], WIDE[:1], NARROWER),
    "distance_loss": Loss(lambda s, t: relational.distance_loss(s[0], t[0]), VECTORS, WIDER, ((3, 2),)),
    "angle_loss": Loss(lambda s, t: relational.angle_loss(s[0], t[0]), VECTORS, WIDER, ((3, 2),)),
    "rkd_loss": Loss(lambda s, t: relational.rkd_loss(s[0], t[0]), VECTORS, WIDER, ((3, 2),)),
    "similarity_loss": Loss(lambda s, t: related.similarity_loss(s[0], t[0]), SMALL[:1], LARGE[:1], ((),)),
    "variational_loss": Loss(
        lambda s, t: related.variational_loss(s[0], t[0], torch.linspace(-4, 4, s[0].shape[1]).to(s[0])),
        SMALL[:1], SMALL[:1], WIDE[:1],
    ),
    "probabilistic_loss": Loss(lambda s, t: related.probabilistic_loss(s[0], t[0]), VECTORS, WIDER, ((3, 2),)),
    "selectivity_loss": Loss(lambda s, t: related.selectivity_loss(s[0], t[0]), SMALL[:1], LARGE[:1], VECTORS),
    "correlation_loss": Loss(lambda s, t: related.correlation_loss(s[0], t[0]), VECTORS, WIDER, ((3, 2),)),
    "consecutive_correlation_loss": Loss(
        lambda s, t: related.consecutive_correlation_loss(s[0], t[0].detach()), VECTORS, VECTORS, NARROWER
    ),
    "factor_loss": Loss(lambda s, t: related.factor_loss(s[0], t[0]), SMALL[:1], SMALL[:1], WIDE[:1]),
    "attention_factor_loss": Loss(
        lambda s, t: related.attention_factor_loss(s[0], t[0]), SMALL[:1], WIDE[:1], LARGE[:1]
    ),
    # A generator learns through both sides; where the student does, the teacher's is detached.
    "discrepancy": Loss(lambda s, t: adversarial.discrepancy(s[0], t[0].detach()), VECTORS, VECTORS, NARROWER),
    "divergence": Loss(lambda s, t: adversarial.divergence(s[0], t[0].detach()), VECTORS, VECTORS, NARROWER),
    "imitation_loss": Loss(lambda s, t: gan.imitation_loss(s[0], t[0]), SMALL[:1], SMALL[:1], LARGE[:1]),
    # What a generator minimises: the first tensor is here what it makes, the second one is not read.
    "one_hot_loss": Loss(lambda s, t: data_free.one_hot_loss(paired(s, t)), VECTORS, VECTORS, NARROWER),
    "activation_loss": Loss(lambda s, t: data_free.activation_loss(paired(s, t)), VECTORS, VECTORS, NARROWER),
    "entropy_loss": Loss(lambda s, t: data_free.entropy_loss(paired(s, t)), VECTORS, VECTORS, NARROWER),
    "ContrastiveMemory": Loss(_contrasted, VECTORS, VECTORS, NARROWER),
}  # fmt: skip
