"""What the user froze of a student stays frozen, in every kind of run."""

import copy

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor.papers import adversarial, attention, fsp, gan, hinton, spot_adaptive
from kdtutor.train import Recipe, steps

from .common import RECIPE, small

SHORT = Recipe(batch_size=10, steps_per_epoch=2)  # with weight decay


def norms(net: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]


def by_mode(net: kd.Net) -> list[nn.BatchNorm2d]:
    """Two norms in eval mode, whose scales and shifts may still learn."""
    frozen = norms(net)[1:3]
    for norm in frozen:
        norm.eval()
    return frozen


def by_parameters(net: kd.Net) -> list[nn.BatchNorm2d]:
    """The whole first stage, by its parameters alone."""
    net.stages[0].requires_grad_(False)
    return norms(net.stages[0])


def statistics(parts: list[nn.BatchNorm2d]) -> list[torch.Tensor]:
    return [x.clone() for norm in parts for x in (norm.running_mean, norm.running_var, norm.num_batches_tracked)]


def maker() -> kd.nets.Generator:
    return kd.nets.generator("deconvolutionx0.25", latent=8, size=28)


METHODS = {
    "alone": lambda s, t: kd.Alone(s),
    "in two phases": lambda s, t: fsp.FSP(s, t, alpha=0.5),
    "in spots": lambda s, t: spot_adaptive.SpotAdaptive(attention.Attention(s, t)),
    "generated": lambda s, t: adversarial.Adversarial(adversarial.Logits(s, t), maker(), k=1),
    "both": lambda s, t: adversarial.Adversarial(spot_adaptive.SpotAdaptive(attention.Attention(s, t)), maker(), k=1),
}


@pytest.mark.parametrize("freeze", [by_mode, by_parameters])
@pytest.mark.parametrize("method", METHODS)
def test_frozen_norms_keep_their_statistics(digits, method, freeze):
    student = small()
    frozen = freeze(student)
    others = [norm for norm in norms(student) if norm not in frozen]
    before, moving = statistics(frozen), statistics(others)
    for _ in range(2):  # the first run leaves all of the student in eval mode
        kd.fit(METHODS[method](student, small(9)), digits, 2, recipe=SHORT, progress=False, device="cpu")
        assert all(map(torch.equal, before, statistics(frozen)))
    assert not any(map(torch.equal, moving, statistics(others)))


@pytest.mark.parametrize("adam", [False, True])
def test_frozen_parameters_stay_to_the_last_bit(digits, adam):
    student = small()
    student.stages[0].requires_grad_(False)
    student.classifier.bias.requires_grad_(False)
    before = copy.deepcopy(student.state_dict())
    recipe = Recipe(batch_size=10, steps_per_epoch=2, weight_decay=0.1, optimiser="adam" if adam else "sgd")
    kd.fit(hinton.Hinton(student, small(9)), digits, 2, recipe=recipe, progress=False, device="cpu")
    same = {name for name, x in student.state_dict().items() if torch.equal(x, before[name])}
    assert same == {name for name in before if name.startswith("stages.0.") or name == "classifier.bias"}


def test_a_part_in_eval_mode_stays_there_in_every_step(digits):
    student = small()
    student.stages[1].add_module("dropout", nn.Dropout(0.5))
    student.stages[1].dropout.eval()
    seen = []
    student.stages[1].register_forward_pre_hook(lambda stage, _: seen.append((stage.training, stage.dropout.training)))
    kd.fit(kd.Alone(student), digits, 2, recipe=RECIPE, progress=False, device="cpu")
    assert {dropout for _, dropout in seen} == {False} and (True, False) in seen


def test_a_continued_run_keeps_them_too(digits, tmp_path):
    student = small()
    before = statistics(by_mode(student))
    running = steps(kd.Alone(student), digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(3):
        next(running)
    running.close()
    resumed = small()
    frozen = by_mode(resumed)
    kd.fit(kd.Alone(resumed), digits, 2, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    assert all(map(torch.equal, before, statistics(frozen)))


def test_what_is_thawed_learns_again(digits):
    student = small()
    frozen = by_mode(student)
    before = statistics(frozen)
    kd.fit(kd.Alone(student), digits, 1, recipe=SHORT, progress=False, device="cpu")
    student.train()
    kd.fit(kd.Alone(student), digits, 1, recipe=SHORT, progress=False, device="cpu")
    assert not any(map(torch.equal, before, statistics(frozen)))
    thawed = small()
    frozen = by_parameters(thawed)
    kd.fit(kd.Alone(thawed), digits, 1, recipe=SHORT, progress=False, device="cpu")
    before = statistics(frozen)
    thawed.requires_grad_(True)
    kd.fit(kd.Alone(thawed), digits, 1, recipe=SHORT, progress=False, device="cpu")
    assert not any(map(torch.equal, before, statistics(frozen)))


def test_a_student_in_eval_mode_trains_as_a_whole(digits):
    student = small().eval()
    before = statistics(norms(student))
    kd.fit(kd.Alone(student), digits, 1, recipe=SHORT, progress=False, device="cpu")
    assert not any(map(torch.equal, before, statistics(norms(student))))


@pytest.mark.parametrize("game", ["non-saturating", "wasserstein"])
def test_frozen_parts_of_a_gan(game):
    data = kd.data.load("digits-16")
    student, critic = kd.nets.generator("dcganx0.125", 5, 1, 16), kd.nets.critic("dcganx0.25")
    norm = next(m for m in student.modules() if isinstance(m, nn.BatchNorm2d))
    norm.eval()
    first = next(m for m in critic.modules() if isinstance(m, nn.Conv2d)).requires_grad_(False)
    before = [norm.running_mean.clone(), norm.running_var.clone(), first.weight.clone()]
    kd.fit(gan.Distil(student, critic=critic, alpha=0, game=game), data, 2, recipe=SHORT, progress=False, device="cpu")
    assert all(map(torch.equal, before, [norm.running_mean, norm.running_var, first.weight]))


def test_a_frozen_part_of_a_generator(digits):
    generator = maker()
    frozen = next(m for m in generator.modules() if isinstance(m, nn.Linear)).requires_grad_(False)
    before = frozen.weight.clone()
    method = adversarial.Adversarial(adversarial.Logits(small(), small(9)), generator, k=1)
    kd.fit(method, digits, 1, recipe=SHORT, progress=False, device="cpu")
    assert torch.equal(before, frozen.weight)
