"""Knowledge Amalgamation from Heterogeneous Networks by Common Feature Learning (Luo, Wang, Fang, Hu, Tao, Song; IJCAI
2019): features of all nets in a space that they have in common, compared as distributions.

The widths, the kernels and the weight are those of github.com/VainF/CommonFeatureLearning, by one of the authors.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch
from ..errors import ShapeError, require
from ..nets import Net, Specialists, Trace
from ..nets.trace import Map
from ..train import Spot
from ..train.objective import Terms
from .adapters import same_size
from .amalgamation import Amalgamation, Match
from .tensors import full_precision, shape, unit

SIGMAS = (0.001, 0.01, 0.05, 0.1, 0.2, 1.0, 2.0)
"""The widths of the kernels, for vectors of unit length."""
BETA = 10.0


def gaussian_kernels(
    x: Float[Tensor, "N D"], y: Float[Tensor, "M D"], sigmas: Sequence[float] = SIGMAS
) -> Float[Tensor, "N M"]:
    """Σ_σ exp(-‖x_i - y_j‖² / 2σ²) for every pair, in float64.

    Distances are those of differences. The usual ‖x‖² + ‖y‖² - 2⟨x, y⟩ in float32, as in the authors' code, is wrong by
    1e-7 for vectors of unit length, which changes the kernel of σ = 0.001 by 5 % where the two are close.

    >>> gaussian_kernels(torch.zeros(1, 2), torch.tensor([[0.0, 0.0], [3.0, 4.0]]), [5.0]).round(decimals=4)
    tensor([[1.0000, 0.6065]], dtype=torch.float64)
    """
    distances = torch.cdist(x.double(), y.double(), compute_mode="donot_use_mm_for_euclid_dist")
    return torch.stack([torch.exp(-(distances**2) / (2 * sigma**2)) for sigma in sigmas]).sum(0)


@full_precision
def mmd(x: Float[Tensor, "N *d"], y: Float[Tensor, "M *d"], sigmas: Sequence[float] = SIGMAS) -> Float[Tensor, ""]:
    """The squared maximum mean discrepancy of two sets of vectors, each scaled to unit length: mean k(x, x) + mean
    k(y, y) - 2 · mean k(x, y), where k are `gaussian_kernels`.

    The means are over all pairs, each with itself included, as in the authors' code. So it is 0 for equal sets, and two
    draws from one distribution are apart by about (1/N + 1/M) · (the kernels at 0 - their mean), the more the fewer
    they are. Maps count as one vector each. Gradients reach both sides.

    >>> x = torch.eye(3)
    >>> abs(mmd(x, 2 * x.flip(0)).item()) < 1e-6, mmd(x, -x).item() > 0.1
    (True, True)
    """
    fits = min(x.ndim, y.ndim) >= 2 and x.shape[1:] == y.shape[1:] and min(len(x), len(y)) > 0
    require(
        fits, f"mmd: the shapes are {shape(x)} and {shape(y)}; expected vectors of one length, ≥ 1 each", ShapeError
    )
    a, b = unit(x.flatten(1).double()), unit(y.flatten(1).double())
    within = gaussian_kernels(a, a, sigmas).mean() + gaussian_kernels(b, b, sigmas).mean()
    return (within - 2 * gaussian_kernels(a, b, sigmas).mean()).to(x.dtype)


class Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut, a ReLU after each; on the shortcut a 1×1 one where widths differ."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        self.second = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(c_in, c_out, 1, bias=False) if c_in != c_out else nn.Identity()

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D H W"]:
        h: Tensor = self.second(F.relu(self.first(x)))
        return F.relu(h + self.shortcut(x))


class CommonSpace(nn.Module):
    """Maps of several widths, each through a 1×1 convolution of its own and then one extractor for all, into a space of
    `width` channels; and the teachers' back again, each through a decoder of its own."""

    def __init__(self, c_s: int, c_ts: Sequence[int], width: int) -> None:
        super().__init__()
        self.align_student, *aligned = (nn.Conv2d(c, 2 * width, 1, bias=False) for c in (c_s, *c_ts))
        self.align_teachers = nn.ModuleList(aligned)
        self.extractor = nn.Sequential(Residual(2 * width, width), Residual(width, width), Residual(width, width))
        self.decoders = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, c, 3, padding=1, bias=False), nn.ReLU(), nn.Conv2d(c, c, 1, bias=False))
            for c in c_ts
        )

    def student(self, f: Float[Tensor, "B C H W"]) -> Float[Tensor, "B width H W"]:
        """The student's map in the common space."""
        code: Tensor = self.extractor(F.relu(self.align_student(f)))
        return code

    def teachers(self, fs: Sequence[Float[Tensor, "B _C H W"]]) -> list[Float[Tensor, "B width H W"]]:
        """Each teacher's map in the common space."""
        return [self.extractor(F.relu(align(f))) for align, f in zip(self.align_teachers, fs, strict=True)]

    def rebuilt(self, codes: Sequence[Float[Tensor, "B width H W"]]) -> list[Float[Tensor, "B _C H W"]]:
        """Each teacher's map, from its code."""
        return [decoder(code) for decoder, code in zip(self.decoders, codes, strict=True)]


class CommonFeatures(Amalgamation):
    """CFL: the student's last map and each teacher's are brought into a `CommonSpace`, where they are to be distributed
    alike, and from which the teachers' have to be rebuilt:

    L = scores + beta · Σ_i `mmd`(h_s, h_i) + beta · Σ_i (f_i - rebuilt f_i)², mean over its numbers.

    match, T: of the scores, as in `Amalgamation`; the authors take "softmax" at T = 1. width: channels of the common
    space; 128 for the authors' 512 channels. Maps of other sizes are average-pooled to the smaller.
    """

    def __init__(
        self,
        student: Net,
        teachers: Sequence[Net] | Specialists,
        classes: Sequence[Sequence[int]] | None = None,
        match: Match = "softmax",
        T: float = 1.0,
        beta: float = BETA,
        width: int | None = None,
    ) -> None:
        super().__init__(student, teachers, classes, match, T, beta=beta, width=width)
        require(beta >= 0, f"beta={beta}: the weight of the features must not be negative")
        require(width is None or width >= 1, f"width={width}: the common space needs at least one channel")
        told = f"{student.name} and the teachers need a stage each"
        require(bool(student.widths and self.teacher.widths), f"{told}; take Amalgamation, which reads scores alone")
        self.beta = beta
        c_ts = self.teacher.parts[-1]
        self.space = CommonSpace(student.widths[-1], c_ts, width or max(1, max(c_ts) // 4))
        self.train(student.training)

    def spots(self) -> tuple[Spot, ...]:
        """The scores, the distributions, and the teachers' maps rebuilt, in which the student has no part."""
        return (
            *super().spots(),
            Spot("common", lambda s, t: self.common(s, t)[0], (len(self.student.widths),), self.beta),
            Spot("rebuilt", lambda s, t: self.common(s, t)[1], (), self.beta),
        )

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        """As the spots have them; the common space is computed once for both terms."""
        assert t is not None
        apart, missing = self.common(s, t)
        return {"scores": self.to_scores(s, t), "common": apart, "rebuilt": missing}

    def common(self, s: Trace, t: Trace) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """How far apart student and teachers are in the common space, and how far the teachers' maps from rebuilt ones:
        each the sum over the teachers."""
        _, f_ts = self.maps(s, t)
        h_s, h_ts = self.codes(s, t)
        apart = torch.stack([mmd(h_s, h) for h in h_ts]).sum()
        missing = [F.mse_loss(made, f) for made, f in zip(self.space.rebuilt(h_ts), f_ts, strict=True)]
        return apart, torch.stack(missing).sum()

    def codes(self, s: Trace, t: Trace) -> tuple[Map, list[Map]]:
        """The student's last map and each teacher's in the common space."""
        f_s, f_ts = self.maps(s, t)
        return self.space.student(f_s), self.space.teachers(f_ts)

    def maps(self, s: Trace, t: Trace) -> tuple[Map, list[Map]]:
        """The student's last map and each teacher's, of one size."""
        f_s, side_by_side = same_size(s.active[-1], t.active[-1], "avg")
        return f_s, list(side_by_side.split(self.teacher.parts[-1], 1))
