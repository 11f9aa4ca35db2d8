"""Lesson 09: its exercises, its studies, their stored numbers, and the state in the middle of a run."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

import kdtutor as kd
from kdtutor.course import check
from kdtutor.course.studies import adversarial as study
from kdtutor.course.studies import halfway, stored_results
from kdtutor.course.studies.common import suffix
from kdtutor.data import UNLABELLED
from kdtutor.papers import adversarial
from tests.course.agreement import computes

SHORT = [index for index, each in enumerate(study.STUDIES) if each.run is study.learn]  # others store nets


def test_what_the_package_computes_passes() -> None:
    def autograd(z_s: Tensor, z_t: Tensor) -> Tensor:
        z = z_s.clone().requires_grad_()
        return torch.autograd.grad(adversarial.discrepancy(z, z_t), z)[0]

    assert computes(check.discrepancy, adversarial.discrepancy) and computes(check.discrepancy_gradient, autograd)
    assert computes(check.generation_loss, lambda W_s, W_t, x: -adversarial.discrepancy(x @ W_s, x @ W_t))
    assert computes(check.turns, lambda steps, k, batch: (steps // k, steps * batch, batch * (steps // k)))


def test_the_predictions_are_true() -> None:
    s, t = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    order, more = [3, 1, 2, 0, 5, 4], torch.ones(4, 1, dtype=torch.float64)
    found = {
        "3 added to all logits of both": (s + 3, t + 3),
        "3 added to all logits of the student": (s + 3, t),
        "both multiplied by 2": (2 * s, 2 * t),
        "student and teacher exchanged": (t, s),
        "classes of both shuffled alike": (s[:, order], t[:, order]),
        "every image twice in the batch": (torch.cat([s, s]), torch.cat([t, t])),
        "a class added on which both agree": (torch.cat([s, more], 1), torch.cat([t, more], 1)),
    }
    value = adversarial.discrepancy(s, t)
    judged = {x: torch.allclose(adversarial.discrepancy(*y), value) for x, y in found.items()}
    assert check.keeps_apart(lambda: judged)


def test_shapes_are_images_of_equal_kinds_without_labels() -> None:
    split = study.shapes(600, seed=3)
    assert split.images.shape == (600, 1, 28, 28) and split.images.dtype == torch.uint8
    assert (split.labels == UNLABELLED).all() and torch.equal(split.images, study.shapes(600, seed=3).images)
    assert not torch.equal(split.images, study.shapes(600, seed=4).images)
    assert (split.images.flatten(1).amax(1) >= 99).float().mean() > 0.95
    assert len(split.images.flatten(1).unique(dim=0)) > 590


def test_noise_is_new_in_every_batch() -> None:
    batches = [batch.images for batch in study.Noise(size=3, steps=2).epoch(0, seed=0)]
    assert [x.shape for x in batches] == [(3, 1, 28, 28)] * 2 and not torch.equal(*batches)


def test_balance_tells_collapse() -> None:
    alike, one = torch.eye(10).repeat(4, 1), torch.eye(10)[:1].repeat(40, 1)
    assert study.balance(alike)["entropy"] == pytest.approx(2.302585, abs=1e-5)
    assert study.balance(one) == {"entropy": 0.0, "smallest": 0.0}


def test_every_source_starts_alike_with_the_same_loss() -> None:
    first = []
    for source in ("dfad", "noise", "unrelated", "real"):
        distiller, data, _ = study.prepare({"source": source}, seed=0)
        inner = getattr(distiller, "inner", distiller)
        assert isinstance(inner, adversarial.Logits) and inner.weights() == {"task": 0, "logits": 1}
        assert torch.equal(data.test.labels, kd.data.load("digits").test.labels)
        first.append(next(distiller.student.parameters()))
    assert all(torch.equal(one, first[0]) for one in first)


def test_a_fixed_generator_keeps_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 2)
    game, data, _ = study.prepare({"source": "dfad"}, seed=0)
    assert isinstance(game, adversarial.Adversarial)
    before = [p.clone() for p in game.generator.parameters()]
    kd.fit(study.Fixed(game.inner, game.generator), data, 1, recipe=study.recipe(1e-3), device="cpu", progress=False)
    after = game.generator.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_steady_generator_keeps_its_rate() -> None:
    recipe = study.recipe(1e-3)
    for case, last in (({}, 0.0), (study.STEADY, study.GENERATOR_LR)):
        game, _, _ = study.prepare({"source": "dfad", **case}, seed=0)
        assert game.recipe_for("generator", recipe).rate(1.0) == pytest.approx(last)
        assert game.recipe_for("student", recipe).rate(1.0) == pytest.approx(0)


@pytest.mark.slow
@pytest.mark.isa
@pytest.mark.parametrize("index", SHORT)
def test_the_smallest_run_of_each_study(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STEPS": 5, "EPOCHS": 1, "BATCH": 4, "MADE": 8, "SHAPES": 8}.items():
        monkeypatch.setattr(study, name, value)
    chosen = study.STUDIES[index]
    case = {**chosen.cases[0], "epochs": 1}
    (row,) = chosen.run(case, 0)
    assert {"epoch", "val", "test", "entropy", "smallest", "gradient"} <= set(row)
    assert (row,) == tuple(chosen.run(case, 0))


@pytest.mark.parametrize("source", study.LR)
def test_the_rates_are_those_that_tuning_chose(source: str) -> None:
    """The best mean on validation digits, or within half a point of it, and not at the edge of what was tried."""
    tuning = stored_results("adversarial_tuning").dropna(subset=["test"]).query("source == @source")
    tuning = tuning.fillna({"generator_lr": study.GENERATOR_LR, "schedule": study.SCHEDULE})
    means = tuning.groupby(["lr", "generator_lr", "schedule"])["val"].mean()
    assert means[study.LR[source], study.GENERATOR_LR, study.SCHEDULE] >= means.max() - 0.005
    assert tuning["lr"].min() < study.LR[source] < tuning["lr"].max()
    if source == "dfad":
        assert tuning["generator_lr"].min() < study.GENERATOR_LR < tuning["generator_lr"].max()


@pytest.mark.parametrize(("name", "least"), [("digits", 0.75), ("fashion", 0.4)])
def test_the_state_in_the_middle_is_as_good_as_its_card_says(name: str, least: float) -> None:
    student, generator = halfway.halfway(data=name)
    data = kd.data.load(name)
    answers = kd.evaluate(student, data.test, data)
    assert abs(answers.correct - student.card["correct"]) <= 1 and answers.accuracy > least
    assert all(p.requires_grad for net in (student, generator) for p in net.parameters())
    assert student.card["recipe"]["steps"] == generator.card["recipe"]["steps"] == halfway.STEP
    (stored,) = stored_results(f"adversarial_halfway{suffix(name)}")["test"]
    assert stored == student.card["accuracy"]
    assert student.card["command"] == f"kdtutor results adversarial_halfway{suffix(name)}"


def test_the_state_is_made_again_by_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "root", lambda: tmp_path)
    monkeypatch.setattr(study, "BATCH", 4)
    row = study.make_halfway({"step": 2}, 0)
    student, _ = halfway.halfway(tmp_path)
    assert row["test"] == student.card["accuracy"] and student.card["recipe"]["steps"] == 2
