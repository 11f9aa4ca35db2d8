"""Knowledge Transfer via Distillation of Activation Boundaries Formed by Hidden Neurons (Heo et al.; AAAI 2019)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import require
from ..nets import Net, Trace
from ..train import Spot
from .adapters import Connector, same_size, stage_pairs, two_by_two
from .features import TwoPhases, halving, stage_spots
from .tensors import full_precision, same_shape

SCALE = 3 / 1000  # the authors' code multiplies the whole loss by this on CIFAR-10


@full_precision
def boundary_loss(
    z_s: Float[Tensor, "B C H W"], z_t: Float[Tensor, "B C H W"], margin: float = 1.0
) -> Float[Tensor, ""]:
    """One layer: Σ max(0, margin - z_s)² where the teacher's neuron is active (z_t > 0), Σ max(0, margin + z_s)² where
    it is not; summed over C, H and W, mean over B (§3.1, equation 5).

    Both maps are pre-activations. A teacher's 0 counts as inactive; the teacher's side is constant. Raises `ShapeError`
    unless the shapes are equal, `ConfigError` unless the margin is positive.

    >>> z_t = torch.tensor([1.0, -1.0]).reshape(1, 2, 1, 1)
    >>> boundary_loss(2 * z_t, z_t).item(), boundary_loss(-z_t, z_t).item()  # on the right side; on the wrong one
    (0.0, 8.0)
    """
    _check_margin(margin)
    same_shape(z_s, z_t, "boundary_loss, pre-activations")
    with torch.no_grad():  # where the student has to go: nowhere, if it is on the right side by the margin
        goal = torch.where(z_t > 0, z_s.clamp(min=margin), z_s.clamp(max=-margin))
    return F.mse_loss(z_s, goal, reduction="sum") / len(z_s)


@full_precision
def ab_loss(
    zs_s: Sequence[Float[Tensor, "B _C _H _W"]], zs_t: Sequence[Float[Tensor, "B _C _H _W"]], margin: float = 1.0
) -> Float[Tensor, ""]:
    """Σ_n 2^(n-N+1) · `boundary_loss` of layer n = 0 … N-1: the last layer counts once, each one before it half.

    The authors' code multiplies this by 3/1000; here that is a weight (`SCALE`).

    >>> z = torch.ones(1, 1, 1, 1)
    >>> ab_loss([-z, -z], [z, z]).item()  # 4 in the last layer, half of it in the one before
    6.0
    """
    pairs = two_by_two(zs_s, zs_t, "ab_loss")
    shares = halving(len(pairs))
    return torch.stack([share * boundary_loss(s, t, margin) for share, (s, t) in zip(shares, pairs, strict=True)]).sum()


def disagreement(z_s: Float[Tensor, "*shape"], z_t: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """The fraction of positions where one of the two is active (above 0) and the other is not.

    >>> disagreement(torch.tensor([1.0, -1.0]), torch.tensor([2.0, 2.0])).item()
    0.5
    """
    same_shape(z_s, z_t, "disagreement, pre-activations")
    return ((z_s > 0) ^ (z_t > 0)).float().mean()


class ActivationBoundaries(TwoPhases):
    """Two phases (§3.3): "match the boundaries" (`ab_loss`) gives the student its first weights, then "learn
    the task".

    Where widths differ a connector (1×1 convolution and batch norm) brings the student's pre-activations to the
    teacher's channels during the first phase; where sizes differ the larger map is average-pooled. `alpha` is the share
    of the teacher's logits in the second phase (the authors: 1 at T = 3, without the labels).
    """

    FIRST_PHASE, NOUN = "match the boundaries", "boundary"

    def __init__(
        self,
        student: Net,
        teacher: Net,
        margin: float = 1.0,
        boundary_epochs: int | None = None,
        alpha: float = 0.0,
        T: float = 4.0,
        boundary_lr: float | None = None,
        beta: float = SCALE,
    ) -> None:
        super().__init__(
            student, teacher, beta=beta, alpha=alpha, T=T, first_epochs=boundary_epochs, first_lr=boundary_lr,
            margin=margin,
        )  # fmt: skip
        _check_margin(margin)
        self.margin = margin
        self.pairs = stage_pairs(student, teacher)
        widths = [(student.widths[i], teacher.widths[j]) for i, j in self.pairs]
        self.connectors = nn.ModuleList(nn.Identity() if s == t else Connector(s, t) for s, t in widths)
        self.train(student.training)

    def connected(self, s: Trace, t: Trace, n: int) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "B C H W"]]:
        """The pre-activations of layer pair n, the student's in the teacher's channels, of one size."""
        i, j = self.pairs[n]
        z_s, z_t = same_size(s.stages[i], t.stages[j], "avg")
        return self.connectors[n](z_s), z_t

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each pair of stages."""
        weights = [self.beta * share for share in halving(len(self.pairs))]
        return stage_spots("ab", self.pairs, self.loss, weights)

    def loss(self, s: Trace, t: Trace, n: int) -> Float[Tensor, ""]:
        """`boundary_loss` of layer pair n."""
        return boundary_loss(*self.connected(s, t, n), self.margin)


def _check_margin(margin: float) -> None:
    require(margin > 0, f"margin={margin}: the margin must be positive (the paper's is 1)")
