"""Hints and attention maps, as the lesson writes them and as the package does."""

from collections.abc import Sequence

from kdtutor.papers import attention, fitnets

from ...papers.oracle import oracle
from .kinds import Arguments, Reference, Twin, maps, pairs_of_equal_maps, randn


def hint_reference() -> Reference:
    """The reference's map behind its regressor; its gradients belong to what comes before."""
    case = oracle("fitnet_case1")
    return (case["out_regressed"], case["in_t"]), case["out_loss"], []


def maps_and_powers() -> Sequence[Arguments]:
    return [(randn(3, 4, 5, 2, seed=seed), p) for seed, p in enumerate((1, 2, 3.5, 8))]


def two_stages() -> Sequence[Arguments]:
    s, t = ((3, 4, 6, 5), (3, 2, 3, 2)), ((3, 7, 6, 5), (3, 5, 3, 2))
    return [(maps(*s[:n]), maps(*t[:n], seed=10), p) for n, p in ((1, 2), (2, 2), (2, 4))]


def at_reference() -> Reference:
    case = oracle("at_case1")
    s, t, gradients = ([case[f"{name}{n}"] for n in range(2)] for name in ("in_s", "in_t", "grad_s"))
    return (s, t), case["out_loss"], gradients


TWINS = {
    "hint_loss_as_written": Twin(fitnets.hint_loss, pairs_of_equal_maps, hint_reference),
    "attention_map_as_written": Twin(attention.attention_map, maps_and_powers),
    "at_loss_as_written": Twin(attention.at_loss, two_stages, at_reference),
}
