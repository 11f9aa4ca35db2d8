"""Lesson 11: its exercises, its studies and their stored numbers."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor.course import check
from kdtutor.course.studies import relational as study
from kdtutor.course.studies import stored_results, studies
from kdtutor.papers.relational import angles, distances
from tests.course.agreement import computes


def test_the_package_passes_too() -> None:
    assert computes(check.rkd_distances, distances) and computes(check.rkd_angles, angles)
    assert computes(check.recall_at_1, lambda e, labels: kd.train.recall_at(e, labels)["recall@1"])


def test_the_mistakes_as_a_reader_makes_them() -> None:
    assert "diagonal" in check.rkd_distances(lambda e: (d := torch.cdist(e, e)) / d.mean()).sentence
    assert "not divided" in check.rkd_distances(lambda e: torch.cdist(e, e)).sentence
    assert "nearest neighbour here" in check.recall_at_1(
        lambda e, labels: (labels[torch.cdist(e, e).argsort(1)[:, 0]] == labels).float().mean()
    ).sentence  # fmt: skip


def test_the_predictions_are_true() -> None:
    e = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    turn, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
    turn = turn * torch.tensor([1.0, 1, 1, torch.det(turn).sign()])
    changed = {
        "rotated": e @ turn,
        "mirrored": e * torch.tensor([-1, 1, 1, 1]),
        "moved, all by the same vector": e + torch.randn(4),
        "three times as large": 3 * e,
        "one axis stretched": e * torch.tensor([2, 1, 1, 1]),
        "each embedding scaled to length 1": F.normalize(e, dim=1),
        "a ReLU applied": F.relu(e),
        "ten zeros appended to each embedding": F.pad(e, (0, 10)),
        "two samples exchanged, in the student only": e[[1, 0, 2, 3, 4, 5]],
    }
    found = {
        statement: all(torch.allclose(psi(x), psi(e)) for psi in (distances, angles))
        for statement, x in changed.items()
    }
    assert check.rkd_stays(lambda: found)


def test_every_method_starts_alike() -> None:
    digits = study.hinton.MINUTE.data()
    first, again = (study.net(study.NARROW, digits, 3).state_dict() for _ in range(2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert set(study.OPTIONS) == set(study.LR)


def test_seen_and_unseen_digits_are_apart() -> None:
    assert not set(study.SEEN) & set(study.UNSEEN) and {*study.SEEN, *study.UNSEEN} == set(range(10))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study.hinton, "STEPS", 1)
    monkeypatch.setattr(study.hinton, "EPOCHS", 1)


@pytest.fixture
def drawings(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Omniglot of 80 small characters, where the real one would lie."""
    import numpy as np

    rng = np.random.default_rng(0)
    char = np.repeat(np.arange(80), 12).astype(np.int16)
    (tmp_path / "Omniglot").mkdir()
    np.savez(
        tmp_path / "Omniglot" / "omniglot_28.npz",
        x=rng.integers(0, 255, (len(char), 28, 28), dtype=np.uint8),
        char=char,
        char_split=(np.arange(80) >= 62).astype(np.uint8),
        char_names=np.arange(80).astype(str),
    )
    monkeypatch.setenv("KDTUTOR_DATA", str(tmp_path))
    monkeypatch.setattr(study, "FEW", 16)
    monkeypatch.setattr(study, "HELD_OUT", 10)


@pytest.mark.slow
@pytest.mark.isa
@pytest.mark.usefixtures("short", "drawings")
@pytest.mark.parametrize("chosen", study.STUDIES, ids=lambda chosen: chosen.name)
def test_the_smallest_run_of_each_study(chosen: kd.course.studies.Study) -> None:
    rows = chosen.run(chosen.cases[-1], 0)
    for row in rows if isinstance(rows, list) else [rows]:
        assert all(0 <= row[key] <= 1 for key in ("val", "test", "recall@1", "one_shot") if key in row)
    assert studies()[chosen.name] is chosen


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_equal_seeds_equal_numbers() -> None:
    case = {"method": "DA + KD", "labels": 20}
    assert study.classify(case, 0) == study.classify(case, 0)


def test_the_rates_are_those_that_validation_chose() -> None:
    tuned = stored_results("relational_tuning").groupby(["method", "lr"])["val"].mean()
    for method in ("DA", "DA + KD"):
        assert tuned[method][study.LR[method]] == tuned[method].max()
    assert study.LR["D"] == study.LR["A"] == study.LR["DA"]
    metric = stored_results("relational_omniglot_tuning").groupby(["method", "lr"])["val"].mean()
    for method, lr in study.METRIC_LR.items():
        assert metric[method][lr] == metric[method].max()


def test_the_rivals_are_those_of_lesson_1() -> None:
    """Students alone and taught by logits come from hinton_labels: the same seeds and as many steps."""
    assert replace(study.hinton.recipe(0.1), lr=0.2) == study.hinton.recipe(0.2)
    rivals = stored_results("hinton_labels")
    for labels in study.LABELS:
        for method in ("alone", "taught"):
            rows = rivals[(rivals["labels"] == labels) & (rivals["method"] == method)]
            assert set(rows["seed"]) == {0, 1, 2, 3, 4}
