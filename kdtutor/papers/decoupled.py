"""Decoupled Knowledge Distillation (Zhao, Cui, Song, Qiu, Liang; CVPR 2022): the target class apart from the others."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ..data import UNLABELLED, Batch
from ..errors import ShapeError, require
from ..nets import Net, Trace
from ..train import Distiller, Spot
from ..train.checks import same_classes, warn_of_probabilities
from ..train.objective import Terms
from .hinton import check_temperature
from .tensors import check_labels, full_precision, relative_entropy, same_shape, shape

LOWEST = -1e30  # stands for a logit of -∞, whose differences would be no numbers


@full_precision
def tckd_loss(
    z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"], labels: Int[Tensor, " B"], T: float = 4.0
) -> Float[Tensor, ""]:
    """T² · KL(b_t ‖ b_s) in nats, mean over the labelled samples; b = (p_target, 1 - p_target), p = softmax(z / T).

    Target class knowledge distillation (§3.1): how sure the teacher is of the label. 0 where no sample is labelled.

    >>> z_s, z_t, y = torch.tensor([[2.0, 1.0, 0.0]]), torch.tensor([[2.0, 0.0, 1.0]]), torch.tensor([0])
    >>> abs(tckd_loss(z_s, z_t, y).item()) < 1e-6  # both give class 0 the same probability
    True
    """
    _check_numbers("tckd_loss", z_s, z_t, labels, T)
    return _tckd(z_s, z_t, labels, T)


@full_precision
def _tckd(
    z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"], labels: Int[Tensor, " B"], T: float
) -> Float[Tensor, ""]:
    _check("tckd_loss", z_s, z_t, labels, T)
    kl = relative_entropy(_log_target_or_not(z_t.detach(), labels, T), _log_target_or_not(z_s, labels, T)).sum(1)
    return T**2 * _labelled_mean(kl, labels)


@full_precision
def nckd_loss(
    z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"], labels: Int[Tensor, " B"], T: float = 4.0
) -> Float[Tensor, ""]:
    """T² · KL(p̂_t ‖ p̂_s) in nats, mean over the labelled samples, with p̂ = softmax(z / T) over all but the target.

    Non-target class knowledge distillation (§3.1): what the label is like, had it to be another. 0 for two classes.

    >>> z_s, z_t, y = torch.tensor([[2.0, 1.0, 0.0]]), torch.tensor([[5.0, 1.0, 0.0]]), torch.tensor([0])
    >>> abs(nckd_loss(z_s, z_t, y).item()) < 1e-6  # the others are alike, whatever the target is
    True
    """
    _check_numbers("nckd_loss", z_s, z_t, labels, T)
    return _nckd(z_s, z_t, labels, T)


@full_precision
def _nckd(
    z_s: Float[Tensor, "B K"], z_t: Float[Tensor, "B K"], labels: Int[Tensor, " B"], T: float
) -> Float[Tensor, ""]:
    _check("nckd_loss", z_s, z_t, labels, T)
    log_p_s, log_p_t = (F.log_softmax(_apart(z, labels, T)[1], 1) for z in (z_s, z_t.detach()))
    return T**2 * _labelled_mean(relative_entropy(log_p_t, log_p_s).sum(1), labels)


def dkd_loss(
    z_s: Float[Tensor, "B K"],
    z_t: Float[Tensor, "B K"],
    labels: Int[Tensor, " B"],
    alpha: float = 1.0,
    beta: float = 8.0,
    T: float = 4.0,
) -> Float[Tensor, ""]:
    """alpha · `tckd_loss` + beta · `nckd_loss` (§3.3).

    `kd_loss` is the same with alpha = 1 and, sample by sample, beta = 1 - p_target of the teacher: the surer the
    teacher, the less is learnt from the other classes. Samples without a label (`UNLABELLED`) have no target class and
    count in neither part; the teacher's side is constant. Raises `ShapeError` unless the logits are both `(B, K)` with
    K ≥ 2 and the labels `(B,)`, `ConfigError` unless T > 0; warns if z_t are probabilities.

    >>> z_s, z_t, y = torch.zeros(1, 3), torch.tensor([[2.0, 0.0, 1.0]]), torch.tensor([0])
    >>> bool(dkd_loss(z_s, z_t, y) > 0), dkd_loss(z_t, z_t, y).item()
    (True, 0.0)
    """
    return alpha * tckd_loss(z_s, z_t, labels, T) + beta * nckd_loss(z_s, z_t, labels, T)


class Decoupled(Distiller):
    """The student learns from its labels, and from the teacher's logits in two parts that are weighed apart.

    L = cross-entropy + alpha · `tckd_loss` + beta · `nckd_loss`. Samples without a label teach nothing here.

    The paper has alpha = 1 and T = 4, and a beta for each pair of nets. The authors' code
    (github.com/megvii-research/mdistiller) sets 2 to 8 for its pairs on CIFAR-100, and lets both weights rise in a
    straight line over the first 20 epochs; that warm-up is left out here, where a phase has constant weights.
    """

    needs_teacher = True
    mixes = False  # the logits are taken apart by the class
    labels: Int[Tensor, " B"] | None
    """The labels of the samples whose traces the spots are given next, set by `look_at`."""

    def __init__(self, student: Net, teacher: Net, alpha: float = 1.0, beta: float = 8.0, T: float = 4.0) -> None:
        super().__init__(student, teacher, alpha=alpha, beta=beta, T=T)
        require(alpha >= 0, f"alpha={alpha}: the weight of the target class must not be negative")
        require(beta >= 0, f"beta={beta}: the weight of the other classes must not be negative")
        check_temperature(T)
        same_classes(student, teacher)
        require(student.num_classes >= 2, "the nets know one class; to tell it from others takes at least 2")
        self.alpha, self.beta, self.T = alpha, beta, T
        self.labels = None

    def spots(self) -> tuple[Spot, ...]:
        def part(name: str, loss: Callable[..., Tensor], weight: float) -> Spot:
            return Spot(name, lambda s, t: loss(s.logits, t.logits, self._labels(), self.T), ("logits",), weight)

        return part("tckd", _tckd, self.alpha), part("nckd", _nckd, self.beta)

    def look_at(self, batch: Batch) -> None:
        self.labels = batch.labels

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        self.look_at(batch)
        return super().losses(s, t, batch)

    def _labels(self) -> Int[Tensor, " B"]:
        require(self.labels is not None, "the spots need the labels of the batch; call look_at(batch) before them")
        assert self.labels is not None
        return self.labels


def _apart(
    z: Float[Tensor, "B K"], labels: Int[Tensor, " B"], T: float
) -> tuple[Float[Tensor, " B"], Float[Tensor, "B K-1"]]:
    """z / T of the target class, and of the others in their order. A sample without a label gets any target."""
    z = (z / T).clamp(min=LOWEST)
    target = labels.clamp(min=0)[:, None].long()  # B 1
    others = torch.arange(z.shape[1] - 1, device=z.device)
    return z.gather(1, target)[:, 0], z.gather(1, others + (others >= target))


def _log_target_or_not(z: Float[Tensor, "B K"], labels: Int[Tensor, " B"], T: float) -> Float[Tensor, "B 2"]:
    """log p_target and log(1 - p_target), the second without taking a small difference."""
    target, others = _apart(z, labels, T)
    lead = target - others.logsumexp(1)
    return F.logsigmoid(torch.stack([lead, -lead], 1))


def _labelled_mean(values: Float[Tensor, " B"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    known = labels != UNLABELLED
    return torch.where(known, values, 0.0).sum() / known.sum().clamp(min=1)


def _check(loss: str, z_s: Tensor, z_t: Tensor, labels: Tensor, T: float) -> None:
    check_temperature(T)
    if z_s.ndim != 2 or len(z_s) == 0 or z_s.shape[1] < 2:
        raise ShapeError(f"{loss}: the student's logits have shape {shape(z_s)}; expected (B, K) with B ≥ 1 and K ≥ 2")
    same_shape(z_s, z_t, f"{loss}, logits")
    if labels.shape != z_s.shape[:1]:
        raise ShapeError(f"{loss}: the labels have shape {shape(labels)} and the logits {shape(z_s)}; expected (B,)")


def _check_numbers(loss: str, z_s: Tensor, z_t: Tensor, labels: Tensor, T: float) -> None:
    """What the numbers themselves tell; a run has asked before its first step."""
    _check(loss, z_s, z_t, labels, T)
    if z_t.device.type == "cpu":  # on a GPU each answer is a wait
        warn_of_probabilities(z_t, f"{loss}: the teacher's logits")
    check_labels(labels, z_s.shape[1], loss)
