"""Losses and methods of logits, embeddings and decisions."""

import torch
from torch import zeros

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, UnknownName, data
from kdtutor.papers import attention, contrastive, correlation, factor, hinton, related, relational, spot_adaptive
from kdtutor.train import Alone

from .kinds import Bad, digits, net


def contrast(rows: torch.Tensor) -> None:
    """A batch that names these rows, for the contrastive memory of the digits."""
    method = contrastive.Contrastive(net(), net())
    method.begin(digits())
    images = zeros(2, 1, 28, 28)
    method.features(method.student.trace(images), method.teacher_trace(images), data.Batch(images, rows, rows))


BAD: dict[str, Bad] = {
    "unknown method": Bad(
        lambda _: kd.papers.method("hinto"), UnknownName,
        ("'hinto' is not a known method", "Did you mean 'hinton' (KD)?"),
    ),
    "temperature 0": Bad(
        lambda _: hinton.kd_loss(zeros(2, 3), zeros(2, 3), T=0), ConfigError,
        ("T=0", "the temperature must be positive"),
    ),
    "logits over other classes": Bad(
        lambda _: hinton.kd_loss(zeros(2, 3), zeros(2, 4)), ShapeError, ("(2, 3)", "(2, 4)", "must be equal"),
    ),
    "logits without a batch": Bad(
        lambda _: hinton.kd_loss(zeros(3), zeros(3)), ShapeError, ("shape (3,)", "expected (B, K)"),
    ),
    "more than all of the teacher": Bad(
        lambda _: hinton.Hinton(net(), net(), alpha=2), ConfigError, ("alpha=2", "must lie in 0…1"),
    ),
    "a teacher of other classes": Bad(
        lambda _: hinton.Hinton(net(), net(classes=5)), ConfigError,
        ("5 classes", "the student 10", "the same classes"),
    ),
    "decisions about two answers": Bad(
        lambda _: spot_adaptive.decide(zeros(4, 6)), ShapeError, ("(4, 6)", "(B, spots, 2)"),
    ),
    "coins without a temperature": Bad(
        lambda _: spot_adaptive.decide(zeros(4, 3, 2), tau=0), ConfigError, ("tau=0", "must be positive"),
    ),
    "a strategy that is none": Bad(
        lambda _: spot_adaptive.SpotAdaptive(attention.Attention(net(), net()), "sometimes"), UnknownName,
        ("sometimes", "adaptive"),
    ),
    "spots of a method without any": Bad(
        lambda _: spot_adaptive.SpotAdaptive(Alone(net())), ConfigError, ("Alone", "no teacher or no spots"),
    ),
    "embeddings of two batches": Bad(
        lambda _: relational.rkd_loss(zeros(2, 3), zeros(4, 3)), ShapeError, ("(2, 3)", "(4, 3)", "the same samples"),
    ),
    "no relation": Bad(
        lambda _: relational.Relational(net(), net(), distance=0, angle=0), ConfigError,
        ("distance=0, angle=0", "one must be positive"),
    ),
    "scales of other channels": Bad(
        lambda _: related.variational_loss(zeros(2, 3), zeros(2, 3), zeros(4)), ShapeError, ("(2, 3)", "(4,)"),
    ),
    "a kernel without width": Bad(
        lambda _: related.correlation_loss(zeros(2, 3), zeros(2, 3), gamma=0), ConfigError,
        ("gamma=0", "a positive number"),
    ),
    "unknown form": Bad(
        lambda _: correlation.Correlation(net(), net(), form="kernle"), UnknownName,
        ("'kernle'", "Did you mean 'kernel'?"),
    ),
    "a factor of nothing": Bad(
        lambda _: factor.Factor(net(), net(), rate=0), ConfigError, ("rate=0", "0.5 is usual"),
    ),
    "no negatives": Bad(
        lambda _: contrastive.Contrastive(net(), net(), negatives=0), ConfigError,
        ("negatives=0", "at least one other"),
    ),
    "nothing to contrast": Bad(
        lambda _: contrastive.Negatives(torch.tensor([1])), ConfigError, ("1 images", "at least 2"),
    ),
    "rows that the memory lacks": Bad(
        lambda _: contrast(torch.tensor([-1, 3])), ConfigError,
        ("from -1 to 3", "the rows 0 to 3499", "a source whose batches name those"),
    ),
}  # fmt: skip
