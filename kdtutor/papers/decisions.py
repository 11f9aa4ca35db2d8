"""Hard decisions that a policy can learn from: Gumbel noise, and the straight-through gradient."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..data.pinned import onto
from ..errors import ShapeError, require
from .tensors import shape

TAU = 5.0  # temperature of the decisions, constant in the code of spot-adaptive distillation's authors
TINY = 1e-20  # keeps the logarithms of `gumbel` finite; the authors' number


def gumbel(*size: int, generator: torch.Generator | None = None) -> Float[Tensor, "..."]:
    """Standard Gumbel noise, -log(-log U) with U even in (0, 1): argmax(logits + gumbel) draws from softmax(logits).

    >>> gumbel(2, 3, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([2, 3])
    """
    return -torch.log(-torch.log(torch.rand(*size, generator=generator) + TINY) + TINY)


def annealed(first: float, last: float, share: float) -> float:
    """The temperature after the share 0…1 of all epochs: it falls geometrically from `first` to `last`.

    >>> [round(annealed(8.0, 2.0, share), 3) for share in (0.0, 0.5, 1.0)]
    [8.0, 4.0, 2.0]
    """
    fallen: float = first * (last / first) ** share
    return fallen


def decide(
    logits: Float[Tensor, "B spots 2"],
    tau: float | Float[Tensor, ""] = TAU,
    noise: Float[Tensor, "B spots 2"] | None = None,
) -> Float[Tensor, "B spots"]:
    """1 where a sample is to be distilled at a spot, 0 where not: argmax of logits + noise, index 0 meaning "distil".

    The value is hard; its gradient is that of softmax((logits + noise) / tau), passed straight through (§3.2). Without
    `noise`, fresh Gumbel noise is drawn. Raises `ShapeError` unless the shape is (B, spots, 2), `ConfigError` unless
    tau > 0. (A tau in a tensor is not asked, since on a GPU the answer is a wait.)

    >>> logits = torch.tensor([[[3.0, 0.0], [0.0, 3.0]]])
    >>> decide(logits, noise=torch.zeros(1, 2, 2))
    tensor([[1., 0.]])
    """
    require(
        logits.ndim == 3 and logits.shape[2] == 2 and (noise is None or noise.shape == logits.shape),
        f"decide: the logits have shape {shape(logits)}, the noise {None if noise is None else shape(noise)}; "
        "expected (B, spots, 2) for both",
        ShapeError,
    )
    if not isinstance(tau, Tensor):
        require(tau > 0, f"tau={tau}: the temperature of the decisions must be positive")
    if noise is None:
        noise = gumbel(*logits.shape)
    noisy = logits + onto(noise, logits).to(logits)
    soft = F.softmax(noisy / tau, dim=2)[..., 0]
    hard = (noisy[..., 0] >= noisy[..., 1]).to(soft)
    return hard - soft.detach() + soft
