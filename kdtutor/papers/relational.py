"""Relational Knowledge Distillation (Park, Kim, Lu, Cho; CVPR 2019): distances and angles between samples."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from ..nets import Net, Trace
from ..train import Spot
from .features import Features
from .tensors import check_vectors, full_precision, gram, inverse_length, shape, squared_sum

DISTANCE, ANGLE = 25.0, 50.0  # weights of the two losses: github.com/lenscloth/RKD, classification


class Pairs(NamedTuple):
    """e_j - e_i of all pairs of B samples at [i, j], and the squared lengths of these differences."""

    differences: Float[Tensor, "B B D"]
    squares: Float[Tensor, "B B"]


@full_precision
def pairs(e: Float[Tensor, "B D"]) -> Pairs:
    """The pairs of B embeddings. Formed directly: by way of ‖a‖² + ‖b‖² - 2 a·b, embeddings with a common offset lose
    every digit in float32. Raises `ShapeError` unless e is (B, D).

    >>> pairs(torch.tensor([[0.0, 0.0], [3.0, 4.0]])).squares
    tensor([[ 0., 25.],
            [25.,  0.]])
    """
    require(e.ndim == 2 and len(e) > 0, f"the embeddings have shape {shape(e)}; expected (B, D) with B ≥ 1", ShapeError)
    differences = e.unsqueeze(0) - e.unsqueeze(1)
    return Pairs(differences, squared_sum(differences, -1))


def pairs_of_both(e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"], what: str) -> tuple[Pairs, Pairs]:
    """The student's and the teacher's pairs; the teacher's side is constant. Forming them costs as much as the rest of
    a loss, so two losses of the same embeddings share them.

    >>> s, t = pairs_of_both(torch.zeros(3, 2), torch.zeros(3, 5), "a loss")
    >>> s.differences.shape, t.differences.shape
    (torch.Size([3, 3, 2]), torch.Size([3, 3, 5]))
    """
    check_vectors(e_s, e_t, what)
    with torch.no_grad():
        pairs_t = pairs(e_t)
    return pairs(e_s), pairs_t


def _distances(of: Pairs) -> Float[Tensor, "B B"]:
    apart = of.squares > 0
    d = torch.where(apart, of.squares, 1.0).sqrt() * apart
    mean = d.sum() / max(1, len(d) * (len(d) - 1))
    return d / torch.where(mean > 0, mean, 1.0)


def _angles(of: Pairs) -> Float[Tensor, "B B B"]:
    return gram(of.differences * inverse_length(of.squares).unsqueeze(-1))


@full_precision
def distances(e: Float[Tensor, "B D"]) -> Float[Tensor, "B B"]:
    """ψ_D = ‖e_i - e_j‖ / μ with μ the mean over the pairs i ≠ j (§3.2.1): a space measured by its own mean distance.

    Gradients of equal samples are zero. A batch whose samples are all equal, or that has one sample, gives zeros.

    >>> distances(torch.tensor([[0.0], [1.0], [3.0]]))  # their mean distance is 2
    tensor([[0.0000, 0.5000, 1.5000],
            [0.5000, 0.0000, 1.0000],
            [1.5000, 1.0000, 0.0000]])
    """
    return _distances(pairs(e))


@full_precision
def angles(e: Float[Tensor, "B D"]) -> Float[Tensor, "B B B"]:
    """ψ_A[i, j, k] = cos ∠ j i k, the angle at the vertex i (§3.2.2); 0 where i coincides with j or k.

    >>> angles(torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 5.0]]))[0]  # at the first sample: a right angle
    tensor([[0., 0., 0.],
            [0., 1., 0.],
            [0., 0., 1.]])
    """
    return _angles(pairs(e))


@full_precision
def between(psi: Callable[[Pairs], Float[Tensor, "..."]], s: Pairs, t: Pairs) -> Float[Tensor, ""]:
    """Huber loss (δ = 1) between the student's and the teacher's potential ψ of all pairs or triples, their mean.

    >>> e = pairs(torch.tensor([[0.0], [1.0], [3.0]]))
    >>> between(lambda x: x.squares, e, e).item()
    0.0
    """
    with torch.no_grad():
        psi_t = psi(t)
    return F.smooth_l1_loss(psi(s), psi_t)


@full_precision
def distance_loss(e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"]) -> Float[Tensor, ""]:
    """Huber loss (δ = 1) between student's and teacher's `distances`, mean over all B² pairs (equation 6).

    The widths D and E may differ; the teacher's side is constant. Raises `ShapeError` unless both are (B, ·).

    >>> e = torch.tensor([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]])
    >>> distance_loss(3 * e, e).item() < 1e-12  # scale does not matter
    True
    """
    return between(_distances, *pairs_of_both(e_s, e_t, "distance_loss"))


@full_precision
def angle_loss(e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"]) -> Float[Tensor, ""]:
    """Huber loss (δ = 1) between student's and teacher's `angles`, mean over all B³ triples (equation 8).

    Memory grows with B² · D + B³. Widths may differ; the teacher's side is constant.

    >>> e = torch.tensor([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]])
    >>> angle_loss(e + 7, e).item() < 1e-12  # nor does the origin
    True
    """
    return between(_angles, *pairs_of_both(e_s, e_t, "angle_loss"))


@full_precision
def rkd_loss(
    e_s: Float[Tensor, "B D"], e_t: Float[Tensor, "B E"], distance: float = DISTANCE, angle: float = ANGLE
) -> Float[Tensor, ""]:
    """distance · `distance_loss` + angle · `angle_loss`; a weight of 0 leaves its loss out.

    >>> e_s, e_t = torch.eye(3), torch.tensor([[0.0], [1.0], [3.0]])
    >>> bool(rkd_loss(e_s, e_t) > rkd_loss(e_s, e_t, angle=0.0) > 0)
    True
    """
    _check_weights(distance, angle)
    both = pairs_of_both(e_s, e_t, "rkd_loss")
    weighted = ((distance, _distances), (angle, _angles))
    return torch.stack([weight * between(psi, *both) for weight, psi in weighted if weight]).sum()


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
        both = lru_cache(1)(lambda s, t: pairs_of_both(*self.embeddings(s, t), "RKD"))  # formed once for two losses

        def spot(name: str, psi: Callable[[Pairs], Float[Tensor, "..."]], weight: float) -> Spot:
            return Spot(name, lambda s, t: between(psi, *both(s, t)), ("embedding",), weight)

        spots = spot("distance", _distances, self.distance), spot("angle", _angles, self.angle)
        return tuple(each for each in spots if each.weight)

    def embeddings(self, s: Trace, t: Trace) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B E"]]:
        """What is compared, of the student and of the teacher."""
        return s.embedding, t.embedding


def _check_weights(distance: float, angle: float) -> None:
    require(
        min(distance, angle) >= 0 and max(distance, angle) > 0,
        f"distance={distance}, angle={angle}: the weights must not be negative, and one must be positive",
    )
