"""Training Data-Efficient Image Transformers & Distillation through Attention (Touvron et al., ICML 2021)."""

from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ..data import Batch
from ..errors import choose, require
from ..nets import Net, Trace
from ..nets.ensemble import averaged
from ..nets.vit import ViT
from ..train import Distiller, Spot
from ..train.checks import same_classes
from ..train.objective import Terms
from .hinton import check_temperature
from .tensors import full_precision, same_shape, softened_divergence

How = Literal["hard", "soft"]
Token = Literal["distillation", "class"]
ALPHA = {"hard": 0.5, "soft": 0.1}  # the teacher's share: equation 3, and λ in §5.3
TAU = 3.0  # τ, likewise


@full_precision
def hard_loss(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """The cross-entropy of the student with the class that the teacher finds most probable, in nats, mean over the
    samples (equation 3, second half).

    Of the teacher only that class counts, and no gradient reaches it. Raises `ShapeError` unless shapes are equal.

    >>> undecided = torch.zeros(1, 2)
    >>> [round(hard_loss(undecided, torch.tensor([z])).item(), 4) for z in ([9.0, 1.0], [2.0, 1.0])]  # log 2 for both
    [0.6931, 0.6931]
    """
    same_shape(z_s, z_t, "hard_loss, logits")
    return F.cross_entropy(z_s, decided(z_t))


def decided(z_t: Float[Tensor, "B K"]) -> Int[Tensor, " B"]:
    """The teacher's hard decision, y_t = argmax z_t: the first of the classes where several are equal.

    >>> decided(torch.tensor([[1.0, 3.0, 2.0]]))
    tensor([1])
    """
    return z_t.detach().argmax(1)


@full_precision
def fused(
    z_class: Float[Tensor, "B K"],
    z_distillation: Float[Tensor, "B K"],
    share: float = 0.5,
    of: Literal["probabilities", "logits"] = "probabilities",
) -> Float[Tensor, "B K"]:
    """The logits that stand for both heads: those whose softmax is the mean of their softmaxes, as the paper says (§4),
    or the mean of their logits, as the authors' code does it and our nets do. `share` is that of the distillation head.

    >>> one, other = torch.tensor([[0.9, 0.1]]).log(), torch.tensor([[0.5, 0.5]]).log()
    >>> [fused(one, other, of=of).softmax(1).round(decimals=2)[0, 0].item() for of in ("probabilities", "logits")]
    [0.699999988079071, 0.75]
    """
    same_shape(z_class, z_distillation, "fused, logits of the two heads")
    choose("mean of two heads", of, ("probabilities", "logits"))
    require(0 <= share <= 1, f"share={share}: the share of the distillation head must lie in 0…1")
    return averaged([z_class, z_distillation], [1 - share, share], of)


class Deit(Distiller):
    """L = (1 - alpha) · cross-entropy with the labels + alpha · what the teacher says.

    how: "hard" is `hard_loss`, the teacher's class as if it were a label; "soft" is `kd_loss` at temperature T.
    token: "distillation" puts the teacher's term on the distillation token alone and the labels' on the class token
        alone, for a student that has both (nets.build("deit4")). "class" puts both terms on the student's logits: then
        any student will do, and "soft" is the method of Hinton.
    alpha: by default the paper's, 0.5 for "hard" and 0.1 for "soft".

    Teacher and student see one and the same augmented view, so the teacher's class is that of the crop. Images without
    a label count in the teacher's term alone. What is measured are the student's logits: with two heads, their mean.
    """

    needs_teacher = True

    def __init__(
        self,
        student: Net,
        teacher: Net,
        how: How = "hard",
        token: Token = "distillation",
        alpha: float | None = None,
        T: float = TAU,
    ) -> None:
        choose("way to teach", how, ALPHA)
        choose("token", token, ("distillation", "class"))
        alpha = ALPHA[how] if alpha is None else alpha
        super().__init__(student, teacher, how=how, token=token, alpha=alpha, T=T)
        require(0 <= alpha <= 1, f"alpha={alpha}: the share of the teacher's term must lie in 0…1")
        check_temperature(T)
        same_classes(student, teacher)
        self.how, self.token, self.alpha, self.T = how, token, alpha, T
        if token == "distillation":
            told = f"the student {student.name} has no distillation token"
            advice = 'take nets.build("deit4") or another deit, or set token="class", which teaches the logits'
            require(isinstance(student, ViT) and student.distilled, f"{told}; {advice}")

    def heads(self, s: Trace) -> tuple[Float[Tensor, "B K"], Float[Tensor, "B K"]]:
        """What learns from the labels, and what from the teacher: the logits of both tokens, or twice the student's."""
        if self.token == "class":
            return s.logits, s.logits
        assert isinstance(self.student, ViT)
        return self.student.heads(s.embedding)

    def spots(self) -> tuple[Spot, ...]:
        def loss(s: Trace, t: Trace) -> Float[Tensor, ""]:
            z_s = self.heads(s)[1]
            return hard_loss(z_s, t.logits) if self.how == "hard" else softened_divergence(z_s, t.logits, self.T)

        return (Spot(self.how, loss, ("logits",), self.alpha),)

    def weights(self) -> dict[str, float]:
        return {**super().weights(), "task": 1 - self.alpha}

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        return {**super().losses(s, t, batch), "task": batch.task.loss(self.heads(s)[0], batch.labels)}
