"""Lesson 17: its exercises, its studies and their stored numbers."""

from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from kdtutor.course import check
from kdtutor.course.studies import paired, stored_results
from kdtutor.course.studies import sequence as study
from kdtutor.papers import on_policy, sequence
from tests.course.agreement import computes


def test_the_package_passes_its_own_checks():
    assert computes(check.token_kd, sequence.forward_kl)
    assert computes(check.jsd, on_policy.generalised_jsd)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch):
    """The studies in a few steps and on few pages, with a teacher and a rate that no file has to tell."""
    whole = kd.data.text()
    few = replace(whole, val=whole.val[:4], test=whole.test[:4])
    monkeypatch.setattr(study, "text", lambda: few)
    kd.seed_everything(9)
    teacher = kd.nets.language_model("gpt1x16", vocabulary=72)
    monkeypatch.setattr(study.nets, "trained_language_model", lambda name: teacher)
    monkeypatch.setattr(study, "rate", lambda: 0.01)
    for name, value in {"STUDENT": "gpt1x16", "FIRST": 2, "STEPS": 2, "WINDOWS": 2, "PROMPTS": 4}.items():
        monkeypatch.setattr(study, name, value)


def test_all_ways_begin_with_the_same_student(short):
    first = [study.beginner(seed) for seed in (0, 0, 1)]
    weights = [torch.cat([p.flatten() for p in net.parameters()]) for net in first]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


@pytest.mark.slow
def test_the_smallest_run_of_each_way_works(short, monkeypatch):
    monkeypatch.setitem(study.WAYS, "SeqKD", lambda s, t: sequence.Sequence(s, t, windows=4))
    rows = {way: study.learn({"method": way}, 0) for way in study.WAYS}
    assert len({row["bits"] for row in rows.values()}) > 5
    for row in rows.values():
        assert {"bits", "judged", "own", "gap", "distinct", "place 0", "place 48"} < row.keys()
        assert row["gap"] == pytest.approx(row["judged"] - row["own"], abs=2e-4)
    assert study.learn({"method": "alone", "lr": 0.01}, 0)["bits"] != rows["alone"]["bits"]  # on the validation part


def test_what_the_lesson_claims_was_measured():
    rows = stored_results("sequence_ways")
    for number, way, better in (
        ("bits", "token KD", True), ("judged", "token KD", True), ("judged", "SeqKD", True), ("bits", "SeqKD", False),
        ("gap", "on-policy, reverse KL", True), ("bits", "on-policy, reverse KL", False),
        ("distinct", "on-policy, reverse KL", True),
    ):  # fmt: skip
        (difference,) = paired(rows, "method", base="alone", value=number).query(f"method == {way!r}").itertuples()
        assert difference.wins == (0 if better else difference.n), (number, way)
    assert rows.groupby("method")["gap"].mean().idxmin() == "on-policy, reverse KL"
    judged = rows.groupby("method")["judged"].mean()
    assert judged["alone"] - judged["reverse KL on the text"] > 0.8 * (judged["alone"] - judged.min())
    assert study.rate() == 0.006
