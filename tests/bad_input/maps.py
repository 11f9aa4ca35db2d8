"""Losses and methods of feature maps."""

import torch
from torch import zeros

from kdtutor import ConfigError, ShapeError, UnknownName, nets
from kdtutor.papers import attention, boundaries, fitnets, fsp, matching, overhaul

from .kinds import Bad, net

BAD: dict[str, Bad] = {
    "maps without channels": Bad(
        lambda _: fsp.fsp_matrix(zeros(2, 4, 4), zeros(2, 3, 4, 4)), ShapeError, ("(2, 4, 4)", "expected (B, C, H, W)"),
    ),
    "maps of two batches": Bad(
        lambda _: fsp.fsp_matrix(zeros(2, 3, 4, 4), zeros(3, 3, 4, 4)), ShapeError,
        ("(2, 3, 4, 4)", "(3, 3, 4, 4)", "with one B"),
    ),
    "unknown pooling": Bad(
        lambda _: fsp.fsp_matrix(zeros(2, 3, 4, 4), zeros(2, 3, 2, 2), pool="mean"), ConfigError,
        ("pool='mean'", "'max'", "'avg'"),
    ),
    "one map is no flow": Bad(
        lambda _: fsp.fsp_loss([zeros(2, 3, 4, 4)], [zeros(2, 3, 4, 4)]), ShapeError, ("1 student maps", "≥ 2"),
    ),
    "maps of other widths": Bad(
        lambda _: fsp.fsp_loss([zeros(2, 3, 4, 4)] * 2, [zeros(2, 5, 4, 4)] * 2), ShapeError,
        ("(2, 3, 3)", "(2, 5, 5)"),
    ),
    "nets with other stages": Bad(
        lambda _: fsp.FSP(net(), nets.build("lenet5", classes=10, channels=1)), ConfigError,
        ("the student has 4 taps, the teacher 3", "the same number of stages"),
    ),
    "nothing but the first phase": Bad(
        lambda _: fsp.FSP(net(), net(), flow_epochs=8).phases(8), ConfigError,
        ("flow_epochs=8 of 8", "at least one epoch"),
    ),
    "another map than the hint": Bad(
        lambda _: fitnets.hint_loss(zeros(2, 3, 4, 4), zeros(2, 5, 4, 4)), ShapeError,
        ("(2, 3, 4, 4)", "(2, 5, 4, 4)", "must be equal"),
    ),
    "no convolution between two sizes": Bad(
        lambda _: fitnets.Regressor(3, 5, (4, 9), (5, 3)), ShapeError, ("4×9 to 5×3", "bring both to one size first"),
    ),
    "a layer that is not there": Bad(
        lambda _: fitnets.FitNets(net(), net(), layer=4), ConfigError, ("layer=4", "layers 0 to 3", "0 is the stem"),
    ),
    "a hint that learns backwards": Bad(
        lambda _: fitnets.FitNets(net(), net(), hint_lr=-1.0), ConfigError, ("hint_lr=-1.0", "a positive number"),
    ),
    "a root of the activations": Bad(
        lambda _: attention.Attention(net(), net(), p=0.5), ConfigError, ("p=0.5", "at least 1", "2 is the paper's"),
    ),
    "attention of a vector": Bad(
        lambda _: attention.attention_map(zeros(2, 3)), ShapeError, ("(2, 3)", "expected (B, C, H, W)"),
    ),
    "a negative weight": Bad(
        lambda _: attention.Attention(net(), net(), beta=-1), ConfigError, ("beta=-1", "must not be negative"),
    ),
    "features and other classes": Bad(
        lambda _: attention.Attention(net(), net(classes=5), alpha=0.5), ConfigError,
        ("5 classes", "the student 10", "set alpha=0"),
    ),
    "no margin": Bad(
        lambda _: boundaries.boundary_loss(zeros(1, 1), zeros(1, 1), margin=0), ConfigError,
        ("margin=0", "the paper's is 1"),
    ),
    "all epochs for the boundaries": Bad(
        lambda _: boundaries.ActivationBoundaries(net(), net(), boundary_epochs=4).phases(4), ConfigError,
        ("boundary_epochs=4 of 4", "at least one epoch must be left"),
    ),
    "margins without a batch norm": Bad(
        lambda _: overhaul.Overhaul(net(), nets.build("lenet5", classes=10, channels=1)), ConfigError,
        ("stage 1 of lenet5", "overhaul.measured_margin"),
    ),
    "margins of another net": Bad(
        lambda _: overhaul.Overhaul(net(), net(), margins=[zeros(3)]), ConfigError, ("(3,) values", "(4, 8, 16)"),
    ),
    "unknown position": Bad(
        lambda _: overhaul.Overhaul(net(), net(), position="per"), UnknownName, ("'per'", "Did you mean 'pre'?"),
    ),
    "a teacher with fewer channels": Bad(
        lambda _: matching.MatchingGuided(nets.build("resnet8", classes=10, channels=1), net()), ConfigError,
        ("resnet8 has 16 channels", "resnet8x0.25 has 4", "the teacher needs as many"),
    ),
    "costs that are no numbers": Bad(
        lambda _: matching.assign(torch.full((2, 2), torch.nan)), ConfigError, ("NaN", "diverging"),
    ),
    "a flow of another width": Bad(
        lambda _: matching.reduce(zeros(1, 4, 2, 2), zeros(2, 5)), ShapeError, ("(1, 4, 2, 2)", "(2, 5)"),
    ),
    "never matched": Bad(
        lambda _: matching.MatchingGuided(net(), net(), every=0), ConfigError, ("every=0", "at least 1"),
    ),
}  # fmt: skip
