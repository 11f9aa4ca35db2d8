"""Data-Free Adversarial Distillation (Fang, Song, Shen, Wang, Chen, Song; 2019): a generator looks for disagreement."""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..data import Batch
from ..errors import choose, require
from ..nets import Generator, Trace
from ..train import Distiller, Phase
from ..train.objective import Terms
from .generated import Generated
from .logits import Logits, discrepancy
from .tensors import full_precision, relative_entropy, same_shape

__all__ = ["DISTANCES", "Adversarial", "Distance", "Logits", "discrepancy", "divergence", "log_discrepancy"]

Distance = Literal["l1", "log", "kl"]


@full_precision
def divergence(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """KL(softmax(z_t) ‖ softmax(z_s)) in nats, mean over B; unlike `kd_loss` with gradients to both sides.

    Where both agree its gradient vanishes, which starves a generator that is to find what they disagree about.

    >>> undecided, sure = torch.zeros(1, 2), torch.tensor([[4.0, 1.0]]).log()
    >>> round(divergence(undecided, sure).item(), 4)
    0.1927
    """
    same_shape(z_s, z_t, "divergence, logits")
    return relative_entropy(torch.log_softmax(z_t, 1), torch.log_softmax(z_s, 1)).sum(1).mean()


def log_discrepancy(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """log(1 + `discrepancy`), whose gradient fades where the two are far apart.

    >>> round(log_discrepancy(torch.zeros(1, 2), torch.ones(1, 2)).item(), 4)  # log 2
    0.6931
    """
    return torch.log1p(discrepancy(z_s, z_t))


DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": discrepancy,
    "log": log_discrepancy,
    "kl": divergence,
}
"""How far student and teacher are apart, as the generator sees it: "l1" is the paper's, "log" = log(1 + l1) its
segmentation's, "kl" a comparison."""


class Adversarial(Generated):
    """min over the student, max over the generator of `discrepancy` (§3.2): `k` steps of `inner`, each on fresh images,
    then one of the generator on further ones, to make what student and teacher disagree about most.

    `distance` is what the generator maximises, see `DISTANCES`. With `inner = Logits(student, teacher)` this is DFAD.
    Both rates follow the recipe's schedule, as the schedulers of the authors' code.
    """

    def __init__(
        self, inner: Distiller, generator: Generator, k: int = 5, distance: Distance = "l1", generator_lr: float = 1e-3
    ) -> None:
        super().__init__(inner, generator, generator_lr, k=k, distance=distance)
        require(k >= 1, f"k={k}: the generator moves after so many steps of the student; at least 1")
        self.k = k
        self.distance = DISTANCES[choose("distance", distance, DISTANCES)]

    def objective(self, s: Trace | None, t: Trace) -> Terms:
        assert s is not None
        return {"disagreement": -self.distance(s.logits, t.logits)}

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        terms = self.learn_from(self.imagine(batch.images), batch.indices, phase, optimisers)
        self.taken += 1
        if self.taken % self.k:
            return terms
        images = self.generator(self.draw(len(batch), batch.images))
        return {**terms, **self.improve(images, optimisers["generator"], look=True)}
