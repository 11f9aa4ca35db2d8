"""Whether a net is as sure as it is right: its confidence held against its accuracy (Guo et al., ICML 2017)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..data import UNLABELLED
from ..errors import require

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """Predictions sorted by confidence, the probability of the predicted class, into bins of equal width.

    Bin m holds those with a confidence in ((m - 1) / M, m / M]. An empty bin has accuracy and confidence 0.
    """

    counts: Int[Tensor, " M"]
    accuracy: Float[Tensor, " M"]
    """Share of the predictions of a bin that are right."""
    confidence: Float[Tensor, " M"]
    """Their mean confidence."""

    @property
    def error(self) -> float:
        """The expected calibration error, ECE = Σ_m (n_m / N) · |accuracy_m - confidence_m|; 0 is perfect."""
        return float((self.counts * (self.accuracy - self.confidence).abs()).sum() / self.counts.sum())

    @property
    def gap(self) -> float:
        """Mean confidence minus accuracy over all predictions: above 0 the net is surer than it is right."""
        return float((self.counts * (self.confidence - self.accuracy)).sum() / self.counts.sum())


def calibration(logits: Float[Tensor, "N K"], labels: Int[Tensor, " N"], bins: int = BINS) -> Calibration:
    """The calibration of the labelled predictions. Raises `ConfigError` without any, or for less than one bin.

    >>> sure = torch.tensor([[50.0, 0.0], [50.0, 0.0]])  # of class 0, and right once
    >>> calibration(sure, torch.tensor([0, 1])).error
    0.5
    """
    require(bins >= 1, f"bins={bins}: at least one is needed")
    known = labels != UNLABELLED
    require(bool(known.any()), f"none of the {len(labels)} images has a label; calibration needs at least one that has")
    confidence, predicted = logits[known].double().softmax(1).max(1)
    right = (predicted == labels[known]).double()
    bin_of = ((confidence * bins).ceil().long() - 1).clamp(0, bins - 1)
    counts = torch.bincount(bin_of, minlength=bins)
    each = counts.clamp(min=1)
    mean = [torch.bincount(bin_of, weights=values, minlength=bins) / each for values in (right, confidence)]
    return Calibration(counts, *mean)
