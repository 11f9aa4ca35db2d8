"""Be Your Own Teacher (Zhang, Song, Gao, Chen, Bao, Ma; ICCV 2019): a net's deepest classifier teaches those at its
shallower stages."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ..data import UNLABELLED, Batch, Data, Split
from ..errors import ShapeError, require
from ..nets import MultiExit, Net, Trace
from ..train import Distiller, evaluate
from ..train.objective import Terms
from .hinton import check_temperature
from .tensors import check_labels, full_precision, same_shape, shape, softened_divergence


@full_precision
def feature_loss(f: Float[Tensor, "B D"], deepest: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    """‖f - deepest‖² of each sample, mean over the B samples: an exit's features against those that the deepest
    classifier reads. The deepest side is constant.

    >>> feature_loss(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 5.0]])).item()
    9.0
    """
    fits = f.ndim == 2 and len(f) > 0
    require(fits, f"feature_loss: the features have shape {shape(f)}; expected (B, D) with B ≥ 1", ShapeError)
    same_shape(f, deepest, "feature_loss, features")
    return (f - deepest.detach()).square().sum(1).mean()


@full_precision
def own_teacher_loss(
    logits: Sequence[Float[Tensor, "B K"]],
    features: Sequence[Float[Tensor, "B D"]],
    labels: Int[Tensor, " B"],
    alpha: float = 0.3,
    beta: float = 0.03,
    T: float = 3.0,
) -> Float[Tensor, ""]:
    """What a net with exits minimises, given the logits and features of its exits, the deepest last:

    CE(z_C, y) + Σ_i [(1 - alpha) · CE(z_i, y) + alpha · T² · KL(q_C ‖ q_i) + beta · ‖F_i - F_C‖²], over all exits i but
    the deepest, C, with q = softmax(z / T). The deepest is constant where it teaches. Samples without a label count in
    the second and third term only. Raises `ShapeError` unless there are equally many of both, at least 2.

    >>> z, f, y = torch.tensor([[5.0, 0.0]]), torch.zeros(1, 3), torch.tensor([0])
    >>> alone = torch.nn.functional.cross_entropy(z, y)
    >>> torch.allclose(own_teacher_loss([z, z], [f, f], y, alpha=0.3), 1.7 * alone)  # the exits agree
    True
    """
    count = len(logits)
    told = f"own_teacher_loss: logits of {count} exits, features of {len(features)}; expected as many, at least 2"
    require(count == len(features) >= 2, told, ShapeError)
    check_temperature(T)
    check_labels(labels, logits[-1].shape[1], "own_teacher_loss")
    total = _task(logits[-1], labels)
    for z, f in zip(logits[:-1], features[:-1], strict=True):
        same_shape(z, logits[-1], "own_teacher_loss, logits")
        total = total + (1 - alpha) * _task(z, labels) + alpha * softened_divergence(z, logits[-1], T)
        total = total + beta * feature_loss(f, features[-1])
    return total


class OwnTeacher(Distiller):
    """A net with exits, whose deepest classifier teaches the others; it has no other teacher. `own_teacher_loss`, with
    the paper's λ called `beta`.

    alpha = beta = 0 is deep supervision: every exit learns from the labels alone.

    alpha = 0.3, beta = 0.03 and T = 3 are those of the authors' code
    (github.com/ArchipLab-LinfengZhang/pytorch-self-distillation-final, of a later version of the paper), which differs
    from this formula: it has no T², and takes the norm of the whole batch instead of the mean of squared norms.
    """

    student: MultiExit

    def __init__(self, student: Net, alpha: float = 0.3, beta: float = 0.03, T: float = 3.0) -> None:
        super().__init__(student, alpha=alpha, beta=beta, T=T)
        told = f"{student.name} has no exits to teach; build it with exits=True, or put nets.MultiExit(net) around it"
        require(isinstance(student, MultiExit), told)
        require(0 <= alpha <= 1, f"alpha={alpha}: the share of the deepest exit must lie in 0…1")
        require(beta >= 0, f"beta={beta}: the weight of the features must not be negative")
        check_temperature(T)
        self.alpha, self.beta, self.T = alpha, beta, T

    def weights(self) -> dict[str, float]:
        share = {"task": 1 - self.alpha, "kd": self.alpha, "feature": self.beta}
        early = range(1, len(self.student.widths))
        return {"task": 1.0, **{f"{name}{i}": weight for i in early for name, weight in share.items()}}

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        """Cross-entropy of the deepest exit ("task"), and of each other one "task1", "kd1", "feature1", …"""
        *early, deepest = self.student.answers(s)
        terms = {"task": batch.task.loss(s.logits, batch.labels)}
        for i, (features, logits) in enumerate(early, start=1):
            terms[f"task{i}"] = batch.task.loss(logits, batch.labels)
            terms[f"kd{i}"] = softened_divergence(logits, deepest.logits, self.T)
            terms[f"feature{i}"] = feature_loss(features, deepest.features)
        return terms

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        """Of the deepest exit as of any net, and the accuracy of exit 1, 2, … as "exit1", "exit2", …"""
        early = range(1, len(self.student.widths))
        exits = {f"exit{i}": evaluate(self.student.at(i), split, data).accuracy for i in early}
        return {**super().measure(split, data), **exits}


def _task(logits: Float[Tensor, "B K"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    """Cross-entropy, mean over the labelled samples; 0 if none is labelled."""
    known = (labels != UNLABELLED).sum().clamp(min=1)
    return F.cross_entropy(logits, labels.long(), ignore_index=UNLABELLED, reduction="sum") / known
