"""Correlation Congruence for Knowledge Distillation (CC; Peng et al.; ICCV 2019): how samples lie to one another."""

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import choose, require
from ..nets import Net, Trace
from ..train import Spot
from .features import Features
from .tensors import check_vectors, full_precision, gram, same_shape, unit

GAMMA, ORDER = 0.4, 2  # of the kernel: 1 / 2δ², and the last power of its Taylor series
WIDTH = 128  # of the embeddings in the zoo's form


@full_precision
def correlation_loss(
    e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"], gamma: float = GAMMA, order: int = ORDER
) -> Float[Tensor, ""]:
    """CC as in the paper: ‖ψ_s - ψ_t‖²_F / B², where ψ[i, j] is the Gaussian kernel exp(-γ ‖e_i - e_j‖²) of two
    samples of unit length, by its Taylor series (Peng et al.; ICCV 2019):

        ψ[i, j] = e^(-2γ) · Σ_{p = 0 … order} (2γ)^p / p! · ⟨e_i, e_j⟩^p.

    D and E may differ. Raises `ShapeError` unless both are (B, ·) with one B, `ConfigError` unless γ > 0 and order ≥ 1.

    >>> e = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> correlation_loss(5 * e, e).item() < 1e-12, correlation_loss(torch.ones(3, 2), e).item() > 0
    (True, True)
    """
    require(gamma > 0, f"gamma={gamma}: the kernel's width needs a positive number (0.4 is usual)")
    require(order >= 1, f"order={order}: the series needs at least its first power (2 is usual)")
    check_vectors(e_s, e_t, "correlation_loss")
    with torch.no_grad():
        psi_t = _correlations(e_t, gamma, order)
    return F.mse_loss(_correlations(e_s, gamma, order), psi_t)


def _correlations(e: Float[Tensor, "B D"], gamma: float, order: int) -> Float[Tensor, "B B"]:
    cosines = gram(unit(e))
    psi = torch.zeros_like(cosines)
    for p in range(order, -1, -1):  # Horner's rule
        psi = psi * cosines + (2 * gamma) ** p / math.factorial(p)
    return math.exp(-2 * gamma) * psi


@full_precision
def consecutive_correlation_loss(e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    """CC as in the zoo: the mean over i of ⟨δ_i, δ_{i+1}⟩, with δ = |e_s - e_t|, for samples that follow each other.

    No kernel, and the order of the samples matters. One sample follows no other: 0. The teacher's side is not constant
    here: in the zoo e_t comes from a layer that learns as well. Raises `ShapeError` unless the shapes are equal.

    >>> consecutive_correlation_loss(torch.ones(3, 2), torch.zeros(3, 2)).item()
    2.0
    """
    check_vectors(e_s, e_t, "consecutive_correlation_loss")
    same_shape(e_s, e_t, "consecutive_correlation_loss, embeddings")
    delta = (e_s - e_t).abs()
    return (delta[:-1] * delta[1:]).sum() / max(1, len(delta) - 1)


class Correlation(Features):
    """CC: the task + beta · a loss of the embeddings.

    form="kernel" is the paper's `correlation_loss`; its weight of 100 is ours. form="consecutive" is the zoo's
    `consecutive_correlation_loss`, with weight 0.02: both embeddings first pass through a linear layer of 128 outputs,
    and both layers learn. The teacher's, too: so the loss could also be made small by mapping everything to one point.
    """

    BETAS: ClassVar[Mapping[str, float]] = {"kernel": 100.0, "consecutive": 0.02}

    def __init__(
        self,
        student: Net,
        teacher: Net,
        form: Literal["kernel", "consecutive"] = "kernel",
        beta: float | None = None,
        alpha: float = 0.0,
        T: float = 4.0,
    ) -> None:
        choose("form", form, self.BETAS)
        super().__init__(student, teacher, beta=self.BETAS[form] if beta is None else beta, alpha=alpha, T=T, form=form)
        self.form = form
        if form == "consecutive":
            self.embed_s = nn.Linear(student.embedding_dim, WIDTH)
            self.embed_t = nn.Linear(teacher.embedding_dim, WIDTH)
        self.train(student.training)

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("cc", self._loss, ("embedding",), self.beta),)

    def _loss(self, s: Trace, t: Trace) -> Float[Tensor, ""]:
        if self.form == "kernel":
            return correlation_loss(s.embedding, t.embedding)
        return consecutive_correlation_loss(self.embed_s(s.embedding), self.embed_t(t.embedding))
