"""Knowledge Distillation from A Stronger Teacher (Huang, You, Wang, Qian, Xu; NeurIPS 2022): relations alone."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..data import Classification, Dense
from ..errors import ShapeError, require
from ..nets import Net
from ..train import Distiller, Spot
from ..train.checks import same_classes, warn_of_probabilities
from .hinton import check_temperature
from .tensors import centred_unit, full_precision, same_shape, shape


@full_precision
def pearson(a: Float[Tensor, "*n D"], b: Float[Tensor, "*n D"]) -> Float[Tensor, "*n"]:
    """Pearson's correlation of a and b along the last dimension: the cosine of both, each less its mean.

    Between -1 and 1, and the same for m · a + c with any m > 0. Where a or b is constant there is no correlation: it is
    0, with gradient zero. Raises `ShapeError` unless both have one shape.

    >>> a = torch.tensor([[1.0, 2.0, 4.0]])
    >>> pearson(a, 10 * a - 3).round(decimals=4), pearson(a, -a).round(decimals=4)
    (tensor([1.]), tensor([-1.]))
    """
    same_shape(a, b, "pearson, vectors")
    return (centred_unit(a) * centred_unit(b)).sum(-1)


@full_precision
def inter_class_loss(
    z_s: Float[Tensor, "B K *size"], z_t: Float[Tensor, "B K *size"], T: float = 4.0
) -> Float[Tensor, ""]:
    """T² · (1 - `pearson` of p_s and p_t over the K classes), mean over the samples; p = softmax(z / T).

    Which classes resemble a sample more, and which less. Of two classes only the order is left, and no gradient.

    >>> z = torch.tensor([[3.0, 1.0, 0.0]])
    >>> abs(inter_class_loss(z, z).item()) < 1e-5, bool(inter_class_loss(z.flip(1), z) > 1)
    (True, True)
    """
    check_logits("inter_class_loss", z_s, z_t, T)
    return _inter(z_s, z_t, T)


@full_precision
def _inter(z_s: Float[Tensor, "B K *size"], z_t: Float[Tensor, "B K *size"], T: float) -> Float[Tensor, ""]:
    return T**2 * (1 - pearson(_softened(z_s, T), _softened(z_t.detach(), T)).mean())


@full_precision
def intra_class_loss(
    z_s: Float[Tensor, "B K *size"], z_t: Float[Tensor, "B K *size"], T: float = 4.0
) -> Float[Tensor, ""]:
    """T² · (1 - `pearson` of p_s and p_t over the B samples), mean over the classes; p = softmax(z / T).

    Which samples are more of a class, and which less. One sample alone tells nothing: it gives T², and no gradient.

    >>> z = torch.tensor([[3.0, 1.0], [0.0, 0.0], [1.0, 2.0]])
    >>> abs(intra_class_loss(z, z).item()) < 1e-5, bool(intra_class_loss(z.flip(0), z) > 1)
    (True, True)
    """
    check_logits("intra_class_loss", z_s, z_t, T)
    return _intra(z_s, z_t, T)


@full_precision
def _intra(z_s: Float[Tensor, "B K *size"], z_t: Float[Tensor, "B K *size"], T: float) -> Float[Tensor, ""]:
    return T**2 * (1 - pearson(_softened(z_s, T).mT, _softened(z_t.detach(), T).mT).mean())


def dist_loss(
    z_s: Float[Tensor, "B K *size"],
    z_t: Float[Tensor, "B K *size"],
    beta: float = 2.0,
    gamma: float = 2.0,
    T: float = 4.0,
) -> Float[Tensor, ""]:
    """beta · `inter_class_loss` + gamma · `intra_class_loss`.

    It is 0 where the student's probabilities are the teacher's, or lie on one straight line with them, sample by sample
    and class by class. The teacher's side is constant. Of logits of pixels, (B, K, H, W), each pixel is a sample, as in
    the authors' code for segmentation. Raises `ShapeError` unless both have one such shape with K ≥ 2, `ConfigError`
    unless T > 0; warns if z_t are probabilities.

    >>> z_s, z_t = torch.zeros(1, 3), torch.tensor([[2.0, 0.0, 1.0]])
    >>> bool(dist_loss(z_s, z_t) > 0)
    True
    """
    return beta * inter_class_loss(z_s, z_t, T) + gamma * intra_class_loss(z_s, z_t, T)


class Stronger(Distiller):
    """The student's probabilities are to correlate with the teacher's, over the classes and over the batch.

    L = cross-entropy + beta · `inter_class_loss` + gamma · `intra_class_loss`. Samples without a label count in the
    last two only.

    beta = gamma = 2 are the authors' (github.com/hunto/image_classification_sota), with T = 1 on ImageNet and T = 4 on
    CIFAR-100. Their code multiplies by T², as here. Of a product of lengths it takes at least 10⁻⁸: a class that a
    whole batch finds improbable has no correlation there, and has one here.
    """

    needs_teacher = True
    tasks = (Classification, Dense)

    def __init__(self, student: Net, teacher: Net, beta: float = 2.0, gamma: float = 2.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, beta=beta, gamma=gamma, T=T)
        require(beta >= 0, f"beta={beta}: the weight of the correlation over classes must not be negative")
        require(gamma >= 0, f"gamma={gamma}: the weight of the correlation over samples must not be negative")
        check_temperature(T)
        same_classes(student, teacher)
        require(student.num_classes >= 2, "the nets know one class; to correlate over classes takes at least 2")
        self.beta, self.gamma, self.T = beta, gamma, T

    def spots(self) -> tuple[Spot, ...]:
        return (
            Spot("inter", lambda s, t: _inter(s.logits, t.logits, self.T), ("logits",), self.beta),
            Spot("intra", lambda s, t: _intra(s.logits, t.logits, self.T), ("logits",), self.gamma),
        )


def _softened(z: Float[Tensor, "B K *size"], T: float) -> Float[Tensor, "n K"]:
    """softmax(z / T), a row for each sample, or for each pixel of each sample."""
    return F.softmax(torch.movedim(z, 1, -1).flatten(0, -2) / T, dim=1)


def check_logits(loss: str, z_s: Float[Tensor, "B K *size"], z_t: Float[Tensor, "B K *size"], T: float) -> None:
    """Raises `ShapeError` unless both are (B, K), or (B, K, H, W) of pixels, with K ≥ 2, `ConfigError` unless T > 0;
    warns if z_t are probabilities.

    >>> check_logits("a loss", torch.zeros(2, 3), torch.ones(2, 3), T=4.0)  # silent: all is well
    """
    check_temperature(T)
    if z_s.ndim not in (2, 4) or z_s.numel() == 0 or z_s.shape[1] < 2:
        told = f"{loss}: the student's logits have shape {shape(z_s)}; expected (B, K)"
        raise ShapeError(f"{told} with B ≥ 1 and K ≥ 2, or (B, K, H, W) of pixels")
    same_shape(z_s, z_t, f"{loss}, logits")
    if z_t.device.type == "cpu":  # on a GPU each answer is a wait
        warn_of_probabilities(z_t, f"{loss}: the teacher's logits")
