"""Multi-Label Knowledge Distillation (Yang, Xie, Zong, Feng, Niu, Sugiyama, Huang; ICCV 2023): each label by itself."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..data import Classification, MultiLabel
from ..errors import ShapeError, require
from ..nets import Net
from ..train import Distiller, Spot
from ..train.checks import same_classes
from .hinton import check_temperature
from .tensors import full_precision, relative_entropy, same_shape, shape

LARGEST = 1e30  # stands for a logit of ±∞, whose differences would be no numbers


@full_precision
def mld_loss(z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"], T: float = 1.0) -> Float[Tensor, ""]:
    """T² · KL(σ(z_t / T) ‖ σ(z_s / T)) of Bernoulli distributions in nats, summed over the K labels, mean over B.

    Each label is a question of its own, answered with yes or no. The paper has T = 1. The gradient is
    dL/dz_s = (T / B)(σ(z_s / T) - σ(z_t / T)), and the teacher's side is constant. Raises `ShapeError` unless both are
    `(B, K)`, `ConfigError` unless T > 0.

    >>> undecided, sure = torch.zeros(1, 2), torch.tensor([[4.0, 0.25]]).log()
    >>> round(mld_loss(undecided, sure).item(), 4), mld_loss(sure, sure).item()  # of 4/5 and of 1/5: twice 0.1927
    (0.3855, 0.0)
    """
    check_temperature(T)
    if z_s.ndim != 2 or len(z_s) == 0:
        raise ShapeError(f"mld_loss: the student's logits have shape {shape(z_s)}; expected (B, K) with B ≥ 1")
    same_shape(z_s, z_t, "mld_loss, logits")
    return T**2 * relative_entropy(_log_yes_and_no(z_t.detach() / T), _log_yes_and_no(z_s / T)).sum() / len(z_s)


class Binary(Distiller):
    """The student learns, label by label, how sure the teacher is that an image has it.

    L = task + beta · `mld_loss`. Images without a label count in the second term only, and so do labels not known.

    Of classes it asks of each one, apart from the others, whether the image shows it. A softmax does not look at what
    all logits of an image have in common, and the sigmoids here do: a teacher that learnt by cross-entropy has left
    that to chance, and the student has to copy it.

    This is the logits' part of the paper; its label-wise embeddings need a head with a vector for each label. The paper
    weighs it by 10, and in the authors' code (github.com/penghui-yang/L2D) the task beside it is a sum over batch and
    labels. Here the task is their mean, so that for batches of 64 the same objective has beta = 10 / (64 K). The
    default is ours, and so is T.
    """

    needs_teacher = True
    tasks = (MultiLabel, Classification)

    def __init__(self, student: Net, teacher: Net, beta: float = 1.0, T: float = 1.0) -> None:
        super().__init__(student, teacher, beta=beta, T=T)
        require(beta >= 0, f"beta={beta}: the weight of the teacher must not be negative")
        check_temperature(T)
        same_classes(student, teacher)
        self.beta, self.T = beta, T

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("mld", lambda s, t: mld_loss(s.logits, t.logits, self.T), ("logits",), self.beta),)


def _log_yes_and_no(z: Float[Tensor, "B K"]) -> Float[Tensor, "B K 2"]:
    """log σ(z) and log(1 - σ(z)), the second without taking a small difference."""
    z = z.clamp(-LARGEST, LARGEST)
    return F.logsigmoid(torch.stack([z, -z], -1))
