"""MLD: the loss against its formula, extreme logits, and the method on labels and on classes."""

import math

import pytest
import torch

import kdtutor as kd
from kdtutor.data import Batch, MultiLabel
from kdtutor.papers.binary import Binary, mld_loss
from kdtutor.papers.hinton import kd_loss
from tests.tasks import as_task
from tests.train.common import small

from .losses import NARROWER, VECTORS, Loss

LOSSES: dict[str, Loss] = {
    "mld_loss": Loss(lambda s, t: mld_loss(s[0], t[0]), s=VECTORS, t=VECTORS, error=NARROWER),
    "mld_loss, warmer": Loss(lambda s, t: mld_loss(s[0], t[0], T=3.0), s=VECTORS, t=VECTORS, error=NARROWER),
}


def logits():
    return 3 * torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def as_in_the_paper(z_s, z_t, T):
    """Number by number: a sum over labels of the divergence of two coins, and the mean over samples."""
    total = torch.zeros((), dtype=torch.float64)
    for row_s, row_t in zip(z_s, z_t, strict=True):
        for a, b in zip(row_s, row_t, strict=True):
            p_s, p_t = 1 / (1 + torch.exp(-a / T)), 1 / (1 + torch.exp(-b / T))
            total = total + p_t * torch.log(p_t / p_s) + (1 - p_t) * torch.log((1 - p_t) / (1 - p_s))
    return T**2 * total / len(z_s)


@pytest.mark.parametrize("T", [1.0, 2.5])
def test_value_and_gradient_equal_the_formula(T):
    z_s, z_t = logits()
    z_s.requires_grad_()
    ours, theirs = mld_loss(z_s, z_t, T), as_in_the_paper(z_s, z_t, T)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad(loss, z_s)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(gradients[0], T / 4 * ((z_s / T).sigmoid() - (z_t / T).sigmoid()))


def test_one_label_is_two_classes():
    """A sigmoid is the softmax of a logit and a zero."""
    z_s, z_t = (z[:, :1] for z in logits())
    pairs = [torch.cat([z, torch.zeros_like(z)], 1) for z in (z_s, z_t)]
    torch.testing.assert_close(mld_loss(z_s, z_t, 2.0), kd_loss(*pairs, T=2.0))


def test_a_label_is_not_told_by_the_others():
    z_s, z_t = logits()
    z_s.requires_grad_()
    (before,) = torch.autograd.grad(mld_loss(z_s, z_t), z_s)
    z_t[:, 0] += 5
    (after,) = torch.autograd.grad(mld_loss(z_s, z_t), z_s)
    assert torch.equal(before[:, 1:], after[:, 1:]) and (before[:, 0] > after[:, 0]).all()


@pytest.mark.parametrize("scale", [0.0, 1e4, 1e30, math.inf])
def test_extreme_logits_give_numbers(scale):
    z = torch.randn(3, 5, generator=torch.Generator().manual_seed(3))
    z = torch.where(z > 0, math.inf, -math.inf) if scale == math.inf else scale * z
    z_s = z.clone().requires_grad_()
    loss = mld_loss(z_s, z.flip(0))
    assert loss.isfinite() and torch.autograd.grad(loss, z_s)[0].isfinite().all()
    assert mld_loss(z, z) == 0


def test_wrong_input_is_named():
    z = torch.zeros(2, 3)
    for call, says in (
        (lambda: mld_loss(z[0], z[0]), r"\(3,\)"),
        (lambda: mld_loss(z, z[:, :2]), r"\(2, 3\).*\(2, 2\)"),
    ):
        with pytest.raises(kd.ShapeError, match=says):
            call()
    for options, says in (({"beta": -1}, "beta=-1"), ({"T": 0}, "T=0")):
        with pytest.raises(kd.ConfigError, match=says):
            Binary(small(), small(9), **options)
    with pytest.raises(kd.ConfigError, match="only over the same classes"):
        Binary(small(), kd.nets.build("resnet8x0.25", classes=7, channels=1))


def test_the_objective_of_a_batch():
    method = Binary(small(), small(9), beta=0.5, T=2.0)
    labels = torch.randint(2, (4, 10)).float()
    labels[0], labels[1, 3] = torch.nan, torch.nan
    batch = Batch(torch.randn(4, 1, 28, 28), labels, torch.arange(4), task=MultiLabel())
    s, t = method.student.trace(batch.images), method.teacher_trace(batch.images)
    terms, weights = method.losses(s, t, batch), method.weights()
    known = ~labels.isnan()
    p = s.logits.sigmoid()
    task = -torch.where(labels > 0.5, p, 1 - p)[known].log().mean()
    total = sum(weights[name] * value for name, value in terms.items())
    torch.testing.assert_close(total, task + 0.5 * mld_loss(s.logits, t.logits, 2.0))


@pytest.mark.parametrize("task", ["multi-label", "classification"])
def test_it_learns_labels_and_classes(digits, task):
    data = as_task(digits, task)
    history = kd.fit(Binary(small(), small(9)), data, 2, recipe=kd.Recipe(steps_per_epoch=3), progress=False)
    losses = history.curve("mld")[1]
    assert losses[1] < losses[0]


def test_numbers_are_refused_by_name(digits):
    with pytest.raises(kd.ConfigError, match="Binary admits multi-label and classification; few is a set for regress"):
        kd.fit(Binary(small(), small(9)), as_task(digits, "regression"), 1, progress=False)
