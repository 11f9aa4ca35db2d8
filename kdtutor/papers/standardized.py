"""Logit Standardization in Knowledge Distillation (Sun, Ren, Li, Wang, Cao; CVPR 2024): compare z-scores of logits."""

from dataclasses import replace
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from ..data import Batch, Classification, Dense
from ..errors import ShapeError, require
from ..nets import Net, Trace
from ..train import Around, Distiller, Phase, Spot
from ..train.checks import same_classes
from ..train.objective import Terms
from .hinton import check_temperature
from .stronger import check_logits
from .tensors import centred_unit, full_precision, shape, softened_divergence

LEAST = 3  # classes: two z-scores tell the order and nothing else


@full_precision
def standardize(z: Float[Tensor, "B K *size"], correction: int = 0) -> Float[Tensor, "B K *size"]:
    """(z - mean) / std over the K classes of each sample: the same for m · z + c with any m > 0.

    std = √(Σ (z_k - mean)² / (K - correction)): with 0 the z-scores of a sample have the mean square 1; the authors'
    code has 1, the default of `torch.std`, which makes them smaller by √((K - 1) / K). Constant logits give zeros, with
    gradient zero; the authors divide by std + 10⁻⁷, whose gradient is 10⁷ there.

    >>> z = torch.tensor([[5.0, 1.0, 0.0]])
    >>> standardize(z).round(decimals=3)
    tensor([[ 1.3890, -0.4630, -0.9260]])
    >>> torch.allclose(standardize(z), standardize(3 * z + 7))
    True
    """
    K = z.shape[1] if z.ndim >= 2 else 0
    require(K > correction >= 0, f"standardize: logits of shape {shape(z)}; expected (B, K) with K ≥ 2", ShapeError)
    made: Tensor = torch.movedim(sqrt(K - correction) * centred_unit(torch.movedim(z, 1, -1)), -1, 1)
    return made


@full_precision
def standardized_loss(
    z_s: Float[Tensor, "B K *size"], z_t: Float[Tensor, "B K *size"], T: float = 2.0
) -> Float[Tensor, ""]:
    """`kd_loss` of the z-scores of both: T² · KL(softmax(Z(z_t) / T) ‖ softmax(Z(z_s) / T)), Z = `standardize`.

    Each sample of each net has a temperature of its own, T times the standard deviation of its logits; T is called the
    base temperature. Of two classes only the order is left, and no gradient. The teacher's side is constant. Raises
    `ShapeError` unless both are (B, K), or (B, K, H, W) of pixels, with K ≥ 2, `ConfigError` unless T > 0 and all
    logits are finite; warns if z_t are probabilities.

    >>> z = torch.tensor([[5.0, 1.0, 0.0]])
    >>> abs(standardized_loss(0.2 * z - 1, z).item()) < 1e-6, bool(standardized_loss(z.flip(1), z) > 0.1)
    (True, True)
    """
    check_logits("standardized_loss", z_s, z_t, T)
    if z_t.device.type == "cpu":  # on a GPU each answer is a wait
        told = "standardized_loss: a logit is no finite number, and has no z-score; raise -∞, such as by clamp(min=-30)"
        require(bool(z_s.isfinite().all() and z_t.isfinite().all()), told)
    return softened_divergence(standardize(z_s), standardize(z_t.detach()), T)


class Standardized(Distiller):
    """The student learns from its labels, and from the z-scores of the teacher's logits: which class before which, and
    by how much beside the others, but neither the level nor the range.

    L = cross-entropy + beta · `standardized_loss`. Samples without a label count in the second term only.

    beta = 9 and T = 2 are the defaults of the authors' code (github.com/sunshangquan/logit-standardization-KD), which
    gives the cross-entropy the weight 0.1 beside KD and 1 beside DKD. `StandardizedLogits` does the same to DKD.
    """

    needs_teacher = True
    tasks = (Classification, Dense)

    def __init__(self, student: Net, teacher: Net, beta: float = 9.0, T: float = 2.0) -> None:
        super().__init__(student, teacher, beta=beta, T=T)
        require(beta >= 0, f"beta={beta}: the weight of the teacher's term must not be negative")
        check_temperature(T)
        check_classes(student, teacher)
        self.beta, self.T = beta, T

    def spots(self) -> tuple[Spot, ...]:
        def loss(s: Trace, t: Trace) -> Float[Tensor, ""]:
            return softened_divergence(standardize(s.logits), standardize(t.logits.detach()), self.T)

        return (Spot("kd", loss, ("logits",), self.beta),)


class StandardizedLogits(Around):
    """Any method that compares logits and nothing else, given the z-scores of both nets in place of their logits.

        StandardizedLogits(Decoupled(student, teacher, alpha=9, beta=72, T=2))

    The task keeps the logits as they are, and all weights are the inner method's. Raises `ConfigError` for a method
    that reads other layers, and for fewer than 3 classes.
    """

    def __init__(self, inner: Distiller) -> None:
        super().__init__(inner)
        name = type(inner).__name__
        told = f"StandardizedLogits goes around a method with a teacher; {name} has none"
        require(inner.teacher is not None and bool(inner.spots()), told)
        others = sorted({str(layer) for spot in inner.spots() for layer in spot.layers} - {"logits"})
        told = f"StandardizedLogits goes around a method that reads logits alone; {name} reads {', '.join(others)}"
        require(not others and all(spot.layers for spot in inner.spots()), told)
        assert inner.teacher is not None
        check_classes(inner.student, inner.teacher)
        self.tasks = inner.tasks

    @property
    def graphable(self) -> bool:
        return self.inner.graphable

    def spots(self) -> tuple[Spot, ...]:
        def one(spot: Spot) -> Spot:
            return replace(spot, loss=lambda s, t: spot.loss(z_scored(s), z_scored(t)))

        return tuple(map(one, self.inner.spots()))

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        self.look_at(batch)
        return Distiller.losses(self, s, t, batch)

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        return Distiller.phases(self, epochs)

    step = Distiller.step


def z_scored(trace: Trace) -> Trace:
    """The trace with `standardize`d logits; all else is as it was.

    >>> z = torch.tensor([[5.0, 1.0, 0.0]])
    >>> trace = z_scored(kd.nets.Trace(None, (), torch.zeros(1, 2), z))
    >>> torch.equal(trace.logits, standardize(z))
    True
    """
    return Trace(trace.stem, trace.stages, trace.embedding, standardize(trace.logits), trace.relus)


def check_classes(student: Net, teacher: Net) -> None:
    """Raises `ConfigError` unless both nets tell the same classes apart, three or more.

    >>> check_classes(*(kd.nets.build("mlp8", classes=3) for _ in "st"))  # silent: they do
    """
    same_classes(student, teacher)
    told = f"the nets know {student.num_classes} classes, whose z-scores tell which is larger and no more"
    require(student.num_classes >= LEAST, f"{told}; standardised logits take at least {LEAST}")
