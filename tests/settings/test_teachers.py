"""Every teacher that ships is as good as its card says, and was trained by the plan of its name."""

import pytest
import torch

import kdtutor as kd
from kdtutor.settings.teacher_plans import TEACHER_PLANS, TeacherPlan
from kdtutor.settings.teachers import reduced, train_teacher

NAMES = [card["name"] for card in kd.nets.teachers()]


def test_the_lessons_have_their_teacher():
    assert "digits-resnet14" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_accuracy_is_what_the_card_says(name):
    net = kd.nets.teacher(name)
    data = kd.data.load(net.card["data"])
    answers = kd.evaluate(net, data.test, data)
    assert net.card["total"] == len(data.test)
    assert abs(answers.correct - net.card["correct"]) <= 1  # one borderline digit may fall otherwise elsewhere
    assert net.card["accuracy"] == net.card["correct"] / net.card["total"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_small_frozen_and_planned(name):
    net = kd.nets.teacher(name)
    assert (kd.data.root() / "teachers" / f"{name}.safetensors").stat().st_size <= 1_000_000
    assert not net.training and not any(p.requires_grad for p in net.parameters())
    plan = TEACHER_PLANS[name]
    assert net.card["command"] == f"kdtutor teach {name}" and net.card["seed"] == plan.seed
    assert net.card["config"] == kd.nets.build(**plan.net).config
    told = {key: value for key, value in net.card["recipe"].items() if key != "epochs"}
    planned = plan.recipe.record()
    assert {key: list(v) if isinstance(v, tuple) else v for key, v in planned.items()} == told
    assert net.card["recipe"]["epochs"] == plan.epochs


def test_training_a_teacher_leaves_weights_and_card(tmp_path, monkeypatch):
    plan = TeacherPlan(
        "digits", {"name": "resnet8x0.25", "classes": 10, "channels": 1, "stem_stride": 2}, 1, kd.Recipe()
    )
    monkeypatch.setitem(TEACHER_PLANS, "tiny", plan)
    net = train_teacher("tiny", tmp_path, device="cpu", progress=False)
    again = train_teacher("tiny", tmp_path, device="cpu", progress=False)  # the finished run is not trained again
    assert torch.equal(net.classifier.weight, again.classifier.weight)
    assert net.card["correct"] == kd.evaluate(net, kd.data.load("digits").test, kd.data.load("digits")).correct


def test_a_teacher_on_another_schedule_is_another_one(tmp_path, monkeypatch):
    plan = TeacherPlan(
        "digits", {"name": "resnet8x0.25", "classes": 10, "channels": 1, "stem_stride": 2}, 9, kd.Recipe()
    )
    monkeypatch.setitem(TEACHER_PLANS, "tiny", plan)
    assert reduced("tiny", 9) == "tiny" and reduced("tiny", 1, 64) == "tiny-1epochs-64images"
    ended = []
    net = train_teacher(
        "tiny", tmp_path, device="cpu", progress=False, epochs=1, images=64, on_epoch=lambda at: ended.append(at.epoch)
    )
    assert ended == [1] and net.card["name"] == "tiny-1epochs-64images" and net.card["train_images"] == 64
    assert net.card["command"] == "kdtutor teach tiny --epochs 1 --images 64" and net.card["recipe"]["epochs"] == 1
    assert not (tmp_path / "tiny.safetensors").exists()
