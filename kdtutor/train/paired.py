"""Two nets on the same images: where they agree, who is right where they do not, and what the difference is worth."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from ..errors import require
from .evaluation import Evaluation


@dataclass(frozen=True)
class Paired:
    """How often which of two nets is right; `first` and `second` count the images that it alone gets right."""

    both: int
    first: int
    second: int
    neither: int
    agreement: float
    """Share of the images to which both nets give the same class."""

    @property
    def total(self) -> int:
        """How many images both were asked about."""
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> float:
        """Accuracy of the first minus that of the second."""
        return (self.first - self.second) / self.total

    @property
    def error(self) -> float:
        """The standard error of the difference, paired over the images: √(b + c - (b - c)² / N) / N, where b and c
        count the images that one net alone gets right (McNemar, 1947)."""
        b, c = self.first, self.second
        return math.sqrt(b + c - (b - c) ** 2 / self.total) / self.total

    @property
    def p(self) -> float:
        """How probable so uneven a split of the b + c images is where both nets are equally good: McNemar's exact test,
        two-sided."""
        from scipy.stats import binomtest  # here: it takes long to import

        unlike = self.first + self.second
        return float(binomtest(self.first, unlike, 0.5).pvalue) if unlike else 1.0


def paired(first: Evaluation, second: Evaluation) -> Paired:
    """Compare two nets on the labelled images of one split.

    Raises `ConfigError` where the evaluations are not of the same labels.

    >>> labels = torch.tensor([0, 1, 1])
    >>> one, other = torch.eye(2)[[0, 1, 0]], torch.eye(2)[[0, 0, 0]]
    >>> paired(kd.train.Evaluation(one, labels), kd.train.Evaluation(other, labels)).difference
    0.3333333333333333
    """
    right, also = _right(first), _right(second)
    same = len(right) == len(also) and torch.equal(first.labels.cpu(), second.labels.cpu())
    require(same, "the two nets were asked about other images: their labels differ; evaluate both on one split")
    known = first.labelled.cpu()
    agree = (first.predictions.cpu() == second.predictions.cpu())[known]
    one, two = right[known], also[known]
    count = {name: int(rows.sum()) for name, rows in {
        "both": one & two, "first": one & ~two, "second": ~one & two, "neither": ~one & ~two,
    }.items()}  # fmt: skip
    return Paired(**count, agreement=float(agree.double().mean()))


def _right(evaluation: Evaluation) -> Bool[Tensor, " N"]:
    evaluation.accuracy  # raises where nothing has a label, or no class is told  # noqa: B018
    return (evaluation.predictions == evaluation.labels).cpu()
