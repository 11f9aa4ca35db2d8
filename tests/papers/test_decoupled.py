"""DKD: both parts against the paper's formula, what is left out, and the method."""

import math

import pytest
import torch
from torch import Tensor

import kdtutor as kd
from kdtutor.data import UNLABELLED, Batch
from kdtutor.nets import generator
from kdtutor.papers.adversarial import Adversarial
from kdtutor.papers.decoupled import Decoupled, dkd_loss, nckd_loss, tckd_loss
from kdtutor.papers.hinton import kd_loss, soften
from kdtutor.papers.spot_adaptive import SpotAdaptive

from .losses import NARROWER, VECTORS, Loss

LOSSES: dict[str, Loss] = {
    "dkd_loss": Loss(
        lambda s, t: dkd_loss(s[0], t[0], torch.arange(len(s[0])) % s[0].shape[1]), VECTORS, VECTORS, NARROWER
    ),
}
PARTS = pytest.mark.parametrize("part", [tckd_loss, nckd_loss])


def logits(B: int = 6, K: int = 7, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    z_s, z_t = 3 * torch.randn(2, B, K, generator=generator, dtype=torch.float64)
    return z_s.requires_grad_(), z_t, torch.randint(K, (B,), generator=generator)


def as_in_the_paper(z_s: Tensor, z_t: Tensor, labels: Tensor, T: float) -> tuple[Tensor, Tensor]:
    """TCKD and NCKD (§3.1) with plain exponentials, sample by sample and class by class."""
    target = others = torch.zeros((), dtype=z_s.dtype)
    for z, w, label in zip((z_s / T).exp(), (z_t / T).exp(), labels.tolist(), strict=True):
        rest = [k for k in range(len(z)) if k != label]
        p, q = w / w.sum(), z / z.sum()  # the teacher's, the student's
        not_p, not_q = sum(p[k] for k in rest), sum(q[k] for k in rest)
        target = target + p[label] * (p[label] / q[label]).log() + not_p * (not_p / not_q).log()
        for k in rest:
            hat_p, hat_q = w[k] / sum(w[i] for i in rest), z[k] / sum(z[i] for i in rest)
            others = others + hat_p * (hat_p / hat_q).log()
    return T**2 * target / len(labels), T**2 * others / len(labels)


@pytest.mark.parametrize("T", [1.0, 4.0])
@pytest.mark.parametrize("size", [(1, 5), (6, 7), (4, 2)])
def test_value_and_gradient_equal_the_formula(size, T):
    z_s, z_t, labels = logits(*size)
    target, others = as_in_the_paper(z_s, z_t, labels, T)
    pairs = ((tckd_loss(z_s, z_t, labels, T), target), (nckd_loss(z_s, z_t, labels, T), others),
             (dkd_loss(z_s, z_t, labels, 0.5, 6.0, T), 0.5 * target + 6.0 * others))  # fmt: skip
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
        a, b = (torch.autograd.grad(loss, z_s, retain_graph=True)[0] for loss in (ours, theirs))
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def test_single_precision_agrees():
    z_s, z_t, labels = logits()
    single = dkd_loss(z_s.float(), z_t.float(), labels)
    torch.testing.assert_close(single.double(), dkd_loss(z_s, z_t, labels), rtol=1e-5, atol=0)


@pytest.mark.parametrize("T", [1.0, 4.0])
def test_hintons_loss_is_coupled(T):
    """KD = TCKD + (1 - p_target) · NCKD, sample by sample (§3.1)."""
    z_s, z_t, labels = logits()
    for b in range(len(labels)):
        row = (z_s[b : b + 1], z_t[b : b + 1], labels[b : b + 1])
        others = 1 - soften(z_t[b], T)[labels[b]].item()
        torch.testing.assert_close(kd_loss(*row[:2], T), dkd_loss(*row, 1.0, others, T), rtol=1e-9, atol=1e-12)


def test_two_classes_have_no_others():
    z_s, z_t, labels = logits(4, 2)
    assert nckd_loss(z_s, z_t, labels).item() == 0
    torch.testing.assert_close(tckd_loss(z_s, z_t, labels), kd_loss(z_s, z_t))


@PARTS
def test_each_part_sees_its_own_classes(part):
    """NCKD does not see the target's logit; TCKD sees of the others only their sum."""
    z_s, z_t, labels = logits(5, 4)
    (gradient,) = torch.autograd.grad(part(z_s, z_t, labels), z_s)
    target = gradient.gather(1, labels[:, None])
    assert (target == 0).all() if part is nckd_loss else (target != 0).all()
    turned = torch.stack([z.roll(1) for z in z_t])  # class 3 becomes 0, and so on; labels follow
    torch.testing.assert_close(part(z_s.roll(1, 1), turned, (labels + 1) % 4), part(z_s, z_t, labels))


@PARTS
def test_samples_without_a_label_are_left_out(part):
    z_s, z_t, labels = logits()
    some = labels.clone()
    some[[1, 4]] = UNLABELLED
    kept = some != UNLABELLED
    loss = part(z_s, z_t, some)
    torch.testing.assert_close(loss, part(z_s[kept], z_t[kept], labels[kept]))
    (gradient,) = torch.autograd.grad(loss, z_s)
    assert (gradient[~kept] == 0).all() and (gradient[kept] != 0).any(1).all()
    none = part(z_s, z_t, torch.full_like(labels, UNLABELLED))
    assert none.item() == 0 and (torch.autograd.grad(none, z_s)[0] == 0).all()


@PARTS
@pytest.mark.parametrize("scale", [0.0, 1e4, 1e30, math.inf])
def test_extreme_logits_give_numbers(part, scale):
    z = torch.randn(3, 5, generator=torch.Generator().manual_seed(3))
    z = torch.where(z > 0, z, -math.inf) if scale == math.inf else scale * z
    for z_s, z_t in ((z, z.flip(0)), (torch.where(torch.eye(3, 5) > 0, 9.0, z.min()), z), (z, torch.eye(3, 5).log())):
        z_s = z_s.clone().requires_grad_()
        loss = part(z_s, z_t, torch.arange(3))
        (gradient,) = torch.autograd.grad(loss, z_s)
        assert loss.isfinite() and gradient.isfinite().all()


def test_wrong_input_is_named():
    z, labels = torch.zeros(2, 3), torch.tensor([0, 2])
    for call, says in (
        (lambda: dkd_loss(z[0], z[0], labels), r"\(3,\)"),
        (lambda: dkd_loss(z[:, :1], z[:, :1], labels), r"\(2, 1\).*K ≥ 2"),
        (lambda: dkd_loss(z, z, labels[:1]), r"labels have shape \(1,\)"),
        (lambda: dkd_loss(z, torch.zeros(2, 4), labels), r"\(2, 3\).*\(2, 4\)"),
    ):
        with pytest.raises(kd.ShapeError, match=says):
            call()
    with pytest.raises(kd.ConfigError, match="from 0 to 3; expected 0 to 2, or -1"):
        dkd_loss(z, z, torch.tensor([0, 3]))
    with pytest.raises(kd.ConfigError, match="from -2 to 0"):
        dkd_loss(z, z, torch.tensor([0, -2]))
    with pytest.raises(kd.ConfigError, match="T=0: the temperature"):
        dkd_loss(z, z, labels, T=0)
    with pytest.warns(UserWarning, match="tckd_loss: the teacher's logits look like probabilities"):
        tckd_loss(z, torch.full((2, 3), 1 / 3), labels)


def net(seed: int, **options: int) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build("resnet8x0.25", **({"classes": 10, "channels": 1, "stem_stride": 2} | options))


@pytest.mark.parametrize(
    ("options", "says"),
    [({"alpha": -1.0}, "alpha=-1.0"), ({"beta": -0.5}, "beta=-0.5"), ({"T": 0.0}, "T=0.0"), ({"T": "4"}, "T='4'")],
)
def test_wrong_options_are_named(options, says):
    with pytest.raises(kd.ConfigError, match=says):
        Decoupled(net(0), net(1), **options)


def test_classes_must_be_the_same_and_several():
    with pytest.raises(kd.ConfigError, match="only over the same classes"):
        Decoupled(net(0), net(1, classes=7))
    with pytest.raises(kd.ConfigError, match="know one class"):
        Decoupled(net(0, classes=1), net(1, classes=1))


def test_the_objective_of_a_batch():
    method = Decoupled(net(0), net(1), alpha=0.5, beta=3.0, T=2.0)
    images, labels = torch.randn(5, 1, 28, 28), torch.tensor([3, UNLABELLED, 0, 9, 3])
    s, t = method.student.trace(images), method.teacher_trace(images)
    with pytest.raises(kd.ConfigError, match=r"call look_at\(batch\)"):
        method.spots()[0].loss(s, t)
    terms, weights = method.losses(s, t, Batch(images, labels, torch.arange(5))), method.weights()
    total = sum(weights[name] * value for name, value in terms.items())
    expected = kd.train.task_loss(s.logits, labels) + dkd_loss(s.logits, t.logits, labels, 0.5, 3.0, 2.0)
    torch.testing.assert_close(total, expected)


@pytest.mark.parametrize("strategy", ["adaptive", "random"])
def test_spots_of_it_may_be_chosen_sample_by_sample(digits, strategy):
    method = SpotAdaptive(Decoupled(net(0), net(1)), strategy)
    recipe = kd.Recipe(lr=0.05, batch_size=20, steps_per_epoch=3)
    history = kd.fit(method, digits.few_labels(4), 1, recipe=recipe, progress=False, device="cpu")
    assert all(math.isfinite(history.last(name)) for name in ("tckd", "nckd", "kd"))
    assert history.last("nckd") > 0


def test_without_data_the_teachers_answers_are_the_targets(digits):
    method = Adversarial(Decoupled(net(0), net(1)), generator("deconvolutionx0.25", 8, size=28), k=2)
    recipe = kd.Recipe(lr=0.05, batch_size=10, steps_per_epoch=2)
    history = kd.fit(method, digits, 1, recipe=recipe, progress=False, device="cpu")
    assert history.last("tckd") > 0 and history.last("nckd") > 0
