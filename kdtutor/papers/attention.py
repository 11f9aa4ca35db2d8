"""Paying More Attention to Attention (Zagoruyko, Komodakis; ICLR 2017): where a layer looks, taught as an image."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..errors import ShapeError, require
from ..nets import Net
from ..train import Spot
from .adapters import check_maps, pooled, stage_pairs, two_by_two
from .features import Features
from .tensors import SMALLEST, full_precision, shape, squared_sum


@full_precision
def attention_map(f: Float[Tensor, "B C H W"], p: float = 2) -> Float[Tensor, "B HW"]:
    """Q / ‖Q‖₂ with Q = mean_c |f_c|^p: how strongly a layer answers at each position, of unit length (§3.1).

    The sum over channels (F_sum^p of the paper) and their mean are the same after the division. A map of zeros stays
    zero, with gradient zero. Raises `ShapeError` unless f is `(B, C, H, W)`, `ConfigError` unless p ≥ 1.

    >>> attention_map(torch.tensor([[[[3.0, 0.0], [0.0, 0.0]]]]))  # one channel that looks at one corner
    tensor([[1., 0., 0., 0.]])
    """
    require(f.ndim == 4, f"attention_map: the map has shape {shape(f)}; expected (B, C, H, W)", ShapeError)
    require(p >= 1, f"p={p}: the power of the activations must be at least 1 (2 is the paper's)")
    total = squared_sum(f, 1) if p == 2 else f.abs().pow(p).sum(1)
    return F.normalize((total / f.shape[1]).flatten(1), dim=1, eps=SMALLEST)


@full_precision
def at_loss(
    maps_s: Sequence[Float[Tensor, "B _C _H _W"]], maps_t: Sequence[Float[Tensor, "B _D _h _w"]], p: float = 2
) -> Float[Tensor, ""]:
    """Σ over pairs of maps of the mean squared difference of their attention maps.

    The mean runs over samples and positions, as in the authors' code; the paper's equation 2 has the norm of the
    difference instead, halved. Where the maps differ in size the larger one is average-pooled first; channels may
    differ. The teacher's side is constant.

    >>> f = torch.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    >>> at_loss([f], [3 * f]).item() < 1e-12  # the maps have unit length
    True
    """
    return torch.stack([pair_loss(s, t, p) for s, t in two_by_two(maps_s, maps_t, "at_loss")]).sum()


@full_precision
def pair_loss(f_s: Float[Tensor, "B C H W"], f_t: Float[Tensor, "B D h w"], p: float = 2) -> Float[Tensor, ""]:
    """The mean squared difference of the attention maps of one pair of layers.

    >>> f = torch.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    >>> pair_loss(f, f).item(), pair_loss(f, f.flip(3)).item() > 0
    (0.0, True)
    """
    check_maps(f_s, f_t, "at_loss")
    size = (min(f_s.shape[2], f_t.shape[2]), min(f_s.shape[3], f_t.shape[3]))
    with torch.no_grad():
        attention_t = attention_map(pooled(f_t, size, "avg"), p)
    return F.mse_loss(attention_map(pooled(f_s, size, "avg"), p), attention_t)


class Attention(Features):
    """The student looks where the teacher looks, in every stage: the task + beta · `at_loss`.

    beta = 1000 is the authors' number for CIFAR; the mean over positions makes it large. `alpha` > 0 adds `kd_loss` at
    temperature T, the paper's AT+KD.
    """

    def __init__(
        self, student: Net, teacher: Net, p: float = 2, beta: float = 1000.0, alpha: float = 0.0, T: float = 4.0
    ) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T, p=p)
        require(p >= 1, f"p={p}: the power of the activations must be at least 1 (2 is the paper's)")
        self.p = p
        self.pairs = stage_pairs(student, teacher)

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each pair of stages."""

        def at(i: int, j: int) -> Spot:
            return Spot(f"at{i + 1}", lambda s, t: pair_loss(s.active[i], t.active[j], self.p), (i + 1,), self.beta)

        return tuple(at(i, j) for i, j in self.pairs)
