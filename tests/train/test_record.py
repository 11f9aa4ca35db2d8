"""Terms stay on the device: when they are read, what is then known, and how a number that is none ends the run."""

import math
from contextlib import closing
from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from kdtutor.train import Phase, steps
from kdtutor.train.record import READ_EVERY, Record

from .common import RECIPE, make, same_weights, small


class Breaks(kd.Alone):
    """Its term is no number from step `at` on."""

    def __init__(self, student: kd.Net, at: int) -> None:
        super().__init__(student)
        self.at, self.taken = at, 0

    def losses(self, s, t, batch):
        self.taken += 1
        spoilt = math.nan if self.taken >= self.at else 0.0
        return {**super().losses(s, t, batch), "mine": s.logits.sum() * spoilt}

    def phases(self, epochs):
        return (Phase("alone", epochs, self.losses, needs_teacher=False),)


@pytest.fixture
def readings(monkeypatch):
    """How often numbers are fetched from the device."""
    seen = []
    tolist = torch.Tensor.tolist
    monkeypatch.setattr(torch.Tensor, "tolist", lambda x: seen.append(len(x)) or tolist(x))
    return seen


def test_an_epoch_is_read_at_its_end_at_once(digits, readings):
    list(steps(make(), digits, 2, recipe=RECIPE, device="cpu"))
    terms = len(("task", "kd", "loss", "train_accuracy"))
    assert readings == [RECIPE.steps_per_epoch * terms] * 2


def test_a_long_epoch_is_read_now_and_then(readings):
    points = kd.data.load("moons")
    recipe = kd.Recipe(batch_size=4, steps_per_epoch=2 * READ_EVERY + 3)
    list(steps(kd.Alone(kd.nets.build("mlp8", classes=2)), points, 1, recipe=recipe, device="cpu"))
    assert readings == [3 * READ_EVERY, 3 * READ_EVERY, 3 * 3]


def test_whoever_looks_waits_and_sees_the_same_numbers(digits, readings):
    looked = [dict(at.terms) for at in steps(make(), digits, 1, recipe=RECIPE, device="cpu") if at.terms]
    assert len(readings) == RECIPE.steps_per_epoch + 3  # and what was read by itself is read together once more
    kept = [at.terms for at in steps(make(), digits, 1, recipe=RECIPE, device="cpu") if at.terms]
    assert kept == looked and repr(kept[0]) == repr(looked[0])


def test_means_are_those_of_every_step(digits):
    run = list(steps(make(), digits, 1, recipe=RECIPE, device="cpu"))
    losses = [at.terms["loss"] for at in run[:-1]]
    assert run[-1].history.curve("loss")[1] == [sum(losses) / len(losses)]


def test_the_step_is_named_though_it_is_read_later(digits):
    run = steps(Breaks(small(), at=3), digits, 2, recipe=RECIPE, device="cpu")
    with pytest.raises(kd.DivergedError, match="'mine' became nan in step 3"):
        list(run)


def test_an_error_that_follows_from_it_does_not_hide_it(digits):
    class Falls(Breaks):
        def losses(self, s, t, batch):
            if self.taken >= self.at:
                raise RuntimeError("what comes of it")
            return super().losses(s, t, batch)

    with pytest.raises(kd.DivergedError, match="in step 2"):
        list(steps(Falls(small(), at=2), digits, 1, recipe=RECIPE, device="cpu"))


def test_a_run_stopped_before_the_reading_keeps_no_weights_that_are_no_numbers(digits, tmp_path):
    first = small()
    method = Breaks(small(), at=2)
    with closing(steps(method, digits, 2, recipe=RECIPE, device="cpu", out=tmp_path / "run")) as run:
        for at in run:
            if at.step == 3:
                break
    assert not all(bool(p.isfinite().all()) for p in method.student.parameters())
    stored = torch.load(tmp_path / "run/checkpoint.pt", weights_only=True)
    assert stored["done"] == 0
    method.load_state_dict(stored["distiller"])
    assert same_weights(method.student, first)


def test_a_run_that_goes_on_in_an_epoch_has_its_means(digits, tmp_path):
    whole = kd.fit(make(), digits, 2, recipe=RECIPE, device="cpu", progress=False)
    recipe = replace(RECIPE)
    with closing(steps(make(), digits, 2, recipe=recipe, device="cpu", out=tmp_path / "run")) as run:
        for at in run:
            if at.step == 2:
                break
    again = kd.fit(make(), digits, 2, recipe=recipe, device="cpu", out=tmp_path / "run", progress=False)
    assert again.rows == whole.rows


def test_steps_may_have_different_terms():
    record = Record()
    record.add(1, {"a": torch.tensor(1.0)})
    record.add(2, {"a": torch.tensor(3.0), "b": torch.tensor(5.0)})
    assert record.read() is None and record.means() == {"a": 2.0, "b": 5.0} and record.means() == {}
