"""Neuron Selectivity Transfer (NST; Huang, Wang; 2017): where the channels answer, as a distribution over positions."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..nets import Net, Trace
from ..train import Spot
from .adapters import check_maps, same_size, stage_pairs
from .features import Features, stage_spots
from .tensors import full_precision, gram, inverse_length


@full_precision
def selectivity_loss(f_s: Float[Tensor, "B C H W"], f_t: Float[Tensor, "B D h w"]) -> Float[Tensor, ""]:
    """NST: the squared maximum mean discrepancy of the channels, K(t, t) + K(s, s) - 2 K(s, t), where K(a, b) is the
    mean of ⟨a_i, b_j⟩² over samples and pairs of channels, each channel's map scaled to unit length.

    The channels of one sample are looked at as draws from a distribution over positions, and the two distributions are
    to agree (Huang, Wang; 2017; with the polynomial kernel of degree 2). Numbers of channels may differ; of two
    sizes the larger is average-pooled. Computed from products of channels: nothing is ever held for every pair of
    channels *and* every position. Raises `ShapeError` unless both are (B, C, H, W) with one B.

    >>> f = torch.eye(4).reshape(1, 4, 2, 2)
    >>> abs(selectivity_loss(f, 3 * f).item()) < 1e-6, selectivity_loss(f[:, :1], f).item() > 0
    (True, True)
    """
    check_maps(f_s, f_t, "selectivity_loss")
    s, t = (f.flatten(2) for f in same_size(f_s, f_t, "avg"))
    with torch.no_grad():
        products_t = gram(t)
        lengths_t = inverse_length(products_t.diagonal(dim1=1, dim2=2))
        kernel_t = _kernel(products_t, lengths_t, lengths_t)
    products_s = gram(s)
    lengths_s = inverse_length(products_s.diagonal(dim1=1, dim2=2))
    across = _kernel(torch.bmm(s, t.detach().mT), lengths_s, lengths_t)
    return kernel_t + _kernel(products_s, lengths_s, lengths_s) - 2 * across


def _kernel(products: Float[Tensor, "B C D"], a: Float[Tensor, "B C"], b: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    return (products * a.unsqueeze(2) * b.unsqueeze(1)).square().mean()


class Selectivity(Features):
    """NST: in every stage the student's channels answer where the teacher's answer: the task + beta · Σ
    `selectivity_loss` of the active maps."""

    def __init__(self, student: Net, teacher: Net, beta: float = 50.0, alpha: float = 0.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T)
        self.pairs = stage_pairs(student, teacher)

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each pair of stages."""
        return stage_spots("nst", self.pairs, self.loss, [self.beta] * len(self.pairs))

    def loss(self, s: Trace, t: Trace, n: int) -> Float[Tensor, ""]:
        """`selectivity_loss` of stage pair n."""
        i, j = self.pairs[n]
        return selectivity_loss(s.active[i], t.active[j])
