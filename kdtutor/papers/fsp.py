"""A Gift from Knowledge Distillation (Yim, Joo, Bae, Kim; CVPR 2017): match the flow of the solution procedure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch
from ..errors import ShapeError, require
from ..nets import Net, Trace
from ..train import Phase, Spot
from ..train.objective import Terms
from .adapters import Pool, check_one_teacher, same_size, tap_widths
from .features import TwoPhases
from .tensors import full_precision, same_shape, shape


@full_precision
def fsp_matrix(
    a: Float[Tensor, "B Ca H W"], b: Float[Tensor, "B Cb h w"], pool: Pool = "max"
) -> Float[Tensor, "B Ca Cb"]:
    """G_ij = Σ_xy a_ixy · b_jxy / (height · width): how channel i of one layer flows into channel j of another (§3.2).

    Where the maps differ in size, the larger is pooled to the smaller: by its maximum, or by its mean.
    Raises `ShapeError` unless both are `(B, C, H, W)` with the same B.

    >>> fsp_matrix(torch.ones(2, 3, 8, 8), torch.ones(2, 5, 4, 4)).shape
    torch.Size([2, 3, 5])
    >>> fsp_matrix(torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 2, 2), 3.0)).item()
    6.0
    """
    if a.ndim != 4 or b.ndim != 4 or len(a) != len(b):
        raise ShapeError(
            f"fsp_matrix: the maps have shapes {shape(a)} and {shape(b)}; expected (B, C, H, W) with one B"
        )
    a, b = (x.flatten(2) for x in same_size(a, b, pool))
    return torch.bmm(a, b.transpose(1, 2)) / a.shape[2]


@full_precision
def fsp_loss(
    maps_s: Sequence[Float[Tensor, "B _C _H _W"]],
    maps_t: Sequence[Float[Tensor, "B _C _h _w"]],
    pool: Pool = "max",
) -> Float[Tensor, ""]:
    """Σ over consecutive pairs of maps of the mean squared difference of student's and teacher's FSP matrix (§3.3).

    Student and teacher need the same channels at every tap; their sizes may differ. The teacher's side is constant.

    >>> maps_s, maps_t = [torch.ones(1, 2, 4, 4)] * 3, [torch.zeros(1, 2, 4, 4)] * 3
    >>> fsp_loss(maps_s, maps_t).item()  # two pairs of layers, each matrix is off by 1
    2.0
    """
    if len(maps_s) != len(maps_t) or len(maps_s) < 2:
        raise ShapeError(
            f"fsp_loss: {len(maps_s)} student maps, {len(maps_t)} teacher maps; expected the same number, ≥ 2"
        )
    losses = [pair_loss(s, t, pool) for s, t in zip(pairwise(maps_s), pairwise(maps_t), strict=True)]
    return torch.stack(losses).sum()


@full_precision
def pair_loss(
    pair_s: tuple[Float[Tensor, "B Ca H W"], Float[Tensor, "B Cb h w"]],
    pair_t: tuple[Float[Tensor, "B Ca y x"], Float[Tensor, "B Cb v u"]],
    pool: Pool = "max",
) -> Float[Tensor, ""]:
    """The mean squared difference of the two FSP matrices of one pair of layers.

    >>> one, none = (torch.ones(1, 2, 4, 4),) * 2, (torch.zeros(1, 2, 4, 4),) * 2
    >>> pair_loss(one, none).item()
    1.0
    """
    with torch.no_grad():
        flow_t = fsp_matrix(*pair_t, pool=pool)
    flow_s = fsp_matrix(*pair_s, pool=pool)
    same_shape(flow_s, flow_t, "FSP matrices (batch, channels of the first map, channels of the second)")
    return F.mse_loss(flow_s, flow_t)


class FSP(TwoPhases):
    """Two phases (§3.4): "match the flow" gives the student its first weights, then "learn the task" trains them.

    The first phase takes `flow_epochs` (default: 40 % of all epochs) at a constant rate, `flow_lr` (default: that of
    the recipe). The second minimises cross-entropy, or with `alpha` > 0 also `kd_loss`. The paper needs equal widths;
    where student and teacher differ, 1×1 convolutions bring the student's maps to the teacher's channels during the
    first phase. This step is ours.
    """

    FIRST_PHASE, NOUN = "match the flow", "flow"

    def __init__(
        self,
        student: Net,
        teacher: Net,
        pool: Pool = "max",
        flow_epochs: int | None = None,
        alpha: float = 0.0,
        T: float = 4.0,
        flow_lr: float | None = None,
    ) -> None:
        super().__init__(
            student, teacher, beta=1.0, alpha=alpha, T=T, first_epochs=flow_epochs, first_lr=flow_lr, pool=pool
        )
        check_one_teacher(teacher)
        widths_s, widths_t = tap_widths(student), tap_widths(teacher)
        require(
            len(widths_s) == len(widths_t),
            f"the student has {len(widths_s)} taps, the teacher {len(widths_t)}; FSP pairs them one by one, "
            "so both need the same number of stages: take nets of one family, or name as many stages of a net from "
            "elsewhere (--stages A,B on the command line)",
        )
        require(pool in ("max", "avg"), f"pool={pool!r}: expected 'max' or 'avg'")
        self.pool = pool
        self.adapters = nn.ModuleList(
            nn.Identity() if s == t else nn.Conv2d(s, t, kernel_size=1, bias=False)
            for s, t in zip(widths_s, widths_t, strict=True)
        )
        self.train(student.training)

    def taps(self, s: Trace, i: int) -> Float[Tensor, "B C H W"]:
        """The student's active map `i` (0 = stem) in the teacher's channels."""
        made: Tensor = self.adapters[i](s.taps[i])
        return made

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each pair of consecutive layers, which belongs to both."""
        first = 1 if self.student.stem_width is None else 0  # the number of the first tap's layer; 0 is the stem

        def pair(i: int) -> Spot:
            def loss(s: Trace, t: Trace) -> Tensor:
                return pair_loss((self.taps(s, i), self.taps(s, i + 1)), (t.taps[i], t.taps[i + 1]), self.pool)

            layers = tuple(layer for layer in (first + i, first + i + 1) if layer > 0)
            return Spot(f"fsp{i + 1}", loss, layers, self.beta)

        return tuple(pair(i) for i in range(len(self.adapters) - 1))

    def first_phase(self, epochs: int) -> Phase:
        return replace(super().first_phase(epochs), losses=self.flow, weights={})

    def flow(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        """First phase: `fsp_loss` as one term; no label is looked at."""
        assert t is not None
        maps = [self.taps(s, i) for i in range(len(self.adapters))]
        return {"fsp": fsp_loss(maps, t.taps, self.pool)}
