"""The weighted sum: a term without a weight counts once, a weight without a term is refused."""

import pytest
import torch
from torch import zeros

import kdtutor as kd
from kdtutor.papers import METHODS, gan
from kdtutor.train import Phase, Recipe, descend, task_loss, weighted_sum
from kdtutor.train.precision import full_precision

from .common import small

ONE = Recipe(batch_size=10, steps_per_epoch=1)


def test_the_sum():
    terms = {"task": torch.tensor(2.0), "kd": torch.tensor(3.0)}
    assert weighted_sum(terms, {"kd": 0.5}) == 2 + 0.5 * 3
    assert weighted_sum(terms, {"kd": 0.5, "hint": 7.0}, also=("hint",)) == 3.5
    with pytest.raises(kd.ConfigError, match=r"the weight \['taks'\] belongs to no term; the terms are kd, task"):
        weighted_sum(terms, {"taks": 0.0})


class Mine(kd.papers.hinton.Hinton):
    """Hinton's method, with a slip in the name of a weight."""

    def weights(self):
        return {"taks": 0.1, "kd": 0.9}


def test_a_method_with_a_slip_in_its_weights(digits):
    student = small()
    before = student.classifier.weight.clone()
    with pytest.raises(kd.ConfigError, match=r"'taks'.*kd, task"):
        kd.fit(Mine(student, small(9)), digits, 1, recipe=ONE, progress=False, device="cpu")
    assert torch.equal(before, student.classifier.weight)


SLIPS = {
    "around": lambda: kd.papers.spot_adaptive.SpotAdaptive(kd.papers.hinton.Hinton(small(), small(9)), "always"),
    "generated": lambda: kd.papers.adversarial.Adversarial(
        kd.papers.adversarial.Logits(small(), small(9)), kd.nets.generator("deconvolutionx0.25", 8, size=28), k=1
    ),
    "gan": lambda: gan.Distil(*(kd.nets.generator("dcganx0.125", 5, 1, 16) for _ in "st"), alpha=1),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_in_a_method_with_a_step_of_its_own(digits, name, monkeypatch):
    method = SLIPS[name]()
    hook = "objective_weights" if name == "generated" else "weights"
    monkeypatch.setattr(type(method), hook, lambda self: {"imitatoin": 2.0})
    with pytest.raises(kd.ConfigError, match=r"'imitatoin'.*belongs to no term"):
        kd.fit(method, digits, 1, recipe=ONE, progress=False, device="cpu")


@pytest.mark.parametrize("name", METHODS)
def test_every_weight_of_every_method_has_its_term(digits, name):
    """In one phase or in two: each weight counts in one of them, or belongs to the logits that were not asked for."""
    method = METHODS[name](small(), small(9))
    history = kd.fit(method, digits, 2, recipe=ONE, progress=False, device="cpu")
    idle = {"kd", "task"} | {spot.name for spot in method.spots() if name == "fsp"}  # whose first phase has one term
    assert set(method.weights()) - set(history.terms) <= idle
    assert set(method.terms()) >= set(method.weights())


def test_a_phase_of_ones_own_keeps_its_weights(digits):
    method = kd.Alone(small())
    method.phases = lambda epochs: (Phase("mine", epochs, method.losses, {"task": 0.25}, needs_teacher=False),)
    history = kd.fit(method, digits, 1, recipe=ONE, progress=False, device="cpu")
    assert history.last("loss") == pytest.approx(0.25 * history.last("task"))


def test_a_loss_that_reaches_nothing():
    optimiser = torch.optim.SGD([torch.nn.Parameter(zeros(1))])
    with pytest.raises(kd.ConfigError, match="reaches no parameter that may move"):
        descend(zeros(()), optimiser)


@pytest.mark.parametrize("kind", ["cpu", "mps"])  # torch refuses cuda's where there is no such device
def test_autocast_is_off_inside_a_loss_on_every_device(kind):
    seen = []

    @full_precision
    def loss(x):
        seen.append(torch.is_autocast_enabled(kind))
        return x

    with torch.autocast(kind, torch.bfloat16):
        assert torch.is_autocast_enabled(kind)
        assert loss(zeros(1).bfloat16()).dtype == torch.float32
        assert torch.is_autocast_enabled(kind)
    assert seen == [False]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_task_is_summed_in_full_precision(dtype):
    z = (1e4 * torch.randn(64, 10, generator=torch.Generator().manual_seed(0))).to(dtype)
    labels = torch.arange(64) % 10
    assert task_loss(z, labels) == task_loss(z.float(), labels) > 100
    assert task_loss(z, labels).dtype == torch.float32
