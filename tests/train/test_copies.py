"""Nothing of a run stays in a net: it can be copied, pickled, saved and averaged, before, during and after."""

import copy
import io
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor.papers import METHODS, adversarial, contrastive, data_free, gan, hinton, metric, overhaul, spot_adaptive
from kdtutor.train import Judge, Recipe, steps
from tests.tasks import fitting

from .common import same_weights, small

ONE = Recipe(batch_size=10, steps_per_epoch=1)


def saved(net: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


COPIES: dict[str, Callable[[nn.Module], nn.Module]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda net: pickle.loads(pickle.dumps(net)),
    "torch.save": saved,
    "average": lambda net: torch.optim.swa_utils.AveragedModel(net).module,
}


def copied(net: nn.Module) -> None:
    for name, make in COPIES.items():
        other = make(net)
        assert other is not net and same_weights(other, net), name
        assert [m.training for m in other.modules()] == [m.training for m in net.modules()], name


def maker() -> kd.nets.Generator:
    return kd.nets.generator("deconvolutionx0.25", latent=8, size=28)


OTHERS = {
    "Alone": lambda: kd.Alone(small()),
    "Triplets": lambda: metric.Triplets(small()),
    "RelationalMetric": lambda: metric.RelationalMetric(small(), small(9), triplet=1.0),
    "SpotAdaptive": lambda: spot_adaptive.SpotAdaptive(overhaul.Overhaul(small(), small(9))),
    "DataFree": lambda: data_free.DataFree(adversarial.Logits(small(), small(9)), maker(), replay=2, memory=20),
    "Adversarial": lambda: adversarial.Adversarial(adversarial.Logits(small(), small(9)), maker(), k=1, distance="log"),
}
ALL = {name: (lambda make=make: make(small(), small(9))) for name, make in METHODS.items()} | OTHERS


@pytest.mark.parametrize("name", ALL)
def test_before_during_and_after_a_run(digits, name):
    method, digits = ALL[name](), fitting(name, digits)
    copied(method)
    for at in steps(method, digits, 2, recipe=ONE, device="cpu"):
        if at.step == 1:
            copied(method)
            copied(method.student)
    for net in (method, method.student, method.teacher):
        if net is not None:
            copied(net)
            assert all(parameter.grad is None for parameter in net.parameters()), "a gradient of the run is left"


def test_a_copy_in_the_middle_of_a_run_is_free_and_goes_its_own_way(digits):
    method = hinton.Hinton(small(), small(9))
    running = steps(method, digits, 2, recipe=ONE, device="cpu")
    next(running)
    other = copy.deepcopy(method)
    assert other.noise is not method.noise and torch.equal(other.noise.get_state(), method.noise.get_state())
    before = copy.deepcopy(method.student)
    kd.fit(other, digits, 1, recipe=ONE, progress=False, device="cpu")
    assert same_weights(method.student, before) and not same_weights(other.student, before)
    with pytest.raises(kd.BusyError):
        next(steps(kd.Alone(method.student), digits, 1, recipe=ONE, device="cpu"))
    running.close()
    kd.fit(kd.Alone(method.student), digits, 1, recipe=ONE, progress=False, device="cpu")


def test_a_copy_shares_its_parts_as_the_method_does():
    method = copy.deepcopy(spot_adaptive.SpotAdaptive(contrastive.Contrastive(small(), small(9))))
    assert method.inner.student is method.student and method.inner.teacher is method.teacher
    assert method.noise is method.inner.noise, "one stream, which the loop seeds"


def test_generators_critics_and_wrapped_models():
    data = kd.data.load("digits-16")
    student, critic = kd.nets.generator("dcganx0.125", 5, 1, 16), kd.nets.critic("dcganx0.25")
    method = gan.Distil(student, critic=critic, alpha=0, judge=Judge(kd.nets.build("resnet8x0.25", 10, 1)))
    kd.fit(method, data, 1, recipe=ONE, progress=False, device="cpu")
    for net in (method, student, critic):
        copied(net)
    body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(1), nn.Linear(4 * 676, 10))
    wrapped = kd.nets.wrap(body, example=torch.zeros(1, 1, 28, 28))
    kd.fit(hinton.Hinton(wrapped, small()), kd.data.load("digits"), 1, recipe=ONE, progress=False, device="cpu")
    images = torch.rand(3, 1, 28, 28)
    assert all(torch.equal(make(wrapped).eval()(images), wrapped(images)) for make in COPIES.values())


def test_a_born_again_teacher(digits):
    student = small()
    kd.fit(kd.Alone(student), digits, 1, recipe=ONE, progress=False, device="cpu")
    second = hinton.Hinton(small(1), copy.deepcopy(student))
    kd.fit(second, digits, 1, recipe=ONE, progress=False, device="cpu")
    assert same_weights(second.teacher, student) and all(p.requires_grad for p in student.parameters())


def test_a_former_teacher_is_trained_further_once_it_is_thawed(digits):
    net = small()
    hinton.Hinton(small(1), net)
    with pytest.raises(kd.ConfigError, match=r"no parameter of the student may move.*requires_grad_\(True\)"):
        kd.fit(kd.Alone(net), digits, 1, recipe=ONE, progress=False, device="cpu")
    before = copy.deepcopy(net)
    kd.fit(kd.Alone(net.requires_grad_(True)), digits, 1, recipe=ONE, progress=False, device="cpu")
    assert not same_weights(net, before)


def test_a_copied_judge_knows_the_real_images_by_themselves(digits):
    judge = Judge(small())
    seen = judge.real(digits.test, digits)
    other = copy.deepcopy(judge)
    others = digits.test[:5]
    assert other.real(others, digits).shape[0] == 5 and torch.equal(judge.real(digits.test, digits), seen)


def test_traces_are_copied_and_pickled(digits):
    trace = small().eval().trace(digits.normalise(digits.test.images[:6])).detach()
    assert len(trace.active) == len(trace.stages)  # computed once, and kept
    for whole in (copy.deepcopy(trace), pickle.loads(pickle.dumps(trace))):
        for mine, theirs in ((whole, trace), (copy.deepcopy(whole[[1, 3]]), trace[[1, 3]])):
            assert all(map(torch.equal, mine.active, theirs.active)) and torch.equal(mine.logits, theirs.logits)
