"""Lesson 18: its exercises, its studies and their stored numbers."""

import pytest
import torch

from kdtutor.course import check
from kdtutor.course.studies import deit as study
from kdtutor.nets.vit import attention, patches
from kdtutor.papers.deit import fused
from tests.course.agreement import computes


def test_the_package_passes_its_own_checks():
    assert computes(check.patchify, patches)
    assert computes(check.attend, lambda q, k, v: attention(q, k, v)[0])
    assert computes(check.fuse, lambda c, d: fused(c, d).softmax(1))


def test_equal_seeds_give_equal_first_weights():
    students = [study.prepare({"method": method}, seed=3)[0].student for method in ("alone", "hard", "soft")]
    first = [next(student.parameters()) for student in students]
    assert all(torch.equal(first[0], other) for other in first)


def test_without_positions_an_image_is_a_bag_of_patches():
    net = study.blind(study.student(0, "vit7"))
    x = torch.randn(2, 1, 28, 28)
    turned = x.flip(2).unflatten(2, (4, 7)).flip(3).flatten(2, 3)  # rows of patches in the opposite order
    torch.testing.assert_close(net(turned), net(x))
    other = study.student(0, "vit7")
    assert not torch.allclose(other(turned), other(x), atol=1e-3) and not net.positions.requires_grad


def test_the_smallest_run_of_each_study_works(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(study, "EPOCHS", 1)
    monkeypatch.setattr(study, "STEPS", 2)
    assert set(study.tune({"method": "hard", "lr": 1e-3}, 0)) == {"val"}
    teacher = study.student(1, "vit7").eval()
    monkeypatch.setattr(study, "find_teacher", lambda name: teacher)
    row = study.learn({"method": "hard, token, vit teacher", "lr": 1e-3}, 0)
    assert {"test, class head", "unlike vit, teacher's head", "cosine last"} <= set(row)


def test_every_case_has_the_rate_of_its_trial():
    tuned = {each.name: each for each in study.STUDIES}
    assert len(tuned["deit_tuning"].cases) == sum(len(trial.settings) for trial in study.TRIALS)
    assert set(tuned["deit_tuning"].seeds).isdisjoint(tuned["deit_rivals"].seeds)
