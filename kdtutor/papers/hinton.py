"""Distilling the Knowledge in a Neural Network (Hinton, Vinyals, Dean; NIPS Deep Learning Workshop 2014)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..data import Classification, Dense
from ..errors import ShapeError, require
from ..nets import Net
from ..train import Distiller, Spot
from ..train.checks import same_classes, warn_of_probabilities
from .tensors import full_precision, same_shape, shape, softened_divergence


@full_precision
def soften(z: Float[Tensor, "*B K"], T: float = 4.0) -> Float[Tensor, "*B K"]:
    """softmax(z / T): the class probabilities at temperature `T` > 0 (§2, equation 1).

    >>> soften(torch.tensor([[4.0, 2.0, 0.0]]), T=1e6).round(decimals=3)
    tensor([[0.3330, 0.3330, 0.3330]])
    """
    check_temperature(T)
    return F.softmax(z / T, dim=-1)


@full_precision
def kd_loss(z_s: Float[Tensor, "B K *size"], z_t: Float[Tensor, "B K *size"], T: float = 4.0) -> Float[Tensor, ""]:
    """T² · KL(softmax(z_t / T) ‖ softmax(z_s / T)) in nats, summed over the K classes, mean over the B samples.

    Logits of pixels (B, K, H, W) give the mean over all pixels, whether they have a label or not: the pixel-wise loss
    of Liu et al. (2019, Structured Knowledge Distillation for Semantic Segmentation), whose code sums over B, at T = 1.

    The factor T² keeps the gradient's size when T changes (§2). Its gradient is dL/dz_s = (T / B)(p_s - p_t), and the
    teacher's side is constant. A class to which the teacher gives probability 0 adds nothing, whatever the student's
    logit is. Raises `ShapeError` unless both have one such shape, `ConfigError` unless T > 0; warns if z_t are
    probabilities.

    >>> undecided, sure = torch.zeros(1, 2), torch.tensor([[4.0, 1.0]]).log()
    >>> round(kd_loss(undecided, sure, T=1.0).item(), 4), kd_loss(sure, sure).item()
    (0.1927, 0.0)
    """
    check_temperature(T)
    if z_s.ndim not in (2, 4) or z_s.numel() == 0:
        told = f"kd_loss: the student's logits have shape {shape(z_s)}; expected (B, K)"
        raise ShapeError(f"{told} with B ≥ 1, or (B, K, H, W) of pixels")
    same_shape(z_s, z_t, "kd_loss, logits")
    if z_t.device.type == "cpu":  # on a GPU each answer is a wait
        warn_of_probabilities(z_t, "kd_loss: the teacher's logits")
    return softened_divergence(z_s, z_t, T)


@full_precision
def entropy(p: Float[Tensor, "*B K"]) -> Float[Tensor, "*B"]:
    """-Σ_k p_k log p_k in nats; 0 · log 0 = 0, with gradient 0. Between 0 (certain) and log K (knows nothing).

    >>> entropy(torch.tensor([[1.0, 0.0], [0.5, 0.5]])).round(decimals=4)
    tensor([0.0000, 0.6931])
    """
    made: Tensor = torch.special.entr(torch.where(p == 0, 1.0, p)).sum(-1)
    return made


class Hinton(Distiller):
    """The student learns from the teacher's softened probabilities and from the labels it has.

    L = (1 - alpha) · cross-entropy + alpha · `kd_loss`. Samples without a label, or their pixels, count in the second
    term only.
    """

    needs_teacher = True
    tasks = (Classification, Dense)

    def __init__(self, student: Net, teacher: Net, T: float = 4.0, alpha: float = 0.9) -> None:
        super().__init__(student, teacher, T=T, alpha=alpha)
        check_temperature(T)
        require(0 <= alpha <= 1, f"alpha={alpha}: the share of the teacher's term must lie in 0…1")
        same_classes(student, teacher)
        self.T, self.alpha = T, alpha

    def spots(self) -> tuple[Spot, ...]:
        return (Spot("kd", lambda s, t: softened_divergence(s.logits, t.logits, self.T), ("logits",), self.alpha),)

    def weights(self) -> dict[str, float]:
        return {**super().weights(), "task": 1 - self.alpha}


def check_temperature(T: float) -> None:
    """Raises `ConfigError` unless T is positive and finite.

    >>> check_temperature(4.0)  # silent: all is well
    """
    require(0 < T < math.inf, f"T={T}: the temperature must be positive (1 leaves the probabilities as they are)")
