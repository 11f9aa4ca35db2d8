"""Probabilities of exactly 0: 0 · log 0 = 0, in the value and in the gradient, of every loss that takes a logarithm."""

import math
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kdtutor.data import CLASSIFICATION
from kdtutor.papers import contrastive, data_free, gan, hinton, related, spot_adaptive
from kdtutor.papers.adversarial import divergence, log_discrepancy
from kdtutor.papers.decisions import decide
from kdtutor.train import classifier_score, task_loss

INF = math.inf
DIVERGENCES = {"kd_loss": lambda z_s, z_t: hinton.kd_loss(z_s, z_t, T=1.0), "divergence": divergence}
P = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0]])  # what the teacher says
TEACHERS = {
    "a logit of -∞": P.log(),
    "underflow": torch.where(P > 0, 1e4 + P.log(), -1e4),
    "the largest of float16": torch.where(P > 0, P.log(), -65504.0),
}
STUDENTS = {
    "any": torch.tensor([[0.3, -1.0, 0.2, 2.0], [-0.5, 0.1, 0.9, 0.0]]),
    "-∞ where the teacher says 0": torch.tensor([[0.3, -INF, -INF, -INF], [-0.5, 0.1, -INF, 0.4]]),
    "large": torch.tensor([[1e4, -1e4, 1e4, -1e4], [-1e4, 1e4, -1e4, 1e4]]),
}


def by_hand(z_s: Tensor, p: Tensor) -> Tensor:
    """KL in float64, over the classes that the teacher does not rule out."""
    log_q = z_s.double().log_softmax(1)
    return torch.stack([(p[b, k] * (p[b, k].log() - log_q[b, k])) for b, k in (p > 0).nonzero()]).sum() / len(p)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("name", "teacher", "student"), list(product(DIVERGENCES, TEACHERS, STUDENTS)))
def test_a_class_of_probability_zero_adds_nothing(name, teacher, student, dtype):
    z_t = TEACHERS[teacher].to(dtype)
    z_s = STUDENTS[student].to(dtype).requires_grad_()
    loss = DIVERGENCES[name](z_s, z_t)
    (gradient,) = torch.autograd.grad(loss, z_s)
    p = z_t.double().softmax(1)
    torch.testing.assert_close(loss.double(), by_hand(z_s.detach(), p), rtol=1e-3, atol=1e-3)
    expected = (z_s.detach().double().softmax(1) - p) / len(p)
    torch.testing.assert_close(gradient.double(), expected, rtol=1e-2, atol=1e-2)


def test_a_generator_sees_through_a_teacher_that_is_certain():
    z_t = TEACHERS["a logit of -∞"].clone().requires_grad_()
    divergence(STUDENTS["any"], z_t).backward()
    assert z_t.grad.isfinite().all() and z_t.grad[1].abs().sum() > 0 and (z_t.grad[P == 0] == 0).all()


def test_a_student_that_excludes_what_the_teacher_says_is_infinitely_far():
    z_s = torch.tensor([[-INF, 0.0]])
    assert hinton.kd_loss(z_s, torch.zeros(1, 2), T=1.0) == INF


def test_with_every_probability_above_zero_it_is_torchs_divergence():
    z_s, z_t = torch.randn(2, 16, 10, generator=torch.Generator().manual_seed(0))
    expected = 16 * F.kl_div((z_s / 4).log_softmax(1), (z_t / 4).log_softmax(1), log_target=True, reduction="batchmean")
    assert hinton.kd_loss(z_s, z_t) == expected, "to the last bit"


def test_entropy_and_its_gradient():
    z = torch.tensor([[200.0, 0.0, -INF], [0.0, 0.0, -INF]], requires_grad=True)
    h = hinton.entropy(hinton.soften(z, 1.0))
    torch.testing.assert_close(h.detach(), torch.tensor([0.0, math.log(2)]))
    h.sum().backward()
    assert z.grad.isfinite().all()


@pytest.mark.parametrize("low", [-INF, -1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_losses_of_a_generator_without_data(low, dtype):
    z = torch.tensor([[0.0, 1.0, low], [2.0, low, low]], dtype=dtype, requires_grad=True)
    p = z.detach().double().softmax(1).mean(0)
    loss = data_free.entropy_loss(z)
    torch.testing.assert_close(loss.double(), torch.special.xlogy(p, p).sum(), rtol=1e-3, atol=1e-5)
    sure = data_free.one_hot_loss(z)
    torch.testing.assert_close(
        sure.double(), -z.detach().double().softmax(1).amax(1).log().mean(), rtol=1e-3, atol=1e-5
    )
    (gradient,) = torch.autograd.grad(loss + sure, z)
    assert gradient.isfinite().all() and gradient[0, :2].abs().sum() > 0


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_others_that_take_a_logarithm(scale):
    generator = torch.Generator().manual_seed(0)
    x = (scale * torch.randn(6, 10, generator=generator)).requires_grad_()
    losses = {
        "task": task_loss(x, torch.arange(6)),
        "PKT": related.probabilistic_loss(x, scale * torch.randn(6, 4, generator=generator)),
        "noise-contrastive": contrastive.nce_loss(x, rows=40),
        "log of l1": log_discrepancy(x, x.detach().flip(0)),
        "fooling": gan.fooling_loss(x[:, 0]),
        "critic": gan.critic_loss(x[:, 0], x[:, 1]),
        "decisions": decide(x.view(6, 5, 2), 5.0, torch.zeros(6, 5, 2)).sum(),
        "routing": spot_adaptive.routing_loss(x, x.flip(1), _Labels(torch.arange(6)), 2.0),
    }
    for name, loss in losses.items():
        (gradient,) = torch.autograd.grad(loss, x, retain_graph=True)
        assert loss.isfinite() and gradient.isfinite().all(), name


class _Labels:
    def __init__(self, labels: Tensor) -> None:
        self.labels, self.task = labels, CLASSIFICATION


@pytest.mark.parametrize("low", [-INF, -1e4])
def test_the_score_of_a_classifier_that_is_certain(low):
    z = torch.full((3, 3), low).fill_diagonal_(0.0)
    assert classifier_score(z) == pytest.approx(3.0)
    assert classifier_score(z[:1].expand(4, 3)) == pytest.approx(1.0)
