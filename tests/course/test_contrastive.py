"""Lesson 16: its exercises, its studies and their stored numbers."""

import pytest
import torch

import kdtutor as kd
from kdtutor.course import check
from kdtutor.course.studies import Study, paired, stored_results
from kdtutor.course.studies import contrastive as study
from kdtutor.course.studies.common import student
from kdtutor.papers import decoupled, standardized, stronger
from kdtutor.papers.contrastive import Negatives
from tests.course.agreement import computes


def test_the_package_passes_its_own_checks():
    assert computes(check.nckd, decoupled.nckd_loss)
    assert computes(check.pearson, stronger.pearson)
    assert computes(check.z_scores, standardized.standardize)


def test_negatives_are_those_that_the_package_draws():
    for labels, row in check.may_be_negative.cases:
        drawn = Negatives(labels).draw(torch.tensor([row]), 500, torch.Generator().manual_seed(0))
        found = torch.zeros(len(labels), dtype=torch.bool).index_fill(0, drawn.unique(), True)
        assert torch.equal(found, labels != labels[row])


def test_what_kl_sees_is_true():
    """Every statement, tried."""
    z_s, z_t = 2 * torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(6) % 5
    losses = {
        "KL": kd.papers.hinton.kd_loss,
        "z-scores": standardized.standardized_loss,
        "NCKD": lambda z, z_t: decoupled.nckd_loss(z, z_t, labels),
    }
    one = torch.eye(5, dtype=torch.float64)
    changes = {
        "3 added to all logits of a sample": z_s + 3,
        "all logits of a sample doubled": 2 * z_s,
        "1 added to the logit of the label": z_s + one[labels],
        "1 added to the logit of another class": z_s + one[(labels + 1) % 5],
        "two logits exchanged": z_s[:, [1, 0, 2, 3, 4]],
    }
    found = {}
    for statement in check.what_kl_sees.truth:
        loss, change = statement.split(": ")
        found[statement] = not torch.allclose(losses[loss](changes[change], z_t), losses[loss](z_s, z_t))
    assert check.what_kl_sees(lambda: found)


@pytest.mark.parametrize("method", study.METHODS)
def test_equal_seeds_give_equal_first_weights_and_images(method: str):
    made = study.teach(method, student(3), student(4))
    assert all(map(torch.equal, made.student.parameters(), student(3).parameters()))
    first, again = (study.few(kd.data.load("digits"), 3).train for _ in "ab")
    assert torch.equal(first.images, again.images) and bool(first.labelled.all())


def test_a_louder_teacher_gives_the_same_answers():
    teacher, x = student(0).eval(), torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    loud = study.louder(teacher, 4.0)
    torch.testing.assert_close(loud(x), 4 * teacher(x))
    torch.testing.assert_close(standardized.standardize(loud(x)), standardized.standardize(teacher(x)))


WHOLE = [one for one in study.STUDIES if not one.name.endswith("tuning")]


@pytest.mark.slow
@pytest.mark.parametrize("one", WHOLE, ids=lambda one: one.name)
def test_the_smallest_run_of_each_study(monkeypatch: pytest.MonkeyPatch, one: Study):
    monkeypatch.setattr(study, "EPOCHS", 1)
    monkeypatch.setattr(study, "STEPS", 1)
    rows = one.run(one.cases[-1], 0)
    assert {"val", "test"} <= set(rows[0] if isinstance(rows, list) else rows)


def test_the_settings_are_those_that_validation_chose():
    tuning = stored_results("contrastive_tuning")
    for method, setting in study.chosen().items():
        mine = tuning[tuning["method"] == method].fillna({"beta": 0, "T": 0})
        means = mine.groupby(["lr", "beta", "T"])["val"].mean()
        assert means[setting["lr"], setting.get("beta", 0), setting.get("T", 0)] == means.max(), method


def test_what_the_lesson_says_of_digits_is_what_was_measured():
    rivals = stored_results("contrastive_rivals")
    alone = paired(rivals, "method", base="alone", value="test").set_index("method")
    taught = paired(rivals[rivals["method"] != "alone"], "method", base="KD", value="test").set_index("method")
    assert set(rivals["seed"]) == {0, 1, 2, 3, 4} and alone["mean"].idxmax() == "DKD"
    ahead = {method: round(100 * mean, 1) for method, mean in alone["mean"].items()}
    told = {"KD": 2.4, "DKD": 3.0, "LSKD on DKD": 2.7, "CRD": 0.8, "CRD + KD": 2.1, "LSKD": 1.8, "DIST": 0.4}
    assert ahead == pytest.approx(told, abs=0.051)
    assert taught.loc[["CRD", "DIST"], "wins"].tolist() == [0, 0] and taught.loc["DKD", "wins"] == 4
    assert (alone["mean"] < 2 * alone["se"]).sum() == 2  # CRD and DIST
