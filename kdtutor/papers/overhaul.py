"""A Comprehensive Overhaul of Feature Distillation (Heo et al.; ICCV 2019): before the ReLU, cut at a margin."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import ConfigError, ShapeError, choose, require
from ..nets import Net, Trace
from ..train import Spot
from .adapters import Connector, batch_statistics, same_size, stage_pairs
from .features import Features, halving, stage_spots
from .tensors import full_precision, same_shape, shape

SCALE = 1 / 1000  # the authors' weight on CIFAR; 1/10,000 on ImageNet
FAR = 30.0  # standard deviations; beyond them the difference of two nearly equal numbers is replaced by its series
Statistics = Literal["running", "batch"]


def margin(weight: Float[Tensor, " C"], bias: Float[Tensor, " C"]) -> Float[Tensor, " C"]:
    """E[x | x < 0] for x ~ N(bias, weight²): the expected negative response of each channel (§3.1, equation 10).

    `weight` and `bias` are those of the batch norm before the tap, which makes its channel a normal variable with
    exactly these moments. With z = bias / |weight|, φ and Φ the density and the distribution of N(0, 1):

        m = bias - |weight| · φ(z) / Φ(-z) < 0.

    A weight of 0 gives min(bias, 0). Everywhere finite and continuous: for a large z, where nearly nothing is negative,
    m tends to 0 as -|weight| / z. (The authors' code sets m = -3 |weight| beyond z = 3.09, against an overflow.)

    >>> margin(torch.ones(1), torch.zeros(1)).round(decimals=4)  # -√(2 / π)
    tensor([-0.7979])
    """
    require(
        weight.ndim == 1 and weight.shape == bias.shape,
        f"margin: weight has shape {shape(weight)} and bias {shape(bias)}; expected (C,) for both",
        ShapeError,
    )
    s, mu = weight.detach().double().abs(), bias.detach().double()
    z = (mu / s.clamp(min=torch.finfo(torch.float64).tiny)).clamp(-1e150, 1e150)
    hazard = torch.exp(-(z**2) / 2 - torch.special.log_ndtr(-z)) / math.sqrt(2 * math.pi)  # φ(z) / Φ(-z)
    near = mu - s * torch.where(z < FAR, hazard, 0.0)
    r = 1 / z.clamp(min=FAR)
    far = -s * r * (1 - 2 * r**2 + 10 * r**4 - 74 * r**6)  # z - φ(z) / Φ(-z), the first terms of its series in 1 / z
    exact = torch.where(z < FAR, near, far)
    return torch.where(s > 0, exact, mu.clamp(max=0)).to(weight.dtype)


def measured_margin(t: Float[Tensor, "B C H W"]) -> Float[Tensor, " C"]:
    """The mean of the negative values of each channel, 0 where none is negative: for a tap without a batch norm.

    >>> measured_margin(torch.tensor([-1.0, -3.0, 5.0]).reshape(3, 1, 1, 1))
    tensor([-2.])
    """
    negative = (t < 0).sum((0, 2, 3)).clamp(min=1)
    return t.detach().clamp(max=0).sum((0, 2, 3)) / negative


def margin_relu(t: Float[Tensor, "B C H W"], m: Float[Tensor, " C"]) -> Float[Tensor, "B C H W"]:
    """max(t, m), channel by channel: positive responses stay, negative ones are cut at their expected value (§3.1).

    >>> t = torch.tensor([-2.0, -0.1, 3.0]).reshape(1, 1, 1, 3)
    >>> margin_relu(t, torch.tensor([-0.5])).flatten()
    tensor([-0.5000, -0.1000,  3.0000])
    """
    require(
        t.ndim == 4 and m.numel() == t.shape[1],
        f"margin_relu: the map has shape {shape(t)}, the margins {shape(m)}; expected (B, C, H, W) and (C,)",
        ShapeError,
    )
    return torch.maximum(t, m.to(t).view(1, -1, 1, 1))


@full_precision
def partial_l2(s: Float[Tensor, "B C H W"], t: Float[Tensor, "B C H W"]) -> Float[Tensor, ""]:
    """Σ (s - t)² over the elements where s > t or t > 0, mean over B: a student below a target that is not positive
    is left alone, since a ReLU hides the difference (§3.3, equation 6).

    t is the teacher's map after `margin_relu`; its side is constant. Raises `ShapeError` unless the shapes are equal.

    >>> s, t = torch.full((1, 1, 1, 1), -3.0), torch.full((1, 1, 1, 1), -1.0)
    >>> partial_l2(s, t).item(), partial_l2(-s, t).item()
    (0.0, 16.0)
    """
    same_shape(s, t, "partial_l2, pre-activations")
    with torch.no_grad():  # where the student has to go: nowhere, if the difference does not count
        goal = torch.where((s > t) | (t > 0), t, s)
    return F.mse_loss(s, goal, reduction="sum") / len(s)


@full_precision
def full_l2(s: Float[Tensor, "B C H W"], t: Float[Tensor, "B C H W"]) -> Float[Tensor, ""]:
    """Σ (s - t)² over all elements, mean over B: what `partial_l2` is compared with.

    >>> full_l2(torch.zeros(2, 1, 1, 1), torch.full((2, 1, 1, 1), 3.0)).item()
    9.0
    """
    same_shape(s, t, "full_l2, maps")
    return F.mse_loss(s, t.detach(), reduction="sum") / len(s)


def tap_margins(net: Net) -> tuple[Float[Tensor, " _C"], ...]:
    """The margin of every stage from the batch norm before its tap. Raises `ConfigError` for a stage without one.

    In a ResNet that is the last norm of the residual branch: the shortcut that is added to it is not in the margin.

    >>> [m.shape[0] for m in tap_margins(kd.nets.build("resnet8", classes=10))]
    [16, 32, 64]
    """
    norms = net.norms
    missing = next((i + 1 for i, norm in enumerate(norms) if norm is None), None)
    require(
        missing is None,
        f"stage {missing} of {net.name} has no batch norm before its tap, so its margin cannot be read from one; "
        "measure it with overhaul.measured_margin and pass margins=[…]",
    )
    return tuple(margin(norm.weight, norm.bias) for norm in norms if norm is not None)


class Overhaul(Features):
    """Pre-activations of every stage through `margin_relu` and `partial_l2`: the task + beta · Σ_n 2^(n-N+1) · loss_n.

    A connector (1×1 convolution and batch norm) brings every map of the student to the teacher's channels; of two sizes
    the larger is average-pooled. Each of the four choices can be switched back, to see what it does:

    position: "pre" compares what comes before the ReLU, "post" what comes after it.
    teacher_transform: "margin" (max(t, m)), "relu" (max(t, 0)) or "none".
    distance: "partial" or "full" L2.
    statistics: the teacher's batch norms use those of the "batch", as the authors' (their teacher is in train mode), or
        the "running" ones. The stored statistics never change here; in the authors' code they drift.
    margins: one (C,) for each stage of the teacher, where they are not read from its batch norms.
    """

    def __init__(
        self,
        student: Net,
        teacher: Net,
        beta: float = SCALE,
        alpha: float = 0.0,
        T: float = 4.0,
        position: Literal["pre", "post"] = "pre",
        teacher_transform: Literal["margin", "relu", "none"] = "margin",
        distance: Literal["partial", "full"] = "partial",
        statistics: Statistics = "batch",
        margins: Sequence[Float[Tensor, " _C"]] | None = None,
    ) -> None:
        choices = {
            "position": choose("position", position, ("pre", "post")),
            "teacher_transform": choose("teacher_transform", teacher_transform, ("margin", "relu", "none")),
            "distance": choose("distance", distance, ("partial", "full")),
            "statistics": choose("statistics", statistics, ("running", "batch")),
        }
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T, **choices)
        self.position, self.teacher_transform = position, teacher_transform
        self.distance = {"partial": partial_l2, "full": full_l2}[distance]
        self.statistics = statistics
        self.pairs = stage_pairs(student, teacher)
        self.connectors = nn.ModuleList(Connector(student.widths[i], teacher.widths[j]) for i, j in self.pairs)
        if teacher_transform == "margin":
            self._set_margins(teacher, tap_margins(teacher) if margins is None else margins)
        self.train(student.training)

    def _set_margins(self, teacher: Net, margins: Sequence[Tensor]) -> None:
        widths = tuple(m.numel() for m in margins)
        if widths != teacher.widths:
            raise ConfigError(
                f"margins have {widths} values; the stages of {teacher.name} have {teacher.widths} channels"
            )
        for i, m in enumerate(margins):
            self.register_buffer(f"margin{i}", m.detach().clone(), persistent=False)

    def teacher_trace(self, images: Float[Tensor, "B ..."]) -> Trace | None:
        assert self.teacher is not None
        if self.statistics == "running":
            return super().teacher_trace(images)
        with batch_statistics(self.teacher):
            return super().teacher_trace(images)

    def target(self, t: Trace, j: int) -> Float[Tensor, "B C H W"]:
        """What the student is to reach at stage j of the teacher."""
        z = t.active[j] if self.position == "post" else t.stages[j]
        if self.teacher_transform == "margin":
            return margin_relu(z, getattr(self, f"margin{j}"))
        return z.relu() if self.teacher_transform == "relu" else z

    def connected(self, s: Trace, t: Trace, n: int) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "B C H W"]]:
        """Both sides of pair n, the student's map in the teacher's channels, of one size."""
        i, j = self.pairs[n]
        f_s, f_t = same_size(s.active[i] if self.position == "post" else s.stages[i], self.target(t, j), "avg")
        return self.connectors[n](f_s), f_t

    def spots(self) -> tuple[Spot, ...]:
        """One spot for each pair of stages."""
        weights = [self.beta * share for share in halving(len(self.pairs))]
        return stage_spots("ofd", self.pairs, lambda s, t, n: self.distance(*self.connected(s, t, n)), weights)
