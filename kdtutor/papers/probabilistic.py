"""Probabilistic Knowledge Transfer (PKT; Passalis, Tefas; ECCV 2018): whom each sample would pick as its neighbour."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..nets import Net
from ..train import Spot
from .features import Features
from .tensors import SMALLEST, check_vectors, full_precision, gram

PKT_SMALLEST = 1e-7  # is added to lengths and probabilities in the authors' code


@full_precision
def probabilistic_loss(e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"]) -> Float[Tensor, ""]:
    """PKT: the mean over all B² pairs of p_t ln (p_t / p_s), where p[i, j] ∝ (cos(e_i, e_j) + 1) / 2, each row summing
    to 1: how probable it is that i picks j as its neighbour (Passalis, Tefas; ECCV 2018).

    10⁻⁷ is added to lengths and probabilities, and the pairs i = j take part, as in the authors' code; their mean is
    the divergence of the paper over B². A vector of zeros has cosine 0 with all, and gradient zero. D and E may differ.
    Raises `ShapeError` unless both are (B, ·) with one B.

    >>> e = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> abs(probabilistic_loss(e, e).item()) < 1e-7, probabilistic_loss(e.cumsum(1), e).item() > 0
    (True, True)
    """
    check_vectors(e_s, e_t, "probabilistic_loss")
    with torch.no_grad():
        p_t = _neighbours(e_t)
    p_s = _neighbours(e_s)
    return (p_t * ((p_t + PKT_SMALLEST) / (p_s + PKT_SMALLEST)).log()).mean()


def _neighbours(e: Float[Tensor, "B D"]) -> Float[Tensor, "B B"]:
    squares = e.square().sum(1, keepdim=True)
    there = squares > SMALLEST**2  # the root has no gradient at 0
    rows = e * there / (torch.where(there, squares, 1.0).sqrt() + PKT_SMALLEST)
    closeness = ((gram(rows) + 1) / 2).clamp(min=0)  # opposite vectors may round to less than 0
    return closeness / closeness.sum(1, keepdim=True)


class Probabilistic(Features):
    """PKT: neighbours in the teacher's embedding are to be neighbours in the student's: the task + beta ·
    `probabilistic_loss`. The mean over all pairs makes the weight so large."""

    def __init__(self, student: Net, teacher: Net, beta: float = 30_000.0, alpha: float = 0.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T)

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("pkt", lambda s, t: probabilistic_loss(s.embedding, t.embedding), ("embedding",), self.beta),)
