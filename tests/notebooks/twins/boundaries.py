"""Sides, as the lesson writes them and as the package does."""

from collections.abc import Sequence

from kdtutor.papers import boundaries

from ...papers.oracle import oracle
from .kinds import Arguments, Reference, Twin, maps, randn


def two_maps_and_a_margin() -> Sequence[Arguments]:
    """The teacher has zeros, which count as silent."""
    t = randn(3, 4, 5, 2, seed=3)
    return [(randn(3, 4, 5, 2, seed=1), target, margin) for target, margin in ((t, 1.0), (t.relu(), 0.3))]


def two_traces() -> Sequence[Arguments]:
    shapes = ((3, 4, 5, 2), (3, 6, 2, 2), (3, 2, 1, 1))
    return [(maps(*shapes[:n]), maps(*shapes[:n], seed=10), margin) for n, margin in ((1, 1.0), (3, 0.7))]


def boundary_reference() -> Reference:
    """The reference sums over the batch."""
    case = oracle("ab_case1")
    return (case["in_s1"], case["in_t1"]), case["out_raw_sum1"] / len(case["in_s1"]), []


def ab_reference() -> Reference:
    """The reference multiplies by 3/1000."""
    case = oracle("ab_case1")
    s, t, gradients = ([case[f"{name}{n}"] for n in range(3)] for name in ("in_s", "in_t", "grad_s"))
    return (s, t), case["out_loss"] / 0.003, [gradient / 0.003 for gradient in gradients]


def sides_reference() -> Reference:
    """13 of 32: a share that has no rounding error."""
    case = oracle("ab_case1")
    return (case["in_s0"], case["in_t0"]), case["out_boundary_disagreement0"].float(), []


TWINS = {
    "disagreement_as_written": Twin(boundaries.disagreement, lambda: [two_maps_and_a_margin()[0][:2]], sides_reference),
    "boundary_loss_as_written": Twin(boundaries.boundary_loss, two_maps_and_a_margin, boundary_reference),
    "ab_loss_as_written": Twin(boundaries.ab_loss, two_traces, ab_reference),
}
