"""Lesson 15: its exercises, its studies and their stored numbers."""

import pytest
import torch

import kdtutor as kd
from kdtutor.course import check
from kdtutor.course.studies import amalgamation as study
from kdtutor.nets.specialists import joined
from kdtutor.papers.amalgamation import score_loss
from kdtutor.papers.common_features import gaussian_kernels
from tests.course.agreement import computes


def test_the_package_computes_what_the_exercises_ask_for():
    assert computes(check.amalgamated_loss, lambda z_s, z_1, z_2: score_loss(z_s, torch.cat([z_1, z_2], 1)))
    assert computes(check.shared_scores, lambda z_1, z_2, of_1, of_2: joined([z_1, z_2], [of_1, of_2]))

    def mmd(x, y, sigma):
        k = lambda a, b: gaussian_kernels(a, b, (sigma,)).mean()  # noqa: E731
        return (k(x, x) + k(y, y) - 2 * k(x, y)).float()

    assert computes(check.mmd_squared, mmd)


def test_where_mistakes_come_from():
    logits = torch.eye(10)[[0, 7, 1, 9, 2]]
    routed, within = study.of_halves(logits, torch.tensor([0, 0, 2, 9, 5]))
    assert routed.tolist() == [True, False, True, True, False]
    assert within.tolist() == [True, True, False, True, True], "of equal scores the first class counts"


def test_equal_seeds_give_equal_first_weights_and_no_labels():
    teachers = study.specialists("digits")
    made = {name: study.prepare(name, "digits", 3, teachers) for name in ("scores", "features", study.LABELLED)}
    first = [next(method.student.parameters()) for method, _ in made.values()]
    assert all(torch.equal(first[0], other) for other in first)
    labelled = {name: bool(data.train.labelled.any()) for name, (_, data) in made.items()}
    assert labelled == {"scores": False, "features": False, study.LABELLED: True}


KINDS = ("largest probability", "softmax", "features", "common features")  # one of each way


@pytest.mark.parametrize(
    "trial",
    [trial for trial in study.TRIALS if trial.cases[0]["method"] in KINDS],
    ids=lambda trial: trial.cases[0]["method"],
)
def test_the_smallest_run_of_each_method_works(monkeypatch: pytest.MonkeyPatch, trial):
    monkeypatch.setattr(study, "EPOCHS", 3)
    monkeypatch.setattr(study, "STEPS", 1)
    digits = kd.data.load("digits")
    small = kd.Data(
        "few", digits.train[::50], digits.val[::20], digits.test[::40], digits.classes, digits.mean, digits.std
    )
    monkeypatch.setattr(type(study.minute_of("digits")), "data", lambda self: small)
    row = study.learn({**trial.cases[0], **trial.settings[0], "high": "lenet5"}, 0)
    assert set(row) == {"val", "test", "routed", "within"} and row["test"] <= min(row["routed"], row["within"])
    if trial is study.TRIALS[-1]:
        monkeypatch.setattr(study, "setting", lambda method, data: {"lr": 0.1})
        assert set(study.parted({"data": "digits", "split": "0–5 and 4–9"}, 0)) == {"val", "test", "joint"}
