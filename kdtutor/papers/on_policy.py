"""On-Policy Distillation of Language Models: Learning from Self-Generated Mistakes (Agarwal et al.; ICLR 2024)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from ..data import Batch
from ..errors import require
from ..nets.language import LanguageModel
from ..train import LanguageDistiller
from ..train.language import after_prompt
from ..train.objective import Terms
from .sequence import over_places
from .tensors import full_precision, relative_entropy, same_shape


@full_precision
def generalised_jsd(
    z_s: Float[Tensor, "*n K"],
    z_t: Float[Tensor, "*n K"],
    beta: float = 0.5,
    counted: Bool[Tensor, "*n"] | None = None,
) -> Float[Tensor, ""]:
    """β · KL(p_t ‖ m) + (1 - β) · KL(p_s ‖ m) with m = β · p_t + (1 - β) · p_s at each place (§2), in nats, summed over
    the K characters, mean over the places that count. β = ½ is the Jensen-Shannon divergence.

    Towards both ends it vanishes: near 0 it is β · KL(p_t ‖ p_s), near 1 it is (1 - β) · KL(p_s ‖ p_t). At the ends
    themselves it is here, as in TRL, the KL without that factor: β = 0 gives forward KL, β = 1 reverse KL. In
    between it is finite, even where one side gives probability 0: it is at most the entropy of a coin that falls β.
    The teacher's side is constant. Raises `ShapeError` unless the shapes fit, `ConfigError` unless 0 ≤ β ≤ 1.

    >>> z_s, z_t = torch.tensor([[1.0, 0.0]]).log(), torch.tensor([[0.0, 1.0]]).log()
    >>> round(generalised_jsd(z_s, z_t).item(), 4)  # log 2: they have nothing in common
    0.6931
    """
    return over_places(divergences(z_s, z_t, beta), counted)


@full_precision
def divergences(z_s: Float[Tensor, "*n K"], z_t: Float[Tensor, "*n K"], beta: float = 0.5) -> Float[Tensor, "*n"]:
    """What `generalised_jsd` is the mean of: the divergence at each place.

    >>> z_s, z_t = torch.zeros(2, 2), torch.tensor([[3.0, 1.0], [1.0, 1.0]]).log()
    >>> divergences(z_s, z_t, beta=0).round(decimals=4)
    tensor([0.1308, 0.0000])
    """
    require(0 <= beta <= 1, f"beta={beta}: it must lie in 0…1, from forward to reverse KL")
    same_shape(z_s, z_t, "generalised_jsd, logits")
    log_p_s, log_p_t = F.log_softmax(z_s, -1), F.log_softmax(z_t.detach(), -1)
    if beta == 0:
        return relative_entropy(log_p_t, log_p_s).sum(-1)
    if beta == 1:
        return relative_entropy(log_p_s, log_p_t).sum(-1)
    log_m = torch.logaddexp(log_p_t + math.log(beta), log_p_s + math.log1p(-beta))
    forward, reverse = relative_entropy(log_p_t, log_m).sum(-1), relative_entropy(log_p_s, log_m).sum(-1)
    return beta * forward + (1 - beta) * reverse


class OnPolicy(LanguageDistiller):
    """GKD: the student matches its teacher's probabilities at each place, on text that it has written itself.

    L = `generalised_jsd` with `beta`. With probability `share` (the paper's λ) a batch is the student's own writing,
    else the text's; no gradient passes through what was drawn. share = 0 and beta = 0 is word-level distillation.
    """

    needs_teacher = True

    def __init__(
        self, student: LanguageModel, teacher: LanguageModel, beta: float = 0.5, share: float = 1.0,
        prompt: int = 8,
    ) -> None:  # fmt: skip
        super().__init__(student, teacher, prompt, beta=beta, share=share)
        require(0 <= beta <= 1, f"beta={beta}: it must lie in 0…1, from forward to reverse KL")
        require(0 <= share <= 1, f"share={share}: the part of batches that the student writes must lie in 0…1")
        self.beta, self.share = beta, share

    def taught(self, batch: Batch) -> Terms:
        own = float(torch.rand((), generator=self.noise)) < self.share
        read = self.written(batch)[:, :-1] if own else batch.images
        counted = after_prompt(read, self.prompt) if own else None
        return {"divergence": generalised_jsd(self.student(read), self.answers(read), self.beta, counted)}
