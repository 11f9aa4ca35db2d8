"""What every loss needs before its formula: full precision and honest shapes."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from ..data import UNLABELLED
from ..errors import ConfigError, ShapeError, require
from ..precision import full_precision

__all__ = [
    "SMALLEST", "centred_unit", "check_labels", "check_samples", "check_vectors", "full_precision", "gram",
    "inverse_length", "relative_entropy", "same_shape", "shape", "softened_divergence", "squared_sum", "unit",
]  # fmt: skip

SMALLEST = 1e-12  # a vector shorter than this has no direction
ROUNDING = 8  # a difference of as many units in the last place is none


def shape(x: Shaped[Tensor, "..."]) -> str:
    """The shape of a tensor, as sentences tell it.

    >>> shape(torch.zeros(2, 3))
    '(2, 3)'
    """
    return str(tuple(x.shape))


def same_shape(s: Shaped[Tensor, "*shape"], t: Shaped[Tensor, "*shape"], what: str) -> None:
    """Student's and teacher's `what` must have one shape: broadcasting would give a number that means nothing.

    >>> same_shape(torch.zeros(2, 3), torch.ones(2, 3), "logits")  # silent: they are
    """
    if s.shape != t.shape:
        raise ShapeError(f"{what}: the student's shape is {shape(s)}, the teacher's {shape(t)}; they must be equal")


def check_samples(s: Float[Tensor, "B *s"], t: Float[Tensor, "B *t"], what: str) -> None:
    """Raises `ShapeError` unless both are (B, …) with one B.

    >>> check_samples(torch.zeros(2, 3), torch.zeros(2, 5, 4), "a loss")  # silent: two samples each
    """
    require(
        min(s.ndim, t.ndim) >= 2 and len(s) == len(t) > 0,
        f"{what}: the student's shape is {shape(s)}, the teacher's {shape(t)}; expected (B, …) with one B ≥ 1",
        ShapeError,
    )


def check_vectors(s: Float[Tensor, "B D"], t: Float[Tensor, "B E"], what: str) -> None:
    """Raises `ShapeError` unless both are (B, ·) with one B.

    >>> check_vectors(torch.zeros(2, 3), torch.zeros(2, 5), "a loss")  # silent: two vectors each
    """
    require(
        s.ndim == t.ndim == 2 and len(s) == len(t) > 0,
        f"{what}: the embeddings are {shape(s)} and {shape(t)}; expected (B, D) with one B ≥ 1, of the same samples",
        ShapeError,
    )


def check_labels(labels: Int[Tensor, " B"], classes: int, what: str) -> None:
    """Raises `ConfigError` unless every label is a class, or `UNLABELLED`. On a GPU, where to look is to wait, nothing
    is asked.

    >>> check_labels(torch.tensor([0, 2, -1]), classes=3, what="a loss")  # silent: the last has no label
    """
    if labels.device.type == "cpu" and labels.numel():
        low, high = int(labels.min()), int(labels.max())
        told = f"{what}: the labels run from {low} to {high}; expected 0 to {classes - 1}, or {UNLABELLED} for none"
        require(low >= UNLABELLED and high < classes, told, ConfigError)


def relative_entropy(log_p: Float[Tensor, "*n K"], log_q: Float[Tensor, "*n K"]) -> Float[Tensor, "*n K"]:
    """p · (log p - log q), class by class, in nats; its sum is KL(p ‖ q). Where p is 0 it is 0, with gradient zero on
    both sides, whatever q is: log p may be -∞, and so may log q there.

    >>> p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])
    >>> round(relative_entropy(p.log(), q.log()).sum().item(), 4)
    0.1438
    """
    p = log_p.exp()
    return p * torch.where(p > 0, log_p - log_q, 0.0)


@full_precision
def softened_divergence(
    z_s: Float[Tensor, "B K *size"], z_t: Float[Tensor, "B K *size"], T: float
) -> Float[Tensor, ""]:
    """T² · KL(softmax(z_t / T) ‖ softmax(z_s / T)) in nats, mean over B, and over the pixels where logits are maps: the
    formula of `kd_loss`, for a step, which looks at no number of its logits; a run has done so before its first step.

    >>> undecided, sure = torch.zeros(1, 2), torch.tensor([[4.0, 1.0]]).log()
    >>> round(softened_divergence(undecided, sure, T=1.0).item(), 4)
    0.1927
    """
    log_p_s = F.log_softmax(z_s / T, dim=1)
    log_p_t = F.log_softmax(z_t.detach() / T, dim=1)
    return T**2 * (relative_entropy(log_p_t, log_p_s).sum() / (z_s.numel() // z_s.shape[1]))


def unit(x: Float[Tensor, "*n D"]) -> Float[Tensor, "*n D"]:
    """x / ‖x‖ along the last dimension; a vector shorter than `SMALLEST` gives zero, and its gradient is zero.

    (Division by max(‖x‖, 1e-12) multiplies the gradient of a zero vector, or of two equal samples, by 1e12.)

    >>> unit(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    return x * inverse_length(squared_sum(x, -1)).unsqueeze(-1)


def centred_unit(x: Float[Tensor, "*n D"]) -> Float[Tensor, "*n D"]:
    """x less its mean, at length 1 along the last dimension; a vector that is constant, up to the rounding of its own
    size, gives zero, and its gradient is zero.

    √D times this are z-scores, and the product of two of them is Pearson's correlation.

    >>> centred_unit(torch.tensor([[1.0, 5.0], [3.0, 3.0]])).round(decimals=4)
    tensor([[-0.7071,  0.7071],
            [ 0.0000,  0.0000]])
    """
    largest = x.detach().abs().amax(-1, keepdim=True)  # no length overflows, and none of tiny numbers vanishes
    x = x / torch.where(largest > 0, largest, 1.0)
    centred = x - x.mean(-1, keepdim=True)
    squares = squared_sum(centred, -1)
    there = squares > (ROUNDING * torch.finfo(x.dtype).eps) ** 2 * squared_sum(x.detach(), -1)
    return centred * inverse_length(torch.where(there, squares, 0.0)).unsqueeze(-1)


def inverse_length(squares: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """1 / √squares; 0, with gradient zero, for a vector shorter than `SMALLEST`.

    >>> inverse_length(torch.tensor([4.0, 0.0]))
    tensor([0.5000, 0.0000])
    """
    there = squares > SMALLEST**2
    return torch.where(there, squares, 1.0).rsqrt() * there


def squared_sum(x: Float[Tensor, "..."], dim: int) -> Float[Tensor, "..."]:
    """Σ x² along a dimension. On large maps its backward pass takes half of the time of `x.square().sum(dim)`.

    >>> squared_sum(torch.tensor([[3.0, 4.0]]), dim=1)
    tensor([25.])
    """
    value: Tensor = _SquaredSum.apply(x, dim)  # type: ignore[no-untyped-call]  # torch's own
    return value


class _SquaredSum(torch.autograd.Function):
    """Writes the gradient 2 x · g in one pass over memory; autograd would take three."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int) -> Tensor:
        ctx.save_for_backward(x)
        ctx.dim = dim
        return (x * x).sum(dim)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return x * (2 * grad).unsqueeze(ctx.dim), None


def gram(x: Float[Tensor, "*b N D"]) -> Float[Tensor, "*b N N"]:
    """x xᵀ, the products of all pairs of rows. Its backward pass takes one matrix product; autograd would take two.

    >>> gram(torch.tensor([[1.0, 0.0], [1.0, 2.0]]))
    tensor([[1., 1.],
            [1., 5.]])
    """
    value: Tensor = _Gram.apply(x)  # type: ignore[no-untyped-call]  # torch's own
    return value


class _Gram(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x @ x.mT

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        made: Tensor = (grad + grad.mT) @ x
        return made
