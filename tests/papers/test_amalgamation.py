"""amalgamation (KA): the loss against its formula, and the method."""

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError
from kdtutor.data import Batch
from kdtutor.papers.amalgamation import Amalgamation, amalgamation_loss

from .losses import NARROWER, VECTORS, Loss

LOSSES: dict[str, Loss] = {
    "amalgamation_loss": Loss(
        lambda s, t: amalgamation_loss(s[0], t[0]),
        s=VECTORS,
        t=VECTORS,
        error=NARROWER,
    ),
}


def logits():
    return 3 * torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def as_in_the_paper(z_s, z_t):
    """TODO: the paper's formula, written plainly and independently of the package, number by number."""
    differences = [a - b for row, other in zip(z_s, z_t, strict=True) for a, b in zip(row, other, strict=True)]
    return sum(difference**2 for difference in differences) / len(differences)


def test_value_and_gradient_equal_the_formula():
    z_s, z_t = logits()
    z_s.requires_grad_()
    ours, theirs = amalgamation_loss(z_s, z_t), as_in_the_paper(z_s, z_t)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad(loss, z_s)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)


def test_zero_only_where_student_and_teacher_agree():
    z_s, z_t = logits()
    assert amalgamation_loss(z_s, z_s) == 0 < amalgamation_loss(z_s, z_t)


def net(seed, classes=10):
    kd.seed_everything(seed)
    return kd.nets.build("resnet8x0.25", classes=classes, channels=1, stem_stride=2)


def test_the_objective_of_a_batch():
    method = Amalgamation(net(0), net(1), beta=3.0)
    batch = Batch(torch.randn(2, 1, 28, 28), torch.tensor([3, 1]), torch.arange(2))
    s, t = method.student.trace(batch.images), method.teacher_trace(batch.images)
    terms, weights = method.losses(s, t, batch), method.weights()
    expected = kd.train.task_loss(s.logits, batch.labels) + 3 * amalgamation_loss(s.logits, t.logits)
    torch.testing.assert_close(sum(weights[name] * value for name, value in terms.items()), expected)


def test_wrong_options_are_named():
    with pytest.raises(ConfigError, match="beta=-1"):
        Amalgamation(net(0), net(1), beta=-1)
    with pytest.raises(ConfigError, match="only over the same classes"):
        Amalgamation(net(0), net(1, classes=7))
