"""Lesson 14: its exercises, its studies and their stored numbers."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from kdtutor.course import check
from kdtutor.course.studies import born_again as study
from kdtutor.course.studies import own_teacher as exits
from kdtutor.course.studies import stored_results
from kdtutor.nets import first_sure
from kdtutor.papers import born_again, ridge
from kdtutor.papers.hinton import kd_loss
from tests.course.agreement import computes


def test_the_package_passes_its_own_checks():
    assert computes(check.shrinkage, ridge.shrinkage)
    assert computes(check.dkpp_targets, born_again.permuted)
    assert computes(check.cwtm_weights, lambda z: born_again.cwtm_weights(z, torch.zeros(len(z)).long()))
    assert computes(check.leaves_at, first_sure)
    cross_entropy = torch.nn.functional.cross_entropy
    assert computes(check.exit_loss, lambda z, d, y, a, T: (1 - a) * cross_entropy(z, y) + a * kd_loss(z, d, T))


def test_a_share_of_the_labels_is_wrong():
    data = study.images("noisy", seed=3)
    right = study.images("few", seed=3)
    few = study.MINUTE.data().few_labels(100, seed=3).labelled_only()
    assert torch.equal(data.train.images, few.train.images) and len(right.train) == 200
    wrong = data.train.labels != few.train.labels
    assert wrong.sum() == 400 and torch.equal(study.images("noisy", seed=3).train.labels, data.train.labels)
    assert not torch.equal(study.images("noisy", seed=4).train.labels, data.train.labels)
    counts = torch.bincount((data.train.labels - few.train.labels)[wrong] % 10, minlength=10)
    assert counts[0] == 0 and counts[1:].min() > 20


def test_equal_numbers_have_equal_first_weights():
    def first(*numbers):
        return next(study.fresh(*numbers).parameters())

    assert torch.equal(first(3), first(3)) and not torch.equal(first(3), first(3, 1))
    whole = exits.with_exits(3)
    assert torch.equal(next(exits.made("net 1", 3).student.parameters()), next(whole.at(1).parameters()))


def best(tuning: pd.DataFrame, options: list[str]) -> dict[str, float]:
    """What had the highest mean on validation images, of these columns."""
    means = tuning.groupby(options, dropna=False)["val"].mean()
    return dict(zip(options, means.idxmax(), strict=True))


def test_the_rules_are_those_that_tuning_chose():
    tuning = stored_results("born_again_tuning")
    tried = {pair: best(rows, ["lr", "weight_decay"]) for pair, rows in tuning.groupby(["set", "method"])}
    own = {(name, method): rule for name, rules in study.RULES.items() for method, rule in rules.items()}
    assert own.pop(("fashion", study.LONG)) == own["digits", study.LONG], "nobody tried it on clothes"
    assert own == tried


def test_the_rates_of_exits_and_of_smaller_nets_are_those_that_tuning_chose():
    chosen = {
        method: best(rows, ["lr", "alpha"]) for method, rows in stored_results("own_teacher_tuning").groupby("method")
    }
    assert {method: options["lr"] for method, options in chosen.items()} == exits.LR
    assert chosen["own teacher"]["alpha"] == exits.OWN["alpha"]


@pytest.mark.slow
def test_the_smallest_run_of_each_study_works(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(study, "EPOCHS", 1)
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(exits, "EPOCHS", 1)
    whole = study.images("few", 0)
    few = replace(whole, val=whole.val[:9], test=whole.test[:30])
    for module in (study, exits):
        monkeypatch.setattr(module, "images", lambda *_: few)
    monkeypatch.setattr(study, "LAST", 1)
    rows = study.compare({"set": "digits"}, 0)
    assert [row["method"] for row in rows] == [
        "generation 0", "generation 1", "another net alone", "alone, as long as all", "ensemble of generations",
        "ensemble of nets alone",
    ]  # fmt: skip
    assert [row["method"] for row in study.take_over({"set": "digits"}, 0)] == [
        "BAN and labels", "DKPP", "CWTM", "KD, T = 4",
    ]  # fmt: skip
    rows = exits.compare({"set": "digits"}, 0)
    single = [row for row in rows if "exit" in row]
    assert len(single) == 2 * exits.EXITS + 3 and len(rows) == len(single) + 2 * len(exits.THRESHOLDS)
    first = next(row for row in rows if row.get("threshold") == 0.0)
    assert first["test"] == pytest.approx(single[0]["test"], abs=1e-4)
