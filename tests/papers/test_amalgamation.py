"""amalgamation (KA): the losses against their formulas, the phases, and every place where a method is used."""

import copy
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.data import UNLABELLED, Augment, Batch
from kdtutor.papers.amalgamation import (
    LAYERS,
    UNITS,
    Amalgamation,
    AmalgamationUnit,
    FeatureAmalgamation,
    block_divergence,
    score_loss,
)
from kdtutor.papers.common_features import CommonFeatures
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Entry, Recipe, fit_together, steps
from tests.train.common import same_weights
from tests.waits import copies, optimisers, waits

from .losses import NARROWER, VECTORS, Loss

CLASSES = ((0, 1, 2, 3), (4, 5))  # of six
HALVES = [range(5), range(5, 10)]
ONE = Recipe(batch_size=10, steps_per_epoch=2, augment=None)
EVERY = pytest.mark.parametrize("kind", [Amalgamation, FeatureAmalgamation, CommonFeatures])

LOSSES: dict[str, Loss] = {
    "score_loss": Loss(lambda s, t: score_loss(s[0], t[0]), VECTORS, VECTORS, NARROWER),
    "block_divergence": Loss(
        lambda s, t: block_divergence(s[0], (t[0][:, :4], t[0][:, 4:]), CLASSES), VECTORS, VECTORS, error=((4,),)
    ),
}


def logits():
    return 3 * torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def equal_with_gradients(ours, theirs, x):
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad(loss, x)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)


def test_scores_equal_the_formula():
    z_s, z_t = logits()
    z_s.requires_grad_()
    squares = [(a - b) ** 2 for row, other in zip(z_s, z_t, strict=True) for a, b in zip(row, other, strict=True)]
    equal_with_gradients(score_loss(z_s, z_t), sum(squares) / 2 / len(z_s), z_s)


def test_blocks_equal_the_formula():
    z_s, z_t = logits()
    z_s.requires_grad_()
    total = 0
    for own in CLASSES:
        for b in range(len(z_s)):
            p = [(z_t[b, k] / 2).exp() / sum((z_t[b, j] / 2).exp() for j in own) for k in own]
            q = [(z_s[b, k] / 2).exp() / sum((z_s[b, j] / 2).exp() for j in own) for k in own]
            total = total + sum(a * (a / c).log() for a, c in zip(p, q, strict=True))
    ours = block_divergence(z_s, [z_t[:, list(own)] for own in CLASSES], CLASSES, T=2.0)
    equal_with_gradients(ours, 4 * total / (2 * len(z_s)), z_s)


def test_blocks_do_not_see_what_scores_see():
    z_s, z_t = logits()
    blocks, shift = [z_t[:, list(own)] for own in CLASSES], torch.tensor([7.0] * 4 + [0.0] * 2).double()
    torch.testing.assert_close(block_divergence(z_s + shift, blocks, CLASSES), block_divergence(z_s, blocks, CLASSES))
    assert score_loss(z_s + shift, z_t) > score_loss(z_s, z_t) + 1
    with pytest.raises(ShapeError, match="2 answers and 1 rows of classes"):
        block_divergence(z_s, blocks, CLASSES[:1])


def test_a_unit_is_two_convolutions():
    unit, f = AmalgamationUnit(5, 3).double(), torch.randn(2, 5, 4, 4, dtype=torch.float64)
    mix = lambda conv, x: torch.einsum("oc,bchw->bohw", conv.weight[:, :, 0, 0], x) + conv.bias[:, None, None]  # noqa: E731
    code = mix(unit.encoder, f).clamp(min=0)
    torch.testing.assert_close(unit(f), code)
    torch.testing.assert_close(unit.error(f), ((mix(unit.decoder, code) - f) ** 2).mean())


def net(seed, classes=5, name="resnet8x0.25"):
    kd.seed_everything(seed)
    return kd.nets.build(name, classes=classes, channels=1, **({"stem_stride": 2} if "resnet" in name else {}))


def made(kind=Amalgamation, high="resnet8x0.25", **options):
    teachers = [net(1), net(2, name=high)]
    kd.seed_everything(0)
    return kind(net(0, 10), teachers, HALVES, **options)


def batch(count=6):
    generator = torch.Generator().manual_seed(3)
    return Batch(torch.randn(count, 1, 28, 28, generator=generator), torch.arange(count), torch.arange(count))


@pytest.fixture(scope="module")
def few(digits):
    return replace(digits, train=digits.train[::2])


def learn(method, data, epochs=4, **options):
    return kd.fit(method, data, epochs, progress=False, device="cpu", **{"recipe": ONE, **options})


@pytest.mark.parametrize("match", ["scores", "softmax", "blocks"])
def test_the_objective_of_a_batch(match):
    method, here = made(match=match, T=2.0).eval(), batch()
    s, t = method.student.trace(here.images), method.teacher_trace(here.images)
    low, high = (teacher(here.images) for teacher in method.teacher.teachers)
    expected = {
        "scores": score_loss(s.logits, torch.cat([low, high], 1)),
        "softmax": kd.papers.hinton.kd_loss(s.logits, torch.cat([low, high], 1), T=2.0),
        "blocks": block_divergence(s.logits, [low, high], HALVES, T=2.0),
    }[match]
    terms = method.losses(s, t, here)
    assert list(terms) == list(method.weights()) == ["scores"]
    torch.testing.assert_close(terms["scores"], expected)


def test_layers_learn_by_themselves():
    """Each stage from the amalgamated features before it: a loss reaches that stage and nothing else."""
    method, here = made(FeatureAmalgamation).eval(), batch()
    student, t = method.student, method.teacher_trace(here.images)
    terms = method.layer_losses(here.images, t)
    codes = [unit(f) for unit, f in zip(method.units, t.active, strict=True)]
    torch.testing.assert_close(terms["layer1"], F.mse_loss(student.trace(here.images).active[0], codes[0]))
    torch.testing.assert_close(terms["layer3"], F.mse_loss(F.relu(student.run(codes[1], 2)), codes[2]))
    torch.testing.assert_close(terms["scores"], score_loss(student.run(codes[2], 3), t.logits))
    terms["layer2"].backward()
    moved = {name for name, p in method.named_parameters() if p.grad is not None and bool(p.grad.any())}
    assert moved and all(name.startswith("student.stages.1") for name in moved), moved


def test_each_phase_moves_what_it_is_about(few):
    method = made(FeatureAmalgamation)
    before, frozen = copy.deepcopy(method), copy.deepcopy(method.teacher)
    phases, here = method.phases(8), batch()
    assert [(phase.name, phase.epochs) for phase in phases] == [(UNITS, 2), (LAYERS, 2), ("distil", 4)]
    for phase, student, units in zip(phases, (False, True, True), (True, False, False), strict=True):
        method.train()
        method.step(here, phase, optimisers(method, phase, ONE))
        assert same_weights(method.student, before.student) != student
        assert same_weights(method.units, before.units) != units
        before = copy.deepcopy(method)
    assert same_weights(method.teacher, frozen)
    assert len(method.units) == 3 and all(p.requires_grad for p in method.units.parameters())


@EVERY
def test_labels_are_not_looked_at(few, kind):
    hidden = replace(few, train=replace(few.train, labels=torch.full_like(few.train.labels, UNLABELLED)))
    methods = [made(kind, high="lenet5") for _ in "ab"]
    with_labels, without = (learn(method, data) for method, data in zip(methods, (few, hidden), strict=True))
    assert same_weights(methods[0].student, methods[1].student)
    assert with_labels.last("loss") == without.last("loss")


@EVERY
def test_a_stopped_run_continues_to_the_same_numbers(few, kind, tmp_path):
    whole = made(kind)
    expected = learn(whole, few)
    running = steps(made(kind), few, 4, recipe=ONE, device="cpu", out=tmp_path)
    for _ in range(3):
        next(running)
    running.close()
    resumed = made(kind)
    assert learn(resumed, few, out=tmp_path).rows == expected.rows and same_weights(resumed, whole)
    with pytest.raises(ConfigError, match="holds another run"):
        learn(made(kind, match="blocks"), few, out=tmp_path)


@EVERY
def test_a_step_waits_for_no_device_and_keeps_to_it(few, kind):
    for device, found in (("cpu", waits), ("meta", copies)):
        method = made(kind).to(device)
        here = batch().to(device)
        for phase in method.phases(8):
            method.train()
            run = optimisers(method, phase, ONE)
            assert not found(lambda p=phase, r=run: method.step(here, p, r))  # noqa: B023


def test_what_it_goes_together_with(few, tmp_path):
    teacher = kd.Specialists([net(1), net(2)], HALVES)
    live, kept = (Amalgamation(net(0, 10), teacher, match="blocks") for _ in "ab")
    source = kd.cache(teacher, few, recipe=ONE, folder=tmp_path, device="cpu", progress=False)
    expected = learn(live, few, 1)
    assert learn(kept, few, 1, source=source).rows == expected.rows
    entries = [Entry(Amalgamation(net(0, 10), teacher, match="blocks"), 1, ONE), Entry(made(), 1, ONE)]
    first, _ = fit_together(entries, few, device="cpu", progress=False)
    assert first.rows == expected.rows
    learn(SpotAdaptive(Amalgamation(net(0, 10), teacher)), few, 1)
    maker = kd.nets.generator("deconvolutionx0.25", 4, 1, 28)
    learn(kd.papers.adversarial.Adversarial(Amalgamation(net(0, 10), teacher), maker, k=1), few, 1)
    learn(kd.papers.fitnets.FitNets(net(0, 10), teacher), few, 2)
    with pytest.raises(ConfigError, match="the method reads the teacher's stages"):
        learn(FeatureAmalgamation(net(0, 10), teacher), few, source=source)


def test_images_are_shifted_before_all_nets_see_them(few):
    shifted = replace(ONE, augment=Augment(pad=2))
    assert learn(made(), few, 1, recipe=shifted).last("loss") != learn(made(), few, 1).last("loss")


def test_wrong_options_are_named(few):
    with pytest.raises(ConfigError, match="the classes of each teacher are needed"):
        Amalgamation(net(0, 10), [net(1), net(2)])
    with pytest.raises(ConfigError, match="leave classes out"):
        Amalgamation(net(0, 10), kd.Specialists([net(1), net(2)], HALVES), HALVES)
    with pytest.raises(ConfigError, match="10 classes apart and the student 7"):
        Amalgamation(net(0, 7), [net(1), net(2)], HALVES)
    with pytest.raises(kd.UnknownName, match="'logits'"):
        made(match="logits")
    with pytest.raises(ConfigError, match="T=0"):
        made(T=0)
    with pytest.raises(ConfigError, match="of 2 epochs: each takes one at least"):
        learn(made(FeatureAmalgamation), few, 2)
    flat = kd.nets.wrap(
        torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 5)), example=torch.zeros(1, 1, 28, 28)
    )
    with pytest.raises(ConfigError, match="the teachers have 0 in common"):
        FeatureAmalgamation(net(0, 10), [net(1), flat], HALVES)
