"""Lesson 18: its exercises, its studies and their stored numbers."""

import pandas as pd
import pytest
import torch

from kdtutor.course import check
from kdtutor.course.studies import deit as study
from kdtutor.course.studies import paired, stored_results
from kdtutor.data import Augment
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


@pytest.mark.slow
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


def means(name, value="test"):
    return stored_results(name).groupby("method")[value].mean()


def test_a_convolution_knows_more_of_few_images_on_both_sets():
    for found in (means("deit_rivals"), means("deit_clothes")):
        assert found["cnn"] > found["alone"] + 0.02
    for name in ("deit_tuning", "deit_clothes_tuning"):
        levels = stored_results(name).groupby(["method", "lr"])["val"].mean().groupby("method").max()
        assert levels["cnn"] > max(levels["alone"], levels["hard"]) + 0.02


def test_in_so_few_steps_no_teacher_helped():
    table = paired(stored_results("deit_rivals").query("method != 'cnn'"), "method", base="alone", value="test")
    assert len(table) == 2 and (table["wins"] <= 1).all()
    for name, base in (("deit_clothes", "alone"), ("deit_few", "alone, few labels")):
        tokens = (
            paired(stored_results(name), "method", base=base, value="test")
            .set_index("method")
            .filter(like="token", axis=0)
        )
        assert len(tokens) == 1 and (tokens["mean"].abs() < tokens["se"]).all()


def test_more_steps_help_the_student_alone_and_no_way_of_being_taught_does():
    ways = pd.concat([stored_results("deit_rivals"), stored_results("deit_controls")])
    gains = paired(ways, "method", base="alone", value="test").set_index("method")["mean"]
    assert gains["alone, twice the steps"] > 0.01
    assert gains["alone, no positions"] < -0.1
    taught = gains.filter(regex="^(hard|soft)")
    assert len(taught) == 5 and taught.max() == gains["hard, token"] < 0


def test_two_tokens_grow_alike_and_stay_two():
    study_ = stored_results("deit_rivals").query("method == 'hard, token'")
    assert (study_["cosine last"] > study_["cosine first"]).all() and study_["cosine last"].max() < 0.999


def test_on_the_shifted_digits_that_it_has_learnt_the_teacher_repeats_the_labels():
    few, teacher = study.MINUTE.data().train[:200], study.MINUTE.teacher()
    moved = Augment(pad=2)(few.images, torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(teacher(study.MINUTE.data().normalise(moved)).argmax(1), few.labels)
