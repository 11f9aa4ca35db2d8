"""Lesson 04: its exercises, its studies and their stored numbers."""

from itertools import permutations

import pytest
import torch
from torch import Tensor

from kdtutor.course import check
from kdtutor.course.studies import matching as study
from kdtutor.course.studies.common import MINUTE
from kdtutor.papers import matching
from tests.course.agreement import computes


def test_the_functions_of_the_package_pass() -> None:
    def hungarian(cost: Tensor) -> float:
        return float((matching.assign(cost) * cost).sum())

    assert computes(check.flow_cost, matching.flow_cost) and computes(check.best_pairing, hungarian)


@pytest.mark.parametrize(("C_s", "G"), [(2, 2), (1, 3), (3, 1), (2, 3)])
def test_the_number_of_ways_is_that_of_brute_force(C_s: int, G: int) -> None:
    stacked = torch.rand(C_s, C_s * G, generator=torch.Generator().manual_seed(0)).double().repeat(G, 1)
    totals = [sum(float(stacked[i, k]) for i, k in enumerate(seats)) for seats in permutations(range(C_s * G))]
    assert sum(total < min(totals) + 1e-9 for total in totals) == check.ways._solution(C_s, G)


def test_the_predictions_are_true() -> None:
    """Over many random nets: the true ones never change the matrix, the false ones do at least once."""
    same = dict.fromkeys(check.same_pairing.truth, True)  # type: ignore[attr-defined]
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        s, t = torch.randn(4, 3, 4, 4, generator=generator), torch.randn(4, 6, 4, 4, generator=generator)
        order = torch.randperm(16, generator=generator)
        moved = [f.flatten(2)[..., order].view_as(f) for f in (s, t)]
        cost = matching.flow_cost(s, t)
        doubled, negated = s.clone(), s.clone()
        doubled[:, 1] *= 2
        negated[:, 1] *= -1
        row, column = cost.clone(), cost.clone()
        row[1] += 1
        column[:, 2] += 1
        changed = {
            "a student channel doubled": matching.flow_cost(doubled, t),
            "a student channel negated": matching.flow_cost(negated, t),
            "positions shuffled, both nets alike": matching.flow_cost(*moved),
            "two student channels swapped": matching.flow_cost(s[:, [1, 0, 2]], t),
            "1 added to one row of the costs": row,
            "1 added to one column of the costs": column,
            "every cost squared": cost.square(),
        }
        for statement, other in changed.items():
            same[statement] &= torch.equal(matching.assign(other), matching.assign(cost))
    assert check.same_pairing(lambda: same)


def test_every_method_fills_its_batches_and_takes_as_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    few = MINUTE.data().few_labels(2, seed=0)
    for case in study.STUDIES[1].cases:
        distiller, data = study.prepare(case["method"], study.student(3), few)
        assert sum(phase.epochs for phase in distiller.phases(4)) == 4
        assert len(data.train) >= 64, "a batch is full for every method"


def test_by_position_is_never_matched() -> None:
    few = MINUTE.data().few_labels(2, seed=0)
    distiller, _ = study.prepare("by position", study.student(0), few)
    before = [M.clone() for M in distiller.flows]  # type: ignore[attr-defined]
    study.train(distiller, few, 1, 0.1, 0)
    assert all(torch.equal(a, b) for a, b in zip(before, distiller.flows, strict=True))  # type: ignore[attr-defined]
    assert [row.nonzero().flatten().tolist() for row in before[0][:2]] == [[0, 4, 8, 12], [1, 5, 9, 13]]


def test_moved_counts_channels_with_a_new_owner() -> None:
    before, after = torch.eye(3), torch.eye(3)[[1, 0, 2]]
    assert study.moved(before, before) == 0 and study.moved(before, after) == 2


@pytest.mark.isa
@pytest.mark.parametrize("method", ["matched", "matched, sparse", "by position, later", "adapter"])
def test_the_smallest_run(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study, "EPOCHS", 4)
    row = study.learn({"method": method}, 0)
    assert all(0 <= value <= 1 for value in row.values()) and {"val", "test"} <= set(row)
    assert ("moved first" in row) == (method in ("matched", "matched, sparse"))
    if method == "matched":
        assert row == study.learn({"method": method}, 0), "equal seeds, equal numbers"
