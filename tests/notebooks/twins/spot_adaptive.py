"""Decisions, as the lesson writes them and as the package does."""

from collections.abc import Sequence

from kdtutor.papers import spot_adaptive

from ...papers.oracle import oracle
from .kinds import Arguments, Reference, Twin, randn


def coins() -> Sequence[Arguments]:
    """A policy's logits, a temperature and noise."""
    return [(randn(B, 3, 2, seed=B), tau, randn(B, 3, 2, seed=B + 20)) for B, tau in ((4, 5.0), (1, 0.5))]


def coins_reference() -> Reference:
    case = oracle("gumbel_case1")
    return (case["in_logits"], 5.0, case["in_gumbel"]), case["out_hard"][..., 0], []


TWINS = {
    "decide_as_written": Twin(spot_adaptive.decide, coins, coins_reference),
}
