"""Self-Distillation Amplifies Regularization in Hilbert Space (Mobahi, Farajtabar, Bartlett; NeurIPS 2020), in one
dimension: a curve that is fitted again and again to what it said itself."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import ConfigError, ShapeError, require
from .tensors import shape


def bending_kernel(x: Float[Tensor, " N"], y: Float[Tensor, " M"]) -> Float[Tensor, "N M"]:
    """The kernel of the regulariser ∫ f''(x)² dx over curves on [0, 1] that end in 0 without bend: Green's function of
    the fourth derivative, Σ_n 2 sin(nπx) sin(nπy) / (nπ)⁴.

    The shape that a thin rod takes, held at both ends and pushed at y. Raises `ConfigError` outside of [0, 1].

    >>> bending_kernel(torch.tensor([0.5]), torch.tensor([0.5])) * 48
    tensor([[1.]])
    """
    for points in (x, y):
        inside = bool(((points >= 0) & (points <= 1)).all())
        require(inside, "bending_kernel: the curves live on 0…1; bring the points there", ConfigError)
    near, far = torch.minimum(x[:, None], y), torch.maximum(x[:, None], y)
    pushed: Tensor = near * (1 - far) * (1 - near**2 - (1 - far) ** 2) / 6
    return pushed


def refitted(K: Float[Tensor, "N N"], y: Float[Tensor, " N"], c: float, rounds: int) -> Float[Tensor, "_said N"]:
    """The labels y, and what kernel ridge regression says at the same points in each round: K (K + c I)⁻¹ times what
    was said in the round before, solved anew each time.

    >>> refitted(torch.eye(2), torch.tensor([4.0, 8.0]), c=1.0, rounds=2)
    tensor([[4., 8.],
            [2., 4.],
            [1., 2.]])
    """
    _check(K, y, c, rounds)
    said = [y]
    for _ in range(rounds):
        said.append(K @ torch.linalg.solve(K + c * torch.eye(len(y), dtype=K.dtype), said[-1]))
    return torch.stack(said)


def shrinkage(d: Float[Tensor, " N"], c: float, rounds: int) -> Float[Tensor, " N"]:
    """1 / (1 + c / d_k)^rounds: what is left of the coefficient of each eigenvector after so many rounds.

    >>> shrinkage(torch.tensor([1.0, 3.0]), c=1.0, rounds=2)
    tensor([0.2500, 0.5625])
    """
    return (d / (d + c)) ** rounds


def in_closed_form(K: Float[Tensor, "N N"], y: Float[Tensor, " N"], c: float, rounds: int) -> Float[Tensor, "_said N"]:
    """The numbers of `refitted` without a fit: V `shrinkage`(d) Vᵀ y for each round, with K = V diag(d) Vᵀ.

    >>> in_closed_form(torch.eye(2), torch.tensor([4.0, 8.0]), c=1.0, rounds=1)
    tensor([[4., 8.],
            [2., 4.]])
    """
    _check(K, y, c, rounds)
    d, V = torch.linalg.eigh(K)
    return torch.stack([V @ (shrinkage(d.clamp(min=0), c, n) * (V.mT @ y)) for n in range(rounds + 1)])


def curve(at: Float[Tensor, " M"], x: Float[Tensor, " N"], said: Float[Tensor, " N"], c: float) -> Float[Tensor, " M"]:
    """The curve that is fitted to `said` at the points x, read between them: k(at, x) (K + c I)⁻¹ said.

    >>> x = torch.tensor([0.25, 0.75])
    >>> curve(x, x, torch.tensor([1.0, -1.0]), c=1e-9).round(decimals=3)
    tensor([ 1., -1.])
    """
    K = bending_kernel(x, x)
    _check(K, said, c, 0)
    weights = torch.linalg.solve(K + c * torch.eye(len(x), dtype=K.dtype), said)
    between: Tensor = bending_kernel(at, x) @ weights
    return between


def _check(K: Tensor, y: Tensor, c: float, rounds: int) -> None:
    fits = K.ndim == 2 and K.shape == (len(y), len(y))
    require(fits, f"a kernel of the shape {shape(K)} for {shape(y)} numbers; expected (N, N) and (N,)", ShapeError)
    require(c > 0, f"c={c}: the regularisation must be positive; without any, each round says the labels again")
    require(rounds >= 0, f"rounds={rounds}: expected 0 or more")
