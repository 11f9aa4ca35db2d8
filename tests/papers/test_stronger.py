"""DIST: both correlations against the paper's formula, what has none, and the method."""

import math

import pytest
import torch
from torch import Tensor

import kdtutor as kd
from kdtutor.data import UNLABELLED, Batch
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.papers.stronger import Stronger, dist_loss, inter_class_loss, intra_class_loss, pearson

from .losses import NARROWER, VECTORS, Loss
from .test_decoupled import logits, net

LOSSES: dict[str, Loss] = {
    "dist_loss": Loss(lambda s, t: dist_loss(s[0], t[0]), VECTORS, VECTORS, NARROWER),
    "inter_class_loss, sharp": Loss(lambda s, t: inter_class_loss(s[0], t[0], T=1), VECTORS, VECTORS, NARROWER),
}
PARTS = pytest.mark.parametrize("part", [inter_class_loss, intra_class_loss])


def correlation(a: list[Tensor], b: list[Tensor]) -> Tensor:
    """Pearson's ρ of two lists of numbers, sum by sum."""
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    over = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    lengths = [sum((x - mean) ** 2 for x in values).sqrt() for values, mean in ((a, mean_a), (b, mean_b))]
    return over / (lengths[0] * lengths[1])


def as_in_the_paper(z_s: Tensor, z_t: Tensor, T: float) -> tuple[Tensor, Tensor]:
    p_s, p_t = ((z / T).exp() / (z / T).exp().sum(1, keepdim=True) for z in (z_s, z_t))
    B, K = z_s.shape
    inter = sum(1 - correlation(list(p_s[b]), list(p_t[b])) for b in range(B)) / B
    intra = sum(1 - correlation(list(p_s[:, k]), list(p_t[:, k])) for k in range(K)) / K
    return T**2 * inter, T**2 * intra


@pytest.mark.parametrize("T", [1.0, 4.0])
@pytest.mark.parametrize("size", [(6, 7), (2, 5), (4, 3)])
def test_value_and_gradient_equal_the_formula(size, T):
    z_s, z_t, _ = logits(*size)
    inter, intra = as_in_the_paper(z_s, z_t, T)
    pairs = ((inter_class_loss(z_s, z_t, T), inter), (intra_class_loss(z_s, z_t, T), intra),
             (dist_loss(z_s, z_t, 0.5, 3.0, T), 0.5 * inter + 3.0 * intra))  # fmt: skip
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
        a, b = (torch.autograd.grad(loss, z_s, retain_graph=True)[0] for loss in (ours, theirs))
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def test_the_correlation_is_that_of_torch():
    a, b = torch.randn(2, 3, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(a, b, strict=True)])
    torch.testing.assert_close(pearson(a, b), expected)
    torch.testing.assert_close(pearson(0.01 * a + 3, b), expected)
    torch.testing.assert_close(pearson(-a, b), -expected)


@pytest.mark.parametrize("size", [1e-30, 1e-12, 1.0, 1e30])
def test_numbers_of_any_size_correlate(size):
    """A class that a whole batch finds improbable: all its probabilities are tiny, and so are the sums of squares."""
    a = size * torch.tensor([[1.0, 2.0, 4.0, 0.5]])
    b = torch.tensor([[1.0, 3.0, 2.0, 0.0]])
    torch.testing.assert_close(pearson(a, b), pearson(a / size, b))


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e-25, 7e20])
def test_what_is_constant_has_no_correlation_and_no_gradient(value):
    """The mean of equal numbers is another number after rounding: what is left of them has no direction."""
    a = torch.full((3, 10), value).requires_grad_()
    b = torch.randn(3, 10, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(pearson(a, b).sum(), a)
    assert pearson(a, b).tolist() == [0, 0, 0] and (gradient == 0).all()


def test_a_student_that_knows_nothing_yet_takes_an_ordinary_step():
    """Equal logits: what a last layer of zeros gives. Over the classes there is no correlation to improve."""
    z_s, z_t, _ = logits(8, 10)
    zeros = torch.zeros_like(z_s).float().requires_grad_()
    (gradient,) = torch.autograd.grad(dist_loss(zeros, z_t.float()), zeros)
    assert gradient.abs().max() < 1


def test_one_sample_has_no_others_and_two_classes_have_one_order():
    z_s, z_t, _ = logits(1, 5)
    alone = intra_class_loss(z_s, z_t, T=3.0)
    assert alone.item() == 9 and (torch.autograd.grad(alone, z_s)[0] == 0).all()
    z_s, z_t, _ = logits(4, 2)
    order = inter_class_loss(z_s, z_t, T=1.0)
    differ = (z_s.argmax(1) != z_t.argmax(1)).double().mean()
    torch.testing.assert_close(order, 2 * differ)
    assert torch.autograd.grad(order, z_s)[0].abs().max() < 1e-12
    assert torch.autograd.grad(intra_class_loss(z_s, z_t), z_s)[0].abs().max() > 1e-3


@PARTS
def test_probabilities_on_one_line_cost_nothing(part):
    p_t = torch.rand(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64).softmax(1)
    p_s = 0.3 * p_t + 0.7 / 5  # the same ranking and proportions, less sure
    assert abs(part(p_s.log(), p_t.log(), T=1.0).item()) < 1e-12
    assert kd.papers.hinton.kd_loss(p_s.log(), p_t.log(), 1.0) > 1e-3


@PARTS
def test_logits_of_pixels_are_samples(part):
    z = torch.randn(2, 2, 3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = z.movedim(2, -1).reshape(2, -1, 3)
    torch.testing.assert_close(part(z[0], z[1]), part(rows[0], rows[1]))


def test_wrong_input_is_named():
    z = torch.zeros(2, 3)
    for call, says in (
        (lambda: dist_loss(z[0], z[0]), r"inter_class_loss: the student's logits have shape \(3,\)"),
        (lambda: dist_loss(z[:, :1], z[:, :1]), r"\(2, 1\).*K ≥ 2"),
        (lambda: intra_class_loss(z, torch.zeros(2, 4)), r"\(2, 3\).*\(2, 4\)"),
        (lambda: pearson(z, z.T), r"pearson, vectors.*\(2, 3\).*\(3, 2\)"),
    ):
        with pytest.raises(kd.ShapeError, match=says):
            call()
    with pytest.raises(kd.ConfigError, match="T=0: the temperature"):
        dist_loss(z, z, T=0)
    with pytest.warns(UserWarning, match="inter_class_loss: the teacher's logits look like probabilities"):
        inter_class_loss(z, torch.full((2, 3), 1 / 3))
    for options, says in (({"beta": -1.0}, "beta=-1.0"), ({"gamma": -0.5}, "gamma=-0.5"), ({"T": 0.0}, "T=0.0")):
        with pytest.raises(kd.ConfigError, match=says):
            Stronger(net(0), net(1), **options)
    with pytest.raises(kd.ConfigError, match="only over the same classes"):
        Stronger(net(0), net(1, classes=7))
    with pytest.raises(kd.ConfigError, match="know one class"):
        Stronger(net(0, classes=1), net(1, classes=1))


def test_the_objective_of_a_batch():
    method = Stronger(net(0), net(1), beta=0.5, gamma=3.0, T=2.0)
    images, labels = torch.randn(5, 1, 28, 28), torch.tensor([3, UNLABELLED, 0, 9, 3])
    s, t = method.student.trace(images), method.teacher_trace(images)
    terms, weights = method.losses(s, t, Batch(images, labels, torch.arange(5))), method.weights()
    total = sum(weights[name] * value for name, value in terms.items())
    expected = kd.train.task_loss(s.logits, labels) + dist_loss(s.logits, t.logits, 0.5, 3.0, 2.0)
    torch.testing.assert_close(total, expected)


def test_spots_of_it_may_be_chosen_sample_by_sample(digits):
    recipe = kd.Recipe(lr=0.05, batch_size=20, steps_per_epoch=3)
    method = SpotAdaptive(Stronger(net(0), net(1)), "random")
    history = kd.fit(method, digits.few_labels(4), 1, recipe=recipe, progress=False, device="cpu")
    assert all(math.isfinite(history.last(name)) and history.last(name) > 0 for name in ("inter", "intra"))
