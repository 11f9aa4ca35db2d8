"""FitNets: Hints for Thin Deep Nets (Romero et al.; ICLR 2015): a teacher's middle layer starts a student's."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import ShapeError, require
from ..nets import Net, Trace
from ..train import Spot
from .adapters import BatchNorm, check_one_teacher, same_size
from .features import Features, TwoPhases
from .tensors import full_precision, same_shape

Size = tuple[int, int]


@full_precision
def hint_loss(f_s: Float[Tensor, "B C H W"], f_t: Float[Tensor, "B C H W"]) -> Float[Tensor, ""]:
    """The mean of (f_s - f_t)² over all elements; f_s has passed through a `Regressor`.

    The paper's equation 3 has half the squared norm of a sample's difference: a constant factor, which the weight of
    the loss takes up. The teacher's side is constant. Raises `ShapeError` unless the shapes are equal.

    >>> hint_loss(torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 2.0)).item()
    4.0
    """
    same_shape(f_s, f_t, "hint_loss, the regressed map and the hint")
    return F.mse_loss(f_s, f_t.detach())


class Regressor(nn.Module):
    """Brings the student's guided map to the channels and the size of the teacher's hint: convolution, norm, ReLU.

    The convolution follows from the sizes (height, width; without them they are taken to be equal): 1×1 if equal;
    without padding and just large enough where the student's map is larger; 3×3 with stride 2 where twice the student's
    is the teacher's or the other way round (transposed). The paper (§2.2) asks for a convolution to keep the number of
    weights small; batch norm and ReLU are the distillation zoo's.

    Maps (B, c_s, *size_s) → (B, c_t, *size_t).
    """

    def __init__(
        self, c_s: int, c_t: int, size_s: Size | None = None, size_t: Size | None = None, relu: bool = True
    ) -> None:
        super().__init__()
        self.conv = _between(c_s, c_t, size_s or (1, 1), size_t or size_s or (1, 1))
        self.norm = BatchNorm(c_t)
        self.relu = nn.ReLU() if relu else nn.Identity()

    def forward(self, f_s: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        made: Tensor = self.relu(self.norm(self.conv(f_s)))
        return made


def _between(c_s: int, c_t: int, size_s: Size, size_t: Size) -> nn.Module:
    (h_s, w_s), (h_t, w_t) = size_s, size_t
    if (h_s, w_s) == (2 * h_t, 2 * w_t):
        return nn.Conv2d(c_s, c_t, kernel_size=3, stride=2, padding=1)
    if (2 * h_s, 2 * w_s) == (h_t, w_t):
        return nn.ConvTranspose2d(c_s, c_t, kernel_size=4, stride=2, padding=1)
    if h_s >= h_t and w_s >= w_t:
        return nn.Conv2d(c_s, c_t, kernel_size=(1 + h_s - h_t, 1 + w_s - w_t))
    stride = max(1, h_t // h_s), max(1, w_t // w_s)
    kernel = h_t - stride[0] * (h_s - 1), w_t - stride[1] * (w_s - 1)
    require(
        min(kernel) > 0,
        f"no convolution brings maps of {h_s}×{w_s} to {h_t}×{w_t}: one side grows while the other shrinks; "
        "bring both to one size first",
        ShapeError,
    )
    return nn.ConvTranspose2d(c_s, c_t, kernel_size=kernel, stride=stride)


def _width(net: Net, layer: int) -> int:
    check_one_teacher(net)
    stages = len(net.widths)
    lowest = 0 if net.stem_width is not None else 1
    require(
        lowest <= layer <= stages,
        f"layer={layer}: {net.name} has the layers {lowest} to {stages} ({'0 is the stem, ' if not lowest else ''}"
        f"{stages} the last stage)",
    )
    return net.stem_width if layer == 0 and net.stem_width is not None else net.widths[layer - 1]


def _active(trace: Trace, layer: int) -> Tensor:
    if layer > 0:
        return trace.active[layer - 1]
    assert trace.active_stem is not None
    return trace.active_stem


class _Hinted:
    """The spot and the regressor of both forms of FitNets. `layer`: 0 = stem, 1 = first stage, …; the hint comes from
    `teacher_layer`, by default the layer as far from the end. Where the two differ in size, the larger is
    average-pooled to the smaller."""

    regressor: Regressor
    layer: int
    teacher_layer: int
    beta: float

    def _set(self, student: Net, teacher: Net, layer: int, teacher_layer: int | None) -> None:
        self.layer = layer
        as_far_from_the_end = layer + len(teacher.widths) - len(student.widths)
        self.teacher_layer = as_far_from_the_end if teacher_layer is None else teacher_layer
        self.regressor = Regressor(_width(student, layer), _width(teacher, self.teacher_layer))

    def spots(self) -> tuple[Spot, ...]:
        """One spot: the hint."""

        def loss(s: Trace, t: Trace) -> Tensor:
            f_s, f_t = same_size(_active(s, self.layer), _active(t, self.teacher_layer), "avg")
            return hint_loss(self.regressor(f_s), f_t)

        return (Spot("hint", loss, (max(self.layer, 1),), self.beta),)


class FitNets(_Hinted, TwoPhases):
    """Two phases (§2.3): "follow the hint" trains the student's lower layers and the regressor, "learn the task" all.

    The second phase minimises (1 - alpha) · cross-entropy + alpha · `kd_loss`, as the paper; it lets the share of the
    teacher sink while training goes on, here it stays.
    """

    FIRST_PHASE, NOUN = "follow the hint", "hint"

    def __init__(
        self,
        student: Net,
        teacher: Net,
        layer: int = 2,
        teacher_layer: int | None = None,
        hint_epochs: int | None = None,
        alpha: float = 0.9,
        T: float = 4.0,
        hint_lr: float | None = None,
    ) -> None:
        super().__init__(
            student, teacher, beta=1.0, alpha=alpha, T=T, first_epochs=hint_epochs, first_lr=hint_lr,
            layer=layer, teacher_layer=teacher_layer,
        )  # fmt: skip
        self._set(student, teacher, layer, teacher_layer)
        self.train(student.training)


class Hint(_Hinted, Features):
    """The distillation zoo's form in one phase: the task + beta · `hint_loss`, regressor and student together."""

    def __init__(
        self,
        student: Net,
        teacher: Net,
        layer: int = 2,
        teacher_layer: int | None = None,
        beta: float = 100.0,
        alpha: float = 0.0,
        T: float = 4.0,
    ) -> None:
        super().__init__(student, teacher, beta=beta, alpha=alpha, T=T, layer=layer, teacher_layer=teacher_layer)
        self._set(student, teacher, layer, teacher_layer)
        self.train(student.training)
