"""BAN: its three losses against their formulas, what is left out, the method, and generations."""

from math import exp, log

import pytest
import torch
from torch import Tensor

import kdtutor as kd
from kdtutor.data import UNLABELLED, Batch
from kdtutor.papers.adversarial import Adversarial
from kdtutor.papers.born_again import (
    FORMS,
    BornAgain,
    ban_loss,
    cwtm_loss,
    cwtm_weights,
    dkpp_loss,
    draw_orders,
    generations,
    permuted,
)
from kdtutor.papers.hinton import kd_loss
from kdtutor.papers.spot_adaptive import SpotAdaptive

from .losses import NARROWER, VECTORS, Loss

RECIPE = kd.Recipe(batch_size=25, steps_per_epoch=2)


def order(count: int, classes: int) -> Tensor:
    return draw_orders(count, classes, torch.Generator().manual_seed(1))


LOSSES: dict[str, Loss] = {
    "ban_loss": Loss(lambda s, t: ban_loss(s[0], t[0]), VECTORS, VECTORS, NARROWER),
    "dkpp_loss": Loss(lambda s, t: dkpp_loss(s[0], t[0], order(*t[0].shape)), VECTORS, VECTORS, NARROWER),
    "cwtm_loss": Loss(
        lambda s, t: cwtm_loss(s[0], t[0], torch.arange(len(s[0])) % s[0].shape[1]), VECTORS, VECTORS, NARROWER
    ),
}


def logits(B: int = 6, K: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    z_s, z_t = 3 * torch.randn(2, B, K, generator=generator, dtype=torch.float64)
    return z_s.requires_grad_(), z_t, torch.randint(K, (B,), generator=generator)


def softmax(z: list[float]) -> list[float]:
    return [exp(x) / sum(exp(y) for y in z) for x in z]


def by_hand(form: str, z_s: Tensor, z_t: Tensor, labels: Tensor, orders: Tensor) -> tuple[float, list[list[float]]]:
    """Value and gradient with plain numbers: the targets of each sample, and q - p for each, weighted."""
    p, q = [softmax(z) for z in z_t.tolist()], [softmax(z) for z in z_s.tolist()]
    B, K = z_t.shape
    weights, targets = [1 / B] * B, [row[:] for row in p]
    if form == "dkpp":
        for target, row, read in zip(targets, p, orders.tolist(), strict=True):
            others = [k for k in range(K) if k != row.index(max(row))]
            for place, source in zip(others, read, strict=True):
                target[place] = row[others[source]]
    if form == "cwtm":
        weights = [max(row) / sum(max(other) for other in p) for row in p]
        targets = [[float(k == label) for k in range(K)] for label in labels.tolist()]
    value = -sum(
        w * y * log(x)
        for w, target, row in zip(weights, targets, q, strict=True)
        for y, x in zip(target, row, strict=True)
    )
    samples = zip(weights, targets, q, strict=True)
    return value, [[w * (x - y) for x, y in zip(row, target, strict=True)] for w, target, row in samples]


@pytest.mark.parametrize("form", FORMS)
def test_value_and_gradient_equal_the_formula(form):
    z_s, z_t, labels = logits()
    orders = order(*z_t.shape)
    call = {"ban": lambda: ban_loss(z_s, z_t), "dkpp": lambda: dkpp_loss(z_s, z_t, orders),
            "cwtm": lambda: cwtm_loss(z_s, z_t, labels)}[form]  # fmt: skip
    loss = call()
    (gradient,) = torch.autograd.grad(loss, z_s)
    value, slope = by_hand(form, z_s.detach(), z_t, labels, orders)
    assert loss.item() == pytest.approx(value, rel=1e-10)
    torch.testing.assert_close(gradient, torch.tensor(slope, dtype=torch.float64), rtol=1e-10, atol=1e-12)


def test_it_has_the_gradient_of_hintons_loss_at_one():
    z_s, z_t, _ = logits()
    ours, theirs = (torch.autograd.grad(loss, z_s)[0] for loss in (ban_loss(z_s, z_t), kd_loss(z_s, z_t, T=1.0)))
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_a_permutation_keeps_the_largest_and_what_the_others_are():
    p = torch.rand(50, 7, generator=torch.Generator().manual_seed(0))
    moved = permuted(p, order(50, 7))
    assert torch.equal(moved.argmax(1), p.argmax(1)) and torch.equal(moved.sort(1).values, p.sort(1).values)
    assert (moved != p).any(1).float().mean() > 0.9
    twice = permuted(permuted(p, order(50, 7)), order(50, 7).argsort(1))
    assert torch.equal(twice, p)


def test_every_order_is_drawn_as_often():
    drawn = draw_orders(6000, 4, torch.Generator().manual_seed(0))
    counts = drawn.unique(dim=0, return_counts=True)[1]
    assert len(counts) == 6 and (counts.double() / 1000 - 1).abs().max() < 0.1


def test_samples_without_a_label_weigh_nothing():
    z_s, z_t, labels = logits()
    some = labels.clone()
    some[[1, 4]] = UNLABELLED
    kept = some != UNLABELLED
    weights = cwtm_weights(z_t, some)
    assert (weights[~kept] == 0).all() and weights.sum().item() == pytest.approx(1)
    torch.testing.assert_close(cwtm_loss(z_s, z_t, some), cwtm_loss(z_s[kept], z_t[kept], labels[kept]))
    nobody = cwtm_loss(z_s, z_t, torch.full_like(labels, UNLABELLED))
    assert nobody.item() == 0 and (torch.autograd.grad(nobody, z_s)[0] == 0).all()


def test_a_teacher_that_is_sure_of_all_alike_is_the_cross_entropy():
    z_s, _, labels = logits()
    torch.testing.assert_close(
        cwtm_loss(z_s, 9 * torch.eye(5).double()[labels], labels), kd.train.task_loss(z_s, labels)
    )


def test_wrong_input_is_named():
    z, labels = torch.zeros(2, 3), torch.tensor([0, 2])
    for call, says in (
        (lambda: ban_loss(z[:, :1], z[:, :1]), r"ban_loss: .*\(2, 1\).*K ≥ 2"),
        (lambda: dkpp_loss(z, z, order(2, 4)), r"order has shape \(2, 3\).*\(2, 3\); expected \(B, K-1\)"),
        (lambda: cwtm_loss(z, z, labels[:1]), r"labels have shape \(1,\)"),
    ):
        with pytest.raises(kd.ShapeError, match=says):
            call()
    with pytest.raises(kd.ConfigError, match="cwtm_loss: the labels run from 0 to 3; expected 0 to 2"):
        cwtm_loss(z, z, torch.tensor([0, 3]))
    with pytest.warns(UserWarning, match="ban_loss: the teacher's logits look like probabilities"):
        ban_loss(z, torch.full((2, 3), 1 / 3))


def net(seed: int, **options: int) -> kd.Net:
    kd.seed_everything(seed)
    return kd.nets.build("resnet8x0.25", **({"classes": 10, "channels": 1, "stem_stride": 2} | options))


@pytest.mark.parametrize("form", FORMS)
def test_the_objective_of_a_batch(form):
    method = BornAgain(net(0), net(1), alpha=0.25, form=form)
    batch = Batch(torch.randn(3, 1, 28, 28), torch.tensor([3, 1, UNLABELLED]), torch.arange(3))
    s, t = method.student.trace(batch.images), method.teacher_trace(batch.images)
    method.noise.manual_seed(5)
    terms, weights = method.losses(s, t, batch), method.weights()
    orders = draw_orders(3, 10, torch.Generator().manual_seed(5))
    own = {"ban": ban_loss(s.logits, t.logits), "dkpp": dkpp_loss(s.logits, t.logits, orders),
           "cwtm": cwtm_loss(s.logits, t.logits, batch.labels)}[form]  # fmt: skip
    expected = 0.75 * kd.train.task_loss(s.logits, batch.labels) + 0.25 * own
    torch.testing.assert_close(sum(weights[name] * value for name, value in terms.items()), expected)
    assert method.graphable == (form != "dkpp") and method.mixes == (form != "cwtm")


def test_wrong_options_are_named():
    for options, says in (({"alpha": 1.5}, "alpha=1.5"), ({"form": "dkp"}, "'dkp'.*'dkpp'"), ({"alpha": "1"}, "alpha")):
        with pytest.raises(kd.errors.Error, match=says):
            BornAgain(net(0), net(1), **options)
    with pytest.raises(kd.ConfigError, match="only over the same classes"):
        BornAgain(net(0), net(1, classes=7))
    with pytest.raises(kd.ConfigError, match="spot needs the labels"):
        BornAgain(net(0), net(1), form="cwtm").spots()[0].loss(*[net(0).trace(torch.zeros(2, 1, 28, 28))] * 2)


def born(data: kd.Data, out=None) -> list:
    return list(generations(net, data, 2, 1, recipe=RECIPE, device="cpu", out=out, progress=False))


def test_generations_go_on_where_they_were_stopped(digits, tmp_path):
    whole = born(digits)
    assert [one.number for one in whole] == [0, 1, 2] and [one.history.phases for one in whole][1:] == [("distil",)] * 2
    several = generations(net, digits, 2, 1, recipe=RECIPE, device="cpu", out=tmp_path, progress=False)
    first = next(several)
    several.close()
    again = born(digits, tmp_path)
    assert again[0].history.rows == first.history.rows
    for one, other in zip(whole, again, strict=True):
        assert one.history.rows == other.history.rows
        states = (one.net.state_dict(), other.net.state_dict())
        assert all(torch.equal(x, y) for x, y in zip(*(state.values() for state in states), strict=True))
    assert kd.evaluate(kd.Ensemble([one.net for one in whole]), digits.val, digits).accuracy > 0
    with pytest.raises(kd.ConfigError, match="last=0"):
        next(generations(net, digits, 0))


@pytest.mark.parametrize("form", ["ban", "dkpp"])
def test_it_composes(digits, form, tmp_path):
    def method():
        return BornAgain(net(0), net(1), form=form)

    spots = kd.fit(SpotAdaptive(method(), "always"), digits, 1, recipe=RECIPE, device="cpu", progress=False)
    assert spots.last(form) > 0
    maker = kd.nets.generator("deconvolutionx0.25", 4, 1, 28)
    made = kd.fit(Adversarial(method(), maker, k=1), digits, 1, recipe=RECIPE, device="cpu", progress=False)
    assert made.last("loss") == made.last("loss")
    told = method()
    stored = kd.cache(told.teacher, digits, recipe=RECIPE, folder=tmp_path, device="cpu", progress=False)
    here, there = (
        kd.fit(m, digits, 1, recipe=RECIPE, device="cpu", progress=False, source=source)
        for m, source in ((method(), None), (told, stored))
    )
    assert here.last(form) == pytest.approx(there.last(form), rel=1e-4)
