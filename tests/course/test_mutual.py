"""Lesson 13: its exercises, its studies and their stored numbers."""

import pandas as pd
import pytest
import torch

from kdtutor.course import check
from kdtutor.course.studies import mutual as study
from kdtutor.course.studies import paired, stored_results
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


@pytest.mark.slow
def test_the_smallest_run_of_each_study_works(tuning: None):
    (row,) = study.learn({"data": "digits", "method": "together, same images"}, 0)
    assert set(row) == {"epoch", "val", "entropy", "test", "cpu", "peer", "both"}
    assert list(study.learn({"data": "digits", "method": "taught", "lr": 0.1}, 0)[0]) == ["val"]
    shaken = study.shake({"data": "digits", "method": "alone"}, 0)
    assert [row["sigma"] for row in shaken] == [*study.SIGMAS, *study.SHARES]
    assert {row["relative"] for row in shaken[len(study.SIGMAS) :]} == {True}


def ends(name: str) -> pd.DataFrame:
    return stored_results(name).dropna(subset=["test"])


def test_what_the_lesson_says_of_the_rivals_was_measured() -> None:
    rows = ends("mutual_rivals")
    points = paired(rows, "method", base="alone", value="test").set_index("method")
    assert set(points["n"]) == {5} and points.loc["taught", "wins"] == 5
    assert points["mean"]["taught"] == pytest.approx(0.035, abs=5e-4)
    for level in ("together", "together, same images", "taught by two"):
        assert abs(points["mean"][level]) < 2 * points["se"][level]
    pairs = rows.groupby("method")[["test", "peer"]].mean().mean(axis=1)
    assert [round(100 * pairs[name], 1) for name in ("together", "alone")] == [91.4, 90.6]
    gain = (rows["both"] - rows["test"]).groupby(rows["method"]).mean()
    assert [round(100 * gain[name], 1) for name in ("alone", "together")] == [0.8, 1.0]


def test_students_that_learnt_together_are_less_certain() -> None:
    rows = stored_results("mutual_rivals")
    last = rows[rows["epoch"] == study.EPOCHS].pivot(index="seed", columns="method", values="entropy")
    assert (last["together"] > 1.5 * last["alone"]).all() and (last["taught"] < last["alone"]).all()
    assert [round(last[name].mean(), 2) for name in ("together", "alone")] == [0.31, 0.15]


def test_the_two_kinds_of_noise_give_two_answers() -> None:
    rows = stored_results("mutual_shaken")
    loss = rows.groupby(["relative", "sigma", "method"])["loss"].mean()
    absolute, relative = loss[False, 0.1], loss[True, 0.6]
    assert absolute["alone"] < absolute["together"] < absolute["together, same images"]
    assert relative["alone"] > relative["together, same images"] > relative["together"]
    most = rows[rows["relative"] & (rows["sigma"] == study.SHARES[-1])]
    against = paired(most, "method", base="alone", value="loss").set_index("method").loc["together"]
    assert against["wins"] == 0 and round(against["mean"], 1) == -6.4


def test_in_twice_the_steps_it_is_no_clear_gain_on_either_set() -> None:
    for data, mean in (("digits", 0.005), ("fashion", -0.003)):
        rows = ends("mutual_longer")
        (found,) = paired(rows[rows["data"] == data], "method", base="alone", value="test").itertuples()
        assert round(found.mean, 3) == mean and abs(found.mean) < 2 * found.se and found.n == 5
    tried = stored_results("mutual_tuning").groupby(["data", "lr", "method"])["val"].mean()["digits"][0.4]
    assert round(100 * (tried["together"] - tried["alone"])) == 2
