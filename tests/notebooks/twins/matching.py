"""Flows of channels, as the lesson writes them and as the package does."""

from collections.abc import Sequence

import torch

from kdtutor.papers import matching

from ...papers.oracle import oracle
from .kinds import Arguments, Reference, Twin, randn


def maps_to_match() -> Sequence[Arguments]:
    return [(randn(3, C_s, 5, 2, seed=C_s), 2 * randn(3, C_t, 5, 2, seed=C_t)) for C_s, C_t in ((3, 6), (4, 4), (1, 5))]


def costs_to_assign() -> Sequence[Arguments]:
    return [(randn(C_s, C_t, seed=C_t).abs(),) for C_s, C_t in ((3, 6), (4, 4), (1, 5), (4, 12))]


def maps_and_flows() -> Sequence[Arguments]:
    return [(randn(2, cost.shape[1], 3, 4, seed=7), matching.assign(cost)) for (cost,) in costs_to_assign()]


def flow_cost_reference() -> Reference:
    """The reference takes the mean over two batches."""
    case = oracle("mgd_case1")
    f_s, f_t = (torch.cat([case[f"in_track{i}_{who}0"] for i in (0, 1)]) for who in "st")
    return (f_s, f_t), case["out_cost0"], []


def assign_reference() -> Reference:
    case = oracle("mgd_case1")
    return (case["out_cost1"],), case["out_flow_M_dense1"].double(), []


def absolute_max_reference() -> Reference:
    case = oracle("mgd_case1")
    return (case["in_t1"], case["out_flow_M_dense1"].double()), case["out_amp_reduced_t1"], []


TWINS = {
    "flow_cost_as_written": Twin(matching.flow_cost, maps_to_match, flow_cost_reference),
    "assign_by_copies": Twin(matching.assign, costs_to_assign, assign_reference),
    "absolute_max": Twin(matching.reduce, maps_and_flows, absolute_max_reference),
}
