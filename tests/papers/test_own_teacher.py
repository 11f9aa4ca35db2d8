"""BYOT: its loss against the formula, what the deepest exit is spared, and the method."""

import pytest
import torch
from torch import Tensor

import kdtutor as kd
from kdtutor.data import UNLABELLED, Batch
from kdtutor.papers.own_teacher import OwnTeacher, feature_loss, own_teacher_loss
from kdtutor.papers.spot_adaptive import SpotAdaptive

from .losses import NARROWER, VECTORS, Loss

RECIPE = kd.Recipe(batch_size=25, steps_per_epoch=3)


LOSSES: dict[str, Loss] = {
    "feature_loss": Loss(lambda s, t: feature_loss(s[0], t[0]), VECTORS, VECTORS, NARROWER),
}


def exits(count: int = 3, B: int = 4, K: int = 5, D: int = 6) -> tuple[list[Tensor], list[Tensor], Tensor]:
    generator = torch.Generator().manual_seed(0)
    z, f = (torch.randn(count, B, n, generator=generator, dtype=torch.float64) for n in (K, D))
    labels = torch.randint(K, (B,), generator=generator)
    return [x.requires_grad_() for x in 3 * z], [x.requires_grad_() for x in f], labels


def as_in_the_paper(z, f, y, alpha, beta, T):
    """Every exit its own sum, number by number; what the deepest teaches is read from copies of its numbers."""

    def cross_entropy(logits):
        rows = [logits[b].exp() / logits[b].exp().sum() for b in range(len(y))]
        return -sum(row[label].log() for row, label in zip(rows, y.tolist(), strict=True)) / len(y)

    total = cross_entropy(z[-1])
    deepest, target = z[-1].detach(), f[-1].detach()
    for logits, features in zip(z[:-1], f[:-1], strict=True):
        divergence = distance = 0.0
        for b in range(len(y)):
            p, q = ((x[b] / T).exp() / (x[b] / T).exp().sum() for x in (deepest, logits))
            divergence = divergence + sum(p[k] * (p[k] / q[k]).log() for k in range(len(p))) / len(y)
            distance = distance + sum((a - c) ** 2 for a, c in zip(features[b], target[b], strict=True)) / len(y)
        total = total + (1 - alpha) * cross_entropy(logits) + alpha * T**2 * divergence + beta * distance
    return total


@pytest.mark.parametrize("options", [(0.3, 0.03, 3.0), (0.0, 0.0, 1.0), (1.0, 0.5, 4.0)])
def test_value_and_gradients_equal_the_formula(options):
    z, f, y = exits()
    ours, theirs = own_teacher_loss(z, f, y, *options), as_in_the_paper(z, f, y, *options)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    for x in (*z, *f[:-1]):
        a, b = (torch.autograd.grad(total, x, retain_graph=True, allow_unused=True)[0] for total in (ours, theirs))
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def test_the_deepest_exit_learns_from_labels_alone():
    z, f, y = exits()
    (gradient,) = torch.autograd.grad(own_teacher_loss(z, f, y), z[-1], retain_graph=True)
    torch.testing.assert_close(gradient, torch.autograd.grad(kd.train.task_loss(z[-1], y), z[-1])[0])
    assert torch.autograd.grad(own_teacher_loss(z, f, y), f[-1], allow_unused=True) == (None,)


def test_wrong_input_is_named():
    z, f, y = exits()
    for call, says in (
        (lambda: own_teacher_loss(z, f[:2], y), "logits of 3 exits, features of 2"),
        (lambda: own_teacher_loss(z[:1], f[:1], y), "at least 2"),
        (lambda: own_teacher_loss([z[0][:, :4], z[1]], f[:2], y), r"\(4, 4\).*\(4, 5\)"),
        (lambda: feature_loss(f[0][0], f[1][0]), r"\(6,\); expected \(B, D\)"),
    ):
        with pytest.raises(kd.ShapeError, match=says):
            call()
    with pytest.raises(kd.ConfigError, match="labels run from 0 to 9"):
        own_teacher_loss(z, f, torch.tensor([0, 9, 1, 1]))


def net(seed: int = 0, exits: bool = True) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2, exits=exits)


def test_the_objective_of_a_batch():
    method = OwnTeacher(net(), alpha=0.4, beta=0.1, T=2.0)
    batch = Batch(torch.randn(4, 1, 28, 28), torch.tensor([3, 1, 0, 9]), torch.arange(4))
    trace = method.student.trace(batch.images)
    features, logits = zip(*method.student.answers(trace), strict=True)
    terms, weights = method.losses(trace, None, batch), method.weights()
    assert list(terms) == ["task", "task1", "kd1", "feature1", "task2", "kd2", "feature2"]
    total = sum(weights[name] * value for name, value in terms.items())
    torch.testing.assert_close(total, own_teacher_loss(logits, features, batch.labels, 0.4, 0.1, 2.0))
    half = Batch(batch.images, torch.where(torch.arange(4) < 2, batch.labels, UNLABELLED), batch.indices)
    torch.testing.assert_close(method.losses(trace, None, half)["kd1"], terms["kd1"])
    assert method.losses(trace, None, half)["task1"] != terms["task1"]


def test_a_run_goes_on_where_it_was_stopped_and_measures_every_exit(digits, tmp_path):
    whole, parts = OwnTeacher(net()), OwnTeacher(net())
    history = kd.fit(whole, digits, 2, recipe=RECIPE, device="cpu", progress=False)
    run = kd.train.steps(parts, digits, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(4):
        next(run)
    run.close()
    parts = OwnTeacher(net())
    again = kd.fit(parts, digits, 2, recipe=RECIPE, device="cpu", progress=False, out=tmp_path)
    assert again.rows == history.rows
    states = (whole.state_dict(), parts.state_dict())
    assert all(torch.equal(x, y) for x, y in zip(*(state.values() for state in states), strict=True))
    for number in (1, 2):
        exit_alone = kd.evaluate(whole.student.at(number), digits.val, digits)
        assert history.last(f"val_exit{number}") == exit_alone.accuracy
    assert history.last("val_accuracy") == kd.evaluate(whole.student, digits.val, digits).accuracy


def test_what_it_cannot_do_is_said(digits):
    with pytest.raises(kd.ConfigError, match=r"resnet8x0.25 has no exits to teach; build it with exits=True"):
        OwnTeacher(net(exits=False))
    for options in ({"alpha": 1.1}, {"beta": -1.0}, {"T": 0.0}):
        ((name, value),) = options.items()
        with pytest.raises(kd.ConfigError, match=f"{name}={value}"):
            OwnTeacher(net(), **options)
    with pytest.raises(kd.ConfigError, match="teacher"):
        SpotAdaptive(OwnTeacher(net()), "random")
    with pytest.raises(kd.ConfigError, match="OwnTeacher has no teacher"):
        kd.papers.get("DFAD")(OwnTeacher(net()), kd.nets.generator("deconvolutionx0.25", 4, 1, 28))
