"""Lesson 02: its exercises, its studies and their stored numbers."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kdtutor.course import check
from kdtutor.course.studies import fitnets as study
from kdtutor.course.studies import stored_results
from kdtutor.papers.attention import attention_map, pair_loss
from tests.course.agreement import computes
from tests.papers.oracle import oracle


def test_the_mistakes_as_a_reader_makes_them() -> None:
    def teacher_learns(f_s: Tensor, f_t: Tensor) -> Tensor:
        size = min(f_s.shape[2], f_t.shape[2]), min(f_s.shape[3], f_t.shape[3])
        a_s, a_t = (attention_map(F.adaptive_avg_pool2d(f, size)) for f in (f_s, f_t))
        return F.mse_loss(a_s, a_t)

    assert "the teacher's side" in check.at_pair(teacher_learns).sentence
    assert computes(check.at_pair, pair_loss)


def test_the_form_of_the_paper_is_that_of_the_reference() -> None:
    case = oracle("at_case1")
    pairs = [(case[f"in_s{i}"], case[f"in_t{i}"]) for i in range(2)]
    ours = sum(check.at_norm._solution(*pair) for pair in pairs)
    ratio = case["out_torchdistill_paper"] / ours
    assert math.isclose(round(float(ratio)), float(ratio), rel_tol=1e-9), "equal up to a whole factor"


def test_the_predictions_are_true() -> None:
    f = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    one = torch.tensor([2.0, 1, 1]).view(3, 1, 1)
    changed = {
        "channels shuffled": f[:, [2, 0, 1]],
        "the map doubled": 2 * f,
        "every channel given twice": torch.cat([f, f], dim=1),
        "the sign of every channel flipped": -f,
        "positions shuffled": f.flip(3),
        "1 added everywhere": f + 1,
        "one channel doubled": one * f,
    }
    found = {what: torch.allclose(attention_map(g), attention_map(f)) for what, g in changed.items()}
    assert check.same_attention(lambda: found)


def test_every_student_starts_alike_and_takes_as_many_steps() -> None:
    first = study.student(3).state_dict()
    for case in study.STUDIES[1].cases:
        distiller = study.prepare(case, seed=3)
        assert sum(phase.epochs for phase in distiller.phases(study.EPOCHS)) == study.EPOCHS
        if case["method"] != "shortcuts":
            assert all(
                torch.equal(a, b) for a, b in zip(first.values(), distiller.student.state_dict().values(), strict=True)
            )


def test_rates_and_weights_are_the_best_of_those_tried() -> None:
    frame = stored_results("fitnets_tuning")
    for method, rows in frame.groupby("method"):
        best = rows.fillna(0).groupby(["lr", "beta"])["val"].mean().idxmax()
        assert best == (study.LR[method], study.BETA.get(method, 0.0))


@pytest.mark.slow
@pytest.mark.isa
@pytest.mark.parametrize("index", range(2))
def test_the_smallest_run_of_each_study(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study, "EPOCHS", 2)
    chosen = study.STUDIES[index]
    results = [chosen.run({"method": "two phases", "lr": 0.05}, 0) for _ in range(2)]
    assert results[0] == results[1], "equal seeds, equal numbers"
    rows = results[0]
    assert all(
        0 <= row[key] <= 1
        for row in (rows if isinstance(rows, list) else [rows])
        for key in ("val", "test")
        if key in row
    )
