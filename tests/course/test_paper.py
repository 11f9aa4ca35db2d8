"""The study of the preset "paper", and what it is held against."""

import torch

import kdtutor as kd
from kdtutor.course.studies import paper, stored_results, zoo
from kdtutor.papers import METHODS
from kdtutor.train import PAIRS


def test_the_zoo_has_a_number_for_every_pair_of_the_preset():
    assert set(zoo.PAIRS) == set(PAIRS) == set(zoo.TEACHER)
    assert zoo.published("resnet56-resnet20", "contrastive") == 71.16
    assert zoo.published("wrn_40_2-wrn_40_1", "fsp") is None and zoo.published("vgg13-vgg8", "overhaul") is None
    missing = {name for name in METHODS if zoo.published("resnet56-resnet20", name) is None}
    assert missing == {"fitnets", "overhaul", "matching"}


def test_every_method_took_its_first_steps():
    frame = stored_results("paper_first_steps")
    assert set(frame["method"]) == set(METHODS) - paper.NOT_YET
    assert frame["published"].max() == 71.16
    assert {"paraphrase the teacher", "match the factors", "follow the hint"} <= set(frame["phase"])


def test_the_study_in_small(monkeypatch):
    """Three methods on noise of the shape of CIFAR-100, with a smaller teacher."""
    images = torch.randint(256, (128, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    split = kd.data.Split(images, torch.arange(128) % 100)
    noise = kd.Data("noise", split, None, split, tuple(map(str, range(100))), (0.5,) * 3, (0.25,) * 3)
    monkeypatch.setattr("kdtutor.train.presets.Preset.data", lambda self: noise)
    monkeypatch.setitem(PAIRS, "resnet56-resnet20", ("resnet8", "resnet8"))
    monkeypatch.setattr(paper, "NOT_YET", set(METHODS) - {"attention", "factor", "matching"})
    monkeypatch.setattr(paper, "TEACHER_STEPS", 1)
    monkeypatch.setattr(paper, "STEPS", 1)
    rows = paper.first_steps({"pair": "resnet56-resnet20"}, 0)
    assert [row["method"] for row in rows] == ["attention", "factor", "factor", "matching"]
    assert [row["phase"] for row in rows][1:3] == ["paraphrase the teacher", "match the factors"]
    assert all(row["step"] == 1 and row["loss"] > 0 for row in rows)
