"""Similarity-Preserving Knowledge Distillation (SP; Tung, Mori; ICCV 2019): which samples excite a net alike."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..nets import Net
from ..train import Spot
from .adapters import stage_pairs
from .features import Features
from .tensors import check_samples, full_precision, gram, unit


@full_precision
def similarity_loss(f_s: Float[Tensor, "B *s"], f_t: Float[Tensor, "B *t"]) -> Float[Tensor, ""]:
    """SP: ‖G_t - G_s‖²_F / B², with G the products F Fᵀ of the flattened samples, every row scaled to unit length.

    Which samples of a batch excite a net alike (Tung, Mori; ICCV 2019). Shapes after the batch
    may differ. Raises `ShapeError` unless both are (B, …) with one B.

    >>> f = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> similarity_loss(f, 2 * f).item(), similarity_loss(f, torch.ones(2, 3)).item() > 0
    (0.0, True)
    """
    check_samples(f_s, f_t, "similarity_loss")
    with torch.no_grad():
        similar_t = _similarities(f_t)
    return F.mse_loss(_similarities(f_s), similar_t)


def _similarities(f: Float[Tensor, "B *shape"]) -> Float[Tensor, "B B"]:
    return unit(gram(f.flatten(1)))


class Similarity(Features):
    """SP: what excites the teacher's last stage alike is to excite the student's alike: the task + beta ·
    `similarity_loss` of the active maps."""

    def __init__(self, student: Net, teacher: Net, beta: float = 3000.0, alpha: float = 0.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T)
        self.last = stage_pairs(student, teacher)[-1][0] + 1

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("sp", lambda s, t: similarity_loss(s.active[-1], t.active[-1]), (self.last,), self.beta),)
