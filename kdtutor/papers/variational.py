"""Variational Information Distillation (VID; Ahn et al.; CVPR 2019): how much one map tells of another."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import ShapeError, require
from ..nets import Net, Trace
from ..train import Spot
from .adapters import same_size, stage_pairs
from .features import Features, stage_spots
from .tensors import full_precision, same_shape, shape

VARIANCE_SMALLEST = 1e-5  # the least variance, as in the authors' code


@full_precision
def variational_loss(
    mean: Float[Tensor, "B C H W"], f_t: Float[Tensor, "B C H W"], log_scale: Float[Tensor, " C"]
) -> Float[Tensor, ""]:
    """VID: the mean of ½ (f_t - mean)² / σ² + ½ ln σ² over all elements, with σ²_c = softplus(log_scale_c) + 10⁻⁵.

    It is, up to a constant, the negative logarithm of the density at the teacher's f_t of a normal distribution whose
    `mean` is regressed from the student's map and whose variances are learnt (Ahn et al.; CVPR 2019): the smaller it
    is, the more the student's map tells of the teacher's. It may be negative. Vectors (B, C) are taken as well as maps.
    Raises `ShapeError` unless mean and f_t have one shape and there is a scale for each of the C channels.

    >>> f, scale = torch.zeros(1, 2, 1, 1), torch.zeros(2)
    >>> bool(variational_loss(f, f, scale) < variational_loss(f + 1, f, scale))
    True
    """
    same_shape(mean, f_t, "variational_loss, the regressed map and the teacher's")
    require(
        mean.ndim >= 2 and log_scale.shape == mean.shape[1:2],
        f"variational_loss: the map has shape {shape(mean)}, the scales {shape(log_scale)}; "
        "expected (B, C, …) and (C,)",
        ShapeError,
    )
    variance = F.softplus(log_scale) + VARIANCE_SMALLEST
    squares = (mean - f_t.detach()).square().transpose(0, 1).flatten(1).mean(1)  # of each channel
    return (0.5 * (squares / variance + variance.log())).mean()


class GaussianRegressor(nn.Module):
    """VID's guess at the teacher's map: a mean, regressed from the student's map by three 1×1 convolutions with ReLUs
    between them, and for every channel the scale of its variance, softplus(log_scale) + 10⁻⁵, which starts at 5.

    Maps (B, c_s, H, W) → mean (B, c_t, H, W).
    """

    def __init__(self, c_s: int, c_t: int, variance: float = 5.0) -> None:
        super().__init__()
        self.regressor = nn.Sequential(
            nn.Conv2d(c_s, c_t, kernel_size=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(c_t, c_t, kernel_size=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(c_t, c_t, kernel_size=1, bias=False),
        )
        start = torch.tensor(variance - VARIANCE_SMALLEST).expm1().log()  # softplus turns it back
        self.log_scale = nn.Parameter(start.repeat(c_t))

    def forward(self, f_s: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D H W"]:
        made: Tensor = self.regressor(f_s)
        return made


class Variational(Features):
    """VID: the student's maps are to tell as much as they can of the teacher's: the task + beta · Σ `variational_loss`
    over the stages. A `GaussianRegressor` for each learns with the student."""

    def __init__(self, student: Net, teacher: Net, beta: float = 1.0, alpha: float = 0.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T)
        self.pairs = stage_pairs(student, teacher)
        self.regressors = nn.ModuleList(GaussianRegressor(student.widths[i], teacher.widths[j]) for i, j in self.pairs)
        self.train(student.training)

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each pair of stages."""
        return stage_spots("vid", self.pairs, self.loss, [self.beta] * len(self.pairs))

    def loss(self, s: Trace, t: Trace, n: int) -> Float[Tensor, ""]:
        """`variational_loss` of stage pair n."""
        i, j = self.pairs[n]
        f_s, f_t = same_size(s.active[i], t.active[j], "avg")
        regressor = self.regressors[n]
        return variational_loss(regressor(f_s), f_t, regressor.get_parameter("log_scale"))
