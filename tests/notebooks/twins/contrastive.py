"""Contrast, parts of KL, correlations and z-scores, as the lesson writes them and as the package does."""

import torch

from kdtutor.papers import contrastive, decoupled, standardized, stronger

from .kinds import Arguments, Twin, logits, randn


def scores() -> list[Arguments]:
    return [(2 * randn(B, 1 + K, seed=B) - 4, rows) for B, K, rows in ((4, 6, 20), (1, 3, 9))]


def labelled() -> list[Arguments]:
    return [(z_s, z_t, torch.arange(len(z_s)) % z_s.shape[1], T) for z_s, z_t, T in logits()]


def batches() -> list[Arguments]:
    """Several samples: one alone does not correlate with itself over the batch."""
    return [case for case in logits() if len(case[0]) > 1]


def alone() -> list[Arguments]:
    return [(z_s,) for z_s, _, _ in logits()]


TWINS = {
    "nce_as_written": Twin(contrastive.nce_loss, scores),
    "tckd_as_written": Twin(decoupled.tckd_loss, labelled),
    "nckd_as_written": Twin(decoupled.nckd_loss, labelled),
    "inter_as_written": Twin(stronger.inter_class_loss, logits),
    "intra_as_written": Twin(stronger.intra_class_loss, batches),
    "standardize_as_written": Twin(standardized.standardize, alone),
    "z_kd_as_written": Twin(standardized.standardized_loss, logits),
}
