"""The study of the preset "paper", and what it is held against."""

import pytest
import torch

import kdtutor as kd
from kdtutor.course.studies import paper, stored_results
from kdtutor.papers import METHODS, spot_adaptive
from kdtutor.settings import FAMILY_PAIRS, PAIRS


def test_every_method_took_its_first_steps():
    frame = stored_results("paper_first_steps")
    assert set(frame["method"]) == set(paper.TAKEN) and set(METHODS) > set(paper.TAKEN)
    assert frame["published"].max() == 71.16
    assert {"paraphrase the teacher", "match the factors", "follow the hint"} <= set(frame["phase"])


def test_spots_took_their_first_steps_for_pairs_of_one_family_and_of_two():
    frame = stored_results("paper_first_spots")
    pairs = set(frame["pair"])
    assert len(pairs & set(FAMILY_PAIRS)) == 3 and len(pairs - set(FAMILY_PAIRS)) == 2
    first = frame[frame["step"] == paper.WINDOW]
    assert (frame.groupby("pair")["step"].max() == paper.STEPS).all() and "diverged" not in frame
    own = first.set_index("pair")["rate_stage1"]
    assert (own[list(pairs & set(FAMILY_PAIRS))] > 0.9).all() and (own[list(pairs - set(FAMILY_PAIRS))] < 0.9).all()


@pytest.fixture
def noise(monkeypatch):
    """In the place of CIFAR-100, with a smaller pair of nets."""
    images = torch.randint(256, (128, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    split = kd.data.Split(images, torch.arange(128) % 100)
    data = kd.Data("noise", split, None, split, tuple(map(str, range(100))), (0.5,) * 3, (0.25,) * 3)
    monkeypatch.setattr("kdtutor.settings.presets.Preset.data", lambda self: data)
    monkeypatch.setitem(PAIRS, "resnet56-resnet20", ("resnet8", "resnet8"))
    monkeypatch.setattr(paper, "TEACHER_STEPS", 1)
    monkeypatch.setattr(paper, "STEPS", 1)


def test_the_study_of_spots_in_small(noise):
    (row,) = paper.first_spots({"pair": "resnet56-resnet20"}, 0)
    assert row["method"] == "attention" and row["phase"] == spot_adaptive.PHASE and row["rate_logits"] == 1


def test_the_study_in_small(noise, monkeypatch):
    """Three methods."""
    monkeypatch.setattr(paper, "TAKEN", ["attention", "factor", "matching"])
    rows = paper.first_steps({"pair": "resnet56-resnet20"}, 0)
    assert [row["method"] for row in rows] == ["attention", "factor", "factor", "matching"]
    assert [row["phase"] for row in rows][1:3] == ["paraphrase the teacher", "match the factors"]
    assert all(row["step"] == 1 and row["loss"] > 0 for row in rows)
