"""LSKD: z-scores and their divergence against the paper's formula, what they leave out, and methods of z-scores."""

import math

import pytest
import torch
from torch import Tensor

import kdtutor as kd
from kdtutor.data import UNLABELLED, Batch
from kdtutor.nets import generator
from kdtutor.papers.adversarial import Adversarial
from kdtutor.papers.decoupled import Decoupled, dkd_loss
from kdtutor.papers.hinton import Hinton, kd_loss
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.papers.standardized import Standardized, StandardizedLogits, standardize, standardized_loss

from .losses import NARROWER, VECTORS, Loss
from .test_decoupled import logits, net

LOSSES: dict[str, Loss] = {
    "standardized_loss": Loss(lambda s, t: standardized_loss(s[0], t[0]), VECTORS, VECTORS, NARROWER),
}


def z_scores(row: Tensor, divisor: int) -> Tensor:
    mean = sum(row) / len(row)
    deviation = (sum((z - mean) ** 2 for z in row) / divisor).sqrt()
    return torch.stack([(z - mean) / deviation for z in row])


def as_in_the_paper(z_s: Tensor, z_t: Tensor, T: float) -> Tensor:
    total = torch.zeros((), dtype=z_s.dtype)
    for student, teacher in zip(z_s, z_t, strict=True):
        q_s, q_t = ((z_scores(z, len(z)) / T).exp() for z in (student, teacher))
        q_s, q_t = q_s / q_s.sum(), q_t / q_t.sum()
        total = total + sum(q_t[k] * (q_t[k] / q_s[k]).log() for k in range(len(q_t)))
    return T**2 * total / len(z_s)


@pytest.mark.parametrize("T", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("size", [(1, 5), (6, 7), (4, 3)])
def test_value_and_gradient_equal_the_formula(size, T):
    z_s, z_t, _ = logits(*size)
    ours, theirs = standardized_loss(z_s, z_t, T), as_in_the_paper(z_s, z_t, T)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    a, b = (torch.autograd.grad(loss, z_s)[0] for loss in (ours, theirs))
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("correction", [0, 1])
def test_the_deviation_is_that_of_torch(correction):
    z, _, _ = logits(5, 7)
    std, mean = torch.std_mean(z, 1, correction=correction, keepdim=True)
    torch.testing.assert_close(standardize(z, correction), (z - mean) / std)


def test_bessels_correction_is_another_temperature():
    z_s, z_t, _ = logits(6, 7)
    factor = math.sqrt(7 / 6)
    theirs = kd_loss(standardize(z_s, 1), standardize(z_t, 1), 2.0)
    torch.testing.assert_close(theirs, standardized_loss(z_s, z_t, 2.0 * factor) / factor**2)


def test_level_and_range_of_the_logits_do_not_count():
    z_s, z_t, _ = logits(6, 7)
    scale, shift = torch.rand(2, 6, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    moved = (0.1 + 5 * scale) * z_s + 10 * shift
    loss = standardized_loss(z_s, z_t)
    torch.testing.assert_close(standardized_loss(moved, z_t), loss)
    torch.testing.assert_close(standardized_loss(z_s, 3 * z_t - 2), loss)
    (gradient,) = torch.autograd.grad(loss, z_s)
    assert gradient.sum(1).abs().max() < 1e-12 and (gradient * z_s).sum(1).abs().max() < 1e-12
    assert kd_loss(3 * z_s, z_s) > 0.1 and standardized_loss(3 * z_s, z_s).abs() < 1e-12


@pytest.mark.parametrize("value", [0.0, 0.1, -3.3, 1e-25, 7e20])
def test_constant_logits_give_zeros_and_no_gradient(value):
    z = torch.full((3, 10), value).requires_grad_()
    loss = standardized_loss(z, torch.randn(3, 10, generator=torch.Generator().manual_seed(0)))
    (gradient,) = torch.autograd.grad(loss, z)
    assert (standardize(z) == 0).all() and loss > 0 and (gradient == 0).all()


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_logits_of_any_size_have_z_scores(size):
    z = torch.tensor([[1.0, 2.0, 4.0, 0.5]])
    torch.testing.assert_close(standardize(size * z), standardize(z))


def test_logits_of_pixels_are_samples():
    z = torch.randn(2, 2, 3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = z.movedim(2, -1).reshape(2, -1, 3)
    torch.testing.assert_close(standardized_loss(z[0], z[1]), standardized_loss(rows[0], rows[1]))


def test_wrong_input_is_named():
    z = torch.zeros(2, 3)
    for call, says in (
        (lambda: standardized_loss(z[0], z[0]), r"\(3,\)"),
        (lambda: standardized_loss(z[:, :1], z[:, :1]), r"\(2, 1\).*K ≥ 2"),
        (lambda: standardized_loss(z, torch.zeros(2, 4)), r"\(2, 3\).*\(2, 4\)"),
        (lambda: standardize(z[0]), r"standardize: logits of shape \(3,\)"),
        (lambda: standardize(z[:, :1], 1), r"standardize: logits of shape \(2, 1\)"),
    ):
        with pytest.raises(kd.ShapeError, match=says):
            call()
    with pytest.raises(kd.ConfigError, match="T=0: the temperature"):
        standardized_loss(z, z, T=0)
    with pytest.raises(kd.ConfigError, match="no finite number, and has no z-score"):
        standardized_loss(z, z.index_fill(1, torch.tensor([1]), -math.inf))
    with pytest.warns(UserWarning, match="standardized_loss: the teacher's logits look like probabilities"):
        standardized_loss(z, torch.full((2, 3), 1 / 3))
    for options, says in (({"beta": -1.0}, "beta=-1.0"), ({"T": 0.0}, "T=0.0"), ({"T": "2"}, "T='2'")):
        with pytest.raises(kd.ConfigError, match=says):
            Standardized(net(0), net(1), **options)
    with pytest.raises(kd.ConfigError, match="only over the same classes"):
        Standardized(net(0), net(1, classes=7))
    for make in (Standardized, lambda s, t: StandardizedLogits(Hinton(s, t))):
        with pytest.raises(kd.ConfigError, match=r"know 2 classes, whose z-scores tell which is larger.*at least 3"):
            make(net(0, classes=2), net(1, classes=2))


def test_two_classes_have_one_order():
    z_s, z_t, _ = logits(4, 2)
    loss = standardized_loss(z_s, z_t)
    assert torch.autograd.grad(loss, z_s)[0].abs().max() < 1e-12
    assert standardize(z_s).abs().allclose(torch.ones_like(z_s))


def batch(labels: Tensor) -> Batch:
    images = torch.randn(len(labels), 1, 28, 28, generator=torch.Generator().manual_seed(0))
    return Batch(images, labels, torch.arange(len(labels)))


def objective(method: kd.Distiller, given: Batch) -> Tensor:
    s, t = method.student.trace(given.images), method.teacher_trace(given.images)
    terms, weights = method.losses(s, t, given), method.weights()
    return sum(weights[name] * value for name, value in terms.items())


def test_the_objective_of_a_batch():
    method, given = Standardized(net(0), net(1), beta=5.0, T=3.0), batch(torch.tensor([3, UNLABELLED, 0, 9, 3]))
    z_s, z_t = method.student(given.images), method.teacher(given.images)
    expected = kd.train.task_loss(z_s, given.labels) + 5.0 * standardized_loss(z_s, z_t, 3.0)
    torch.testing.assert_close(objective(method, given), expected)


def test_around_other_methods_of_logits():
    given = batch(torch.tensor([3, UNLABELLED, 0, 9, 3]))
    student, teacher = net(0), net(1).eval()
    z_s, z_t = (standardize(each(given.images)) for each in (student, teacher))
    task = kd.train.task_loss(student(given.images), given.labels)
    for inner, expected in (
        (Hinton(student, teacher, T=2.0, alpha=0.9), 0.1 * task + 0.9 * kd_loss(z_s, z_t, 2.0)),
        (Decoupled(student, teacher, 9.0, 72.0, 2.0), task + dkd_loss(z_s, z_t, given.labels, 9.0, 72.0, 2.0)),
    ):
        torch.testing.assert_close(objective(StandardizedLogits(inner), given), expected)


def test_what_reads_other_layers_is_refused():
    for inner, says in (
        (kd.papers.method("attention")(net(0), net(1)), "reads logits alone; Attention reads 1, 2, 3"),
        (kd.Alone(net(0)), "a method with a teacher; Alone has none"),
        (Standardized, "this is the class Standardized"),
    ):
        with pytest.raises(kd.ConfigError, match=says):
            StandardizedLogits(inner)


def learn(method: kd.Distiller, data: kd.Data, steps: int = 3) -> kd.History:
    recipe = kd.Recipe(lr=0.01, batch_size=20, steps_per_epoch=steps)
    return kd.fit(method, data, 1, recipe=recipe, progress=False, device="cpu")


def test_it_composes_with_spots_and_with_made_images(digits):
    history = learn(SpotAdaptive(StandardizedLogits(Decoupled(net(0), net(1))), "random"), digits.few_labels(4))
    assert all(math.isfinite(history.last(name)) for name in ("tckd", "nckd")) and history.last("nckd") > 0
    made = generator("deconvolutionx0.25", 8, size=28)
    assert learn(Adversarial(StandardizedLogits(Hinton(net(0), net(1))), made, k=2), digits).last("kd") > 0


def test_around_kd_it_compares_as_the_method_itself(digits):
    itself, around = Standardized(net(0), net(1), T=2.0), StandardizedLogits(Hinton(net(0), net(1), T=2.0))
    first, second = (learn(method, digits, steps=1) for method in (itself, around))
    assert first.last("kd") == second.last("kd") and first.terms == second.terms
