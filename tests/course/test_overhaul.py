"""Lesson 05: its exercises, its studies and their stored numbers."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from kdtutor.course import check
from kdtutor.course.prediction import Prediction
from kdtutor.course.studies import overhaul as study
from kdtutor.course.studies import stored_results
from kdtutor.course.studies.common import MINUTE
from kdtutor.papers import overhaul
from kdtutor.papers.features import halving
from kdtutor.widgets.overhaul import counted, target
from tests.course.agreement import computes


def test_the_package_solves_the_exercises() -> None:
    def by_autograd(s: Tensor, t: Tensor) -> Tensor:
        s = s.detach().requires_grad_()
        return torch.autograd.grad(overhaul.partial_l2(s, t), s)[0]

    def summed(maps_s: list[Tensor], maps_t: list[Tensor], margins: list[Tensor]) -> Tensor:
        stages = zip(halving(len(maps_s)), maps_s, maps_t, margins, strict=True)
        return torch.stack(
            [share * overhaul.partial_l2(s, overhaul.margin_relu(t, m)) for share, s, t, m in stages]
        ).sum()

    assert computes(check.safe_margin, overhaul.margin)
    assert computes(check.partial_gradient, by_autograd)
    assert computes(check.overhaul_loss, summed)


def test_the_predictions_are_true() -> None:
    exercise = check.still_taught
    assert isinstance(exercise, Prediction)
    for statement, (answer, _) in exercise.truth.items():
        t, s = (torch.tensor(float(part.split("=")[1])) for part in statement.split(","))
        assert bool(counted(s, target(t, -0.6, "margin ReLU"), "partial L2")) is answer, statement


def test_every_method_starts_alike_and_takes_as_many_steps() -> None:
    first = [study.student(3).state_dict() for _ in range(2)]
    assert all(torch.equal(first[0][name], first[1][name]) for name in first[0])
    few = MINUTE.data().few_labels(2, seed=0)
    for method in ("alone", "logits", *study.CHOICES):
        distiller, data = study.prepare(method, few, seed=0)
        assert sum(phase.epochs for phase in distiller.phases(study.EPOCHS)) == study.EPOCHS
        assert len(data.train) >= 64, "a batch is full for every method"
        assert torch.equal(distiller.student.classifier.weight, study.student(0).classifier.weight)


def test_each_choice_is_switched_back_alone() -> None:
    few = MINUTE.data().few_labels(2, seed=0)
    full = study.prepare(study.FULL, few, 0)[0].options
    for method, changed in study.CHOICES.items():
        options = study.prepare(method, few, 0)[0].options
        different = {name for name in full if options[name] != full[name]} - {"beta"}
        assert different == set(changed) and len(changed) == {study.FULL: 0, study.BACK: 4}.get(method, 1)


@pytest.mark.slow
@pytest.mark.isa
@pytest.mark.parametrize("index", range(3))
def test_the_smallest_run_of_each_study(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study, "EPOCHS", 2)
    chosen = study.STUDIES[index]
    row = chosen.run(chosen.cases[-1], 0)
    assert isinstance(row, dict) and all(0 <= value <= 1 for value in row.values())


def test_weights_and_rates_are_those_that_were_best_on_validation_digits() -> None:
    tuning = stored_results("overhaul_tuning").fillna({"beta": 0.0})
    means = tuning.groupby(["method", "lr", "beta"])["val"].mean()
    for method, rows in means.groupby(level="method"):
        chosen = means[method, study.LR[method], study.BETA.get(method, 0.0)]
        assert chosen == rows.max(), method


def test_equal_seeds_equal_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(study, "EPOCHS", 2)
    smallest = replace(study.STUDIES[0], cases=({"method": study.FULL},))
    assert smallest.run(smallest.cases[0], 0) == smallest.run(smallest.cases[0], 0)
