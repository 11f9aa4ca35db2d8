"""The three losses, as the lesson writes them and as the package does."""

import math
from collections.abc import Sequence

from kdtutor.papers import data_free

from ...papers.oracle import oracle
from .kinds import Arguments, Reference, Twin, randn


def answers() -> Sequence[Arguments]:
    return [(3 * randn(B, K, seed=B),) for B, K in ((6, 10), (1, 3), (20, 4))]


def data_free_reference(what: str, name: str, factor: float = 1.0) -> Reference:
    case = oracle("dafl_losses_case1")
    return (case[f"teacher_{what}"],), factor * case[f"loss_{name}"], [factor * case[f"grad_loss_{name}"]]


def one_hot_reference() -> Reference:
    return data_free_reference("logits", "one_hot")


def activation_reference() -> Reference:
    return data_free_reference("feat", "activation")


def entropy_reference() -> Reference:
    """The reference takes logarithms to base 10."""
    return data_free_reference("logits", "information_entropy", math.log(10))


TWINS = {
    "one_hot_loss_as_written": Twin(data_free.one_hot_loss, answers, one_hot_reference),
    "activation_loss_as_written": Twin(data_free.activation_loss, answers, activation_reference),
    "entropy_loss_as_written": Twin(data_free.entropy_loss, answers, entropy_reference),
}
