"""Bounded regression: the loss against its formula, who is held and who is not, units, and the method."""

import pytest
import torch
from torch import nan

import kdtutor as kd
from kdtutor.data import Batch, Regression
from kdtutor.data.tasks import on_card
from kdtutor.papers.bounded import Bounded, bounded_loss
from kdtutor.papers.logits import Logits
from tests.tasks import as_task
from tests.train.common import same_weights, small

from .losses import NARROWER, VECTORS, Loss

LOSSES: dict[str, Loss] = {
    "bounded_loss": Loss(
        lambda s, t: bounded_loss(s[0], t[0], torch.zeros(len(t[0]), 6, dtype=t[0].dtype)),
        s=VECTORS,
        t=VECTORS,
        error=NARROWER,
    ),
}


def numbers():
    return torch.randn(3, 40, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def as_in_the_paper(y_s, y_t, y, margin):
    """Sample by sample: the squared distance to the truth, unless it is the teacher's or less by the margin."""
    total = 0.0
    for s, t, truth in zip(y_s, y_t, y, strict=True):
        own, bound = ((s - truth) ** 2).sum(), ((t - truth) ** 2).sum()
        total = total + (own if own + margin > bound else 0 * own)
    return total / len(y)


@pytest.mark.parametrize("margin", [0.0, 0.7])
def test_value_and_gradient_equal_the_formula(margin):
    y_s, y_t, y = numbers()
    y_s.requires_grad_()
    ours, theirs = bounded_loss(y_s, y_t, y, margin), as_in_the_paper(y_s, y_t, y, margin)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad(loss, y_s)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)
    held = (gradients[0] != 0).any(1)
    assert 0 < held.sum() < 40
    assert bounded_loss(y_s, y_t, y, 0.7) > bounded_loss(y_s, y_t, y, 0.0), "a margin holds more of them"


def test_a_student_that_is_better_is_let_go():
    y, near, far = torch.zeros(3, 2), torch.full((3, 2), 0.1), torch.full((3, 2), 2.0)
    assert bounded_loss(near, far, y) == 0 and bounded_loss(far, near, y) == 8
    assert bounded_loss(near, near, y) == 0, "nor is one that is as good"
    assert bounded_loss(near, far, y, margin=9.0) > 0


def test_numbers_that_are_not_known_are_left_out():
    y_s, y_t, y = numbers().float()
    y[0], y[1, 1] = nan, nan
    loss = bounded_loss(y_s.requires_grad_(), y_t, y)
    first = [x[1:2, :1] for x in (y_s, y_t, y)]
    expected = as_in_the_paper(y_s[2:], y_t[2:], y[2:], 0) * 38 + as_in_the_paper(*first, 0)
    torch.testing.assert_close(loss, expected / 39)
    (gradient,) = torch.autograd.grad(loss, y_s)
    assert gradient.isfinite().all() and (gradient[0] == 0).all() and gradient[1, 1] == 0
    assert bounded_loss(y_s, y_t, torch.full_like(y, nan)).item() == 0


def test_wrong_input_is_named():
    y = torch.zeros(2, 3)
    for call, says in (
        (lambda: bounded_loss(y[0], y[0], y[0]), r"\(3,\)"),
        (lambda: bounded_loss(y, y[:, :2], y), r"\(2, 3\).*\(2, 2\)"),
        (lambda: bounded_loss(y, y, y[:, :1]), r"labels have shape \(2, 1\)"),
    ):
        with pytest.raises(kd.ShapeError, match=says):
            call()
    for options, says in (({"nu": -1.0}, "nu=-1.0"), ({"margin": -0.5}, "margin=-0.5"), ({"nu": "1"}, "nu='1'")):
        with pytest.raises(kd.ConfigError, match=says):
            Bounded(small(), small(9), **options)
    with pytest.raises(kd.ConfigError, match="answers with 7 numbers and the student with 10"):
        Bounded(small(), kd.nets.build("resnet8x0.25", classes=7, channels=1))


def batch_of(task):
    labels = 40 + 3 * torch.randn(5, 10)
    return Batch(torch.randn(5, 1, 28, 28), labels, torch.arange(5), task=task)


def test_the_objective_of_a_batch():
    task = Regression((40.0,) * 10, (3.0,) * 10)
    method, batch = Bounded(small(), small(9), nu=2.0), batch_of(task)
    s, t = method.student.trace(batch.images), method.teacher_trace(batch.images)
    with pytest.raises(kd.ConfigError, match=r"call look_at\(batch\)"):
        method.spots()[0].loss(s, t)
    terms, weights = method.losses(s, t, batch), method.weights()
    y = (batch.labels - 40) / 3
    expected = (s.logits - y).square().mean() + 2 * as_in_the_paper(s.logits, t.logits, y, 0)
    torch.testing.assert_close(sum(weights[name] * value for name, value in terms.items()), expected)


@pytest.mark.parametrize("kind", [Bounded, Logits])
def test_a_teacher_in_units_of_its_own_is_converted(kind):
    """Its card tells mean and standard deviation of what it learnt; the data have others."""
    task, batch = Regression((40.0,) * 10, (3.0,) * 10), batch_of(Regression((40.0,) * 10, (3.0,) * 10))
    plain, foreign = kind(small(), small(9)), kind(small(), small(9))
    foreign.teacher.card = on_card(Regression((31.0,) * 10, (6.0,) * 10))
    s, t = plain.student.trace(batch.images), plain.teacher_trace(batch.images)
    meant = kd.nets.Trace(t.stem, t.stages, t.embedding, (t.logits * 6 + 31 - 40) / 3)
    name = plain.spots()[0].name
    torch.testing.assert_close(foreign.losses(s, t, batch)[name], plain.losses(s, meant, batch)[name])
    foreign.teacher.card = on_card(task)
    assert foreign.losses(s, t, batch)[name] == plain.losses(s, t, batch)[name]


def test_images_without_a_number_teach_nothing(digits):
    data = as_task(digits.few_labels(2), "regression")
    recipe = kd.Recipe(batch_size=10, steps_per_epoch=2)
    history = kd.fit(Bounded(small(), small(9)), data, 1, recipe=recipe, progress=False)
    assert all(torch.tensor(row.value).isfinite() for row in history.rows)
    assert {"bound", "train_mae", "val_r2", "test_mae"} <= set(history.terms)


def test_other_tasks_are_refused_by_name(digits):
    for task in ("classification", "multi-label"):
        with pytest.raises(kd.ConfigError, match=f"Bounded admits regression; few is a set for {task}: take one of"):
            kd.fit(Bounded(small(), small(9)), as_task(digits, task), 1, progress=False)


def test_bare_logits_imitate_labels_and_numbers(digits):
    for task in ("multi-label", "regression"):
        data, student = as_task(digits, task), small()
        history = kd.fit(Logits(student, small(9)), data, 2, recipe=kd.Recipe(steps_per_epoch=3), progress=False)
        assert history.curve("logits")[1][1] < history.curve("logits")[1][0] and not same_weights(student, small())
        with pytest.raises(kd.ConfigError, match='distance="kl" matches probabilities of classes; few is a set for'):
            kd.fit(Logits(small(), small(9), "kl"), data, 1, progress=False)
