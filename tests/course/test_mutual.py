"""Lesson 13: its exercises, its studies and their stored numbers."""

import pandas as pd
import pytest
import torch

from kdtutor.course import check
from kdtutor.course.studies import mutual as study
from kdtutor.papers import mutual
from kdtutor.papers.hinton import entropy
from tests.course.agreement import computes


def test_the_package_passes_its_own_checks():
    assert computes(check.mutual_loss, mutual.mutual_loss)
    assert computes(check.mean_entropy, lambda z: entropy(z.softmax(1)).mean())


@pytest.fixture
def tuning(monkeypatch: pytest.MonkeyPatch):
    """A stored tuning in which each method has a best rate of its own."""
    best = {"alone": 0.1, "together": 0.2, "taught": 0.4}
    rows = [
        {"data": data, "method": method, "lr": lr, "seed": seed, "val": 0.9 - abs(lr - best[method]) + 0.01 * seed}
        for data in study.SETS for method in study.TUNED for lr in study.RATES for seed in study.TUNING_SEEDS
    ]  # fmt: skip
    monkeypatch.setattr(study, "stored_results", lambda name: pd.DataFrame(rows))
    monkeypatch.setattr(study, "EPOCHS", 1)
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study, "DRAWS", 1)
    study.tuned.cache_clear()
    yield
    study.tuned.cache_clear()


def test_every_method_has_the_rate_that_was_best_in_its_tuning(tuning: None):
    found = {method: study.rate({"data": "digits", "method": method}) for method in study.RIVALS}
    assert [found[name] for name in ("alone", "together", "together, same images")] == [0.1, 0.2, 0.2]
    assert {found[name] for name in found if name.startswith("taught")} == {0.4}
    assert study.rate({"data": "digits", "method": "alone", "lr": 0.3}) == 0.3


def test_equal_seeds_give_equal_first_weights(tuning: None):
    few = study.minute_of("digits").data().few_labels(study.LABELS, seed=3)
    cases = [{"data": "digits", "method": method} for method in study.RIVALS[:-1]]
    first = [next(study.distiller(case, few, 3).student.parameters()) for case in cases]
    assert all(torch.equal(first[0], other) for other in first)
    pair = study.distiller(cases[1], few, 3)
    assert isinstance(pair, mutual.Mutual)
    one, other = pair.students
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_the_smallest_run_of_each_study_works(tuning: None):
    (row,) = study.learn({"data": "digits", "method": "together, same images"}, 0)
    assert set(row) == {"epoch", "val", "entropy", "test", "cpu", "peer", "both"}
    assert list(study.learn({"data": "digits", "method": "taught", "lr": 0.1}, 0)[0]) == ["val"]
    shaken = study.shake({"data": "digits", "method": "alone"}, 0)
    assert [row["sigma"] for row in shaken] == [*study.SIGMAS, *study.SHARES]
    assert {row["relative"] for row in shaken[len(study.SIGMAS) :]} == {True}
