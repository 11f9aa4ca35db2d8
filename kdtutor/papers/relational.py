"""Relational Knowledge Distillation (Park, Kim, Lu, Cho; CVPR 2019): distances and angles between samples."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from ..nets import Net
from ..train import Spot
from ..train.distiller import Layer
from .features import Features
from .tensors import full_precision, gram, inverse_length, shape, squared_sum

DISTANCE, ANGLE = 25.0, 50.0  # weights of the two losses: github.com/lenscloth/RKD, classification
WHERE: tuple[Layer, ...] = ("embedding",)


def _pairs(e: Float[Tensor, "B D"]) -> tuple[Float[Tensor, "B B D"], Float[Tensor, "B B"]]:
    """e_j - e_i at [i, j], and its squared length. Formed directly: by way of ‖a‖² + ‖b‖² - 2 a·b, embeddings with a
    common offset lose every digit in float32."""
    differences = e.unsqueeze(0) - e.unsqueeze(1)
    return differences, squared_sum(differences, -1)


def _distances(squares: Float[Tensor, "B B"]) -> Float[Tensor, "B B"]:
    apart = squares > 0
    d = torch.where(apart, squares, 1.0).sqrt() * apart
    mean = d.sum() / max(1, len(d) * (len(d) - 1))
    return d / torch.where(mean > 0, mean, 1.0)


def _angles(differences: Float[Tensor, "B B D"], squares: Float[Tensor, "B B"]) -> Float[Tensor, "B B B"]:
    return gram(differences * inverse_length(squares).unsqueeze(-1))


@full_precision
def distances(e: Float[Tensor, "B D"]) -> Float[Tensor, "B B"]:
    """ψ_D = ‖e_i - e_j‖ / μ with μ the mean over the pairs i ≠ j (§3.2.1): a space measured by its own mean distance.

    Gradients of equal samples are zero. A batch whose samples are all equal, or that has one sample, gives zeros.
    """
    _check(e)
    return _distances(_pairs(e)[1])


@full_precision
def angles(e: Float[Tensor, "B D"]) -> Float[Tensor, "B B B"]:
    """ψ_A[i, j, k] = cos ∠ j i k, the angle at the vertex i (§3.2.2); 0 where i coincides with j or k."""
    _check(e)
    return _angles(*_pairs(e))


@full_precision
def distance_loss(e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"]) -> Float[Tensor, ""]:
    """Huber loss (δ = 1) between student's and teacher's `distances`, mean over all B² pairs (equation 6).

    The widths D and E may differ; the teacher's side is constant. Raises `ShapeError` unless both are (B, ·).
    """
    return _weighted("distance_loss", e_s, e_t, 1, 0)


@full_precision
def angle_loss(e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"]) -> Float[Tensor, ""]:
    """Huber loss (δ = 1) between student's and teacher's `angles`, mean over all B³ triples (equation 8).

    Memory grows with B² · D + B³. Widths may differ; the teacher's side is constant.
    """
    return _weighted("angle_loss", e_s, e_t, 0, 1)


@full_precision
def rkd_loss(
    e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"], distance: float = DISTANCE, angle: float = ANGLE
) -> Float[Tensor, ""]:
    """distance · `distance_loss` + angle · `angle_loss`; a weight of 0 leaves its loss out."""
    _check_weights(distance, angle)
    return _weighted("rkd_loss", e_s, e_t, distance, angle)


def _weighted(what: str, e_s: Tensor, e_t: Tensor, distance: float, angle: float) -> Float[Tensor, ""]:
    """Both losses from one set of differences: forming them costs as much as the rest."""
    _check_both(e_s, e_t, what)
    with torch.no_grad():
        pairs_t = _pairs(e_t)
    pairs_s = _pairs(e_s)
    total = e_s.new_zeros(())
    if distance:
        with torch.no_grad():
            psi_t = _distances(pairs_t[1])
        total = total + distance * F.smooth_l1_loss(_distances(pairs_s[1]), psi_t)
    if angle:
        with torch.no_grad():
            psi_t = _angles(*pairs_t)
        total = total + angle * F.smooth_l1_loss(_angles(*pairs_s), psi_t)
    return total


class Relational(Features):
    """The student's embeddings are to lie to one another as the teacher's do: the task + `rkd_loss` of the embeddings.

    `distance` and `angle` weigh the two losses; 0 leaves one out. The paper does not scale embeddings to unit length
    for classification, and for metric learning only the teacher's.
    """

    def __init__(
        self,
        student: Net,
        teacher: Net,
        distance: float = DISTANCE,
        angle: float = ANGLE,
        alpha: float = 0.0,
        T: float = 4.0,
    ) -> None:
        super().__init__(student, teacher, beta=1.0, alpha=alpha, T=T, distance=distance, angle=angle)
        _check_weights(distance, angle)
        self.distance, self.angle = distance, angle

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each of the two losses that counts."""
        both = (
            Spot("distance", lambda s, t: distance_loss(s.embedding, t.embedding), WHERE, self.distance),
            Spot("angle", lambda s, t: angle_loss(s.embedding, t.embedding), WHERE, self.angle),
        )
        return tuple(spot for spot in both if spot.weight)


def _check(e: Tensor) -> None:
    require(e.ndim == 2 and len(e) > 0, f"the embeddings have shape {shape(e)}; expected (B, D) with B ≥ 1", ShapeError)


def _check_both(e_s: Tensor, e_t: Tensor, what: str) -> None:
    for e in (e_s, e_t):
        _check(e)
    require(
        len(e_s) == len(e_t),
        f"{what}: the student's embeddings have shape {shape(e_s)}, the teacher's {shape(e_t)}; "
        "both need the same samples",
        ShapeError,
    )


def _check_weights(distance: float, angle: float) -> None:
    require(
        min(distance, angle) >= 0 and max(distance, angle) > 0,
        f"distance={distance}, angle={angle}: the weights must not be negative, and one must be positive",
    )
