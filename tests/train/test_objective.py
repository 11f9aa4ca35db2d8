"""The weighted sum: every term has its weight and every weight its term, or all terms count once."""

import pytest
import torch
from torch import zeros

import kdtutor as kd
from kdtutor.papers import METHODS, gan
from kdtutor.precision import full_precision
from kdtutor.train import Phase, Recipe, Spot, descend, descend_alone, minimise, task_loss, weighted_sum
from tests.tasks import fitting

from .common import small

ONE = Recipe(batch_size=10, steps_per_epoch=1)


def test_the_sum():
    terms = {"task": torch.tensor(2.0), "kd": torch.tensor(3.0)}
    assert weighted_sum(terms, {"kd": 0.5, "task": 3.0}) == 3 * 2 + 0.5 * 3
    assert weighted_sum(terms, {}) == 2 + 3
    with pytest.raises(kd.ConfigError, match=r"the weight \['taks'\] belongs to no term; the terms are kd, task"):
        weighted_sum(terms, {"taks": 0.0, "kd": 0.5})
    with pytest.raises(kd.ConfigError, match=r"the term \['task'\] has no weight; the weights are those of kd:"):
        weighted_sum(terms, {"kd": 0.5})


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
    method = METHODS[name](small(), small(9))
    digits = fitting(name, digits)
    method.begin(digits)
    batch = next(iter(method.source(digits, ONE).epoch(0, 0)))
    s, t = method.student.trace(batch.images), method.teacher_trace(batch.images)
    assert set(method.losses(s, t, batch)) == set(method.weights())
    for phase in method.phases(3):
        assert not phase.weights or set(phase.losses(s, t, batch)) == set(phase.weights)


class Places(kd.Distiller):
    """Two spots of one's own, one of them heavy."""

    def spots(self):
        both = {"logits": lambda s, t: s.logits.square().mean(), "embedding": lambda s, t: s.embedding.square().mean()}
        return tuple(Spot(name, loss, (name,), 2.0 + len(name)) for name, loss in both.items())


def test_a_spot_has_its_weight(digits):
    """A method of one's own says it once, and it holds in the method alone and where spots are chosen."""
    for around in (lambda method: method, lambda method: kd.papers.spot_adaptive.SpotAdaptive(method, "always")):
        method = around(Places(small(), small(9)))
        assert {"task": 1.0, "logits": 8.0, "embedding": 11.0}.items() <= method.weights().items()
        history = kd.fit(method, digits, 1, recipe=ONE, progress=False, device="cpu")
        total = sum(weight * history.last(name) for name, weight in method.weights().items())
        assert history.last("loss") == pytest.approx(total, rel=1e-5)
    assert Places(small()).weights() == {"task": 1.0}, "without a teacher there is no spot"


def test_a_weight_that_a_chosen_spot_lacks_is_missed(digits):
    """A method whose own `weights` forget a spot is refused alone, and so it is where spots are chosen."""
    for around in (lambda method: method, lambda method: kd.papers.spot_adaptive.SpotAdaptive(method, "always")):
        inner = Places(small(), small(9))
        inner.weights = lambda: {"task": 1.0, "logits": 8.0}
        with pytest.raises(kd.ConfigError, match=r"the term \['embedding'\] has no weight"):
            kd.fit(around(inner), digits, 1, recipe=ONE, progress=False, device="cpu")


def test_a_phase_of_ones_own_keeps_its_weights(digits):
    method = kd.Alone(small())
    method.phases = lambda epochs: (Phase("mine", epochs, method.losses, {"task": 0.25}, needs_teacher=False),)
    history = kd.fit(method, digits, 1, recipe=ONE, progress=False, device="cpu")
    assert history.last("loss") == pytest.approx(0.25 * history.last("task"))


def test_a_loss_that_reaches_nothing():
    optimiser = torch.optim.SGD([torch.nn.Parameter(zeros(1))])
    with pytest.raises(kd.ConfigError, match="reaches no parameter that may move"):
        descend(zeros(()), optimiser)


def test_a_step_down_a_weighted_sum():
    x = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    loss = minimise({"a": x[0] ** 2, "b": x[1]}, {"a": 3.0, "b": 0.5}, torch.optim.SGD([x], lr=0.1))
    assert loss == 3 + 0.5 * 2 and not loss.requires_grad
    torch.testing.assert_close(x.detach(), torch.tensor([1 - 0.1 * 6, 2 - 0.1 * 0.5]))


def test_a_step_that_leaves_what_it_passes_through_alone():
    own, other, through = (torch.nn.Parameter(torch.tensor(float(n))) for n in (2, 3, 5))
    optimiser = torch.optim.SGD([{"params": [own]}, {"params": [other], "lr": 0.01}], lr=0.1)
    descend_alone(own * through + other**2, optimiser)
    assert (own.item(), other.item()) == pytest.approx((2 - 0.1 * 5, 3 - 0.01 * 6))
    assert through.grad is None and through == 5


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
