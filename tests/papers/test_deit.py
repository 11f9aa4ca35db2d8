"""DeiT: hard and soft decisions against their formulas, the two heads, and the method."""

import math

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.data import Augment, Batch
from kdtutor.papers import method
from kdtutor.papers.deit import ALPHA, Deit, fused, hard_loss
from kdtutor.papers.spot_adaptive import SpotAdaptive

from .losses import NARROWER, VECTORS, Loss

LOSSES: dict[str, Loss] = {
    "hard_loss": Loss(lambda s, t: hard_loss(s[0], t[0]), s=VECTORS, t=VECTORS, error=NARROWER),
}
RECIPE = kd.Recipe(lr=1e-3, optimiser="adamw", batch_size=8, steps_per_epoch=2, augment=Augment(pad=2))


def logits():
    return 3 * torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def as_in_the_paper(z_s, z_t):
    """-log p of the teacher's class, number by number."""
    total = 0.0
    for row, told in zip(z_s, z_t.tolist(), strict=True):
        chosen = told.index(max(told))
        total = total - (row[chosen] - row.exp().sum().log())
    return total / len(z_s)


def test_value_and_gradient_equal_the_formula():
    z_s, z_t = logits()
    z_s.requires_grad_()
    z_t.requires_grad_()
    ours, theirs = hard_loss(z_s, z_t), as_in_the_paper(z_s, z_t)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad(loss, z_s, retain_graph=True)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)
    assert torch.autograd.grad(ours, z_t, allow_unused=True) == (None,)


def test_only_the_teachers_decision_counts():
    z_s, z_t = logits()
    sharper = 100 * z_t
    assert torch.equal(hard_loss(z_s, z_t), hard_loss(z_s, sharper))
    torch.testing.assert_close(hard_loss(z_s, z_t), F.cross_entropy(z_s, z_t.argmax(1)))


def test_two_heads_are_fused_as_softmaxes_or_as_logits():
    z_class, z_distillation = logits()
    mean = (z_class.softmax(1) + z_distillation.softmax(1)) / 2
    torch.testing.assert_close(fused(z_class, z_distillation).softmax(1), mean, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(fused(z_class, z_distillation, of="logits"), (z_class + z_distillation) / 2)
    for of in ("probabilities", "logits"):
        for share, alone in ((0.0, z_class), (1.0, z_distillation)):
            torch.testing.assert_close(fused(z_class, z_distillation, share, of).softmax(1), alone.softmax(1))
    with pytest.raises(ConfigError, match=r"share=1.5.*must lie in 0…1"):
        fused(z_class, z_distillation, 1.5)
    with pytest.raises(ShapeError, match="must be equal"):
        fused(z_class, z_distillation[:, 1:])


def net(seed=0, name="deit7_2", **options):
    kd.seed_everything(seed)
    return kd.nets.build(name, **{"classes": 10, "channels": 1, **options})


def teacher(**options):
    return net(1, "resnet8x0.25", stem_stride=2, **options)


@pytest.mark.parametrize("how", ["hard", "soft"])
@pytest.mark.parametrize("token", ["distillation", "class"])
def test_the_objective_of_a_batch(how, token):
    taught = Deit(net(), teacher(), how, token, T=2.0)
    batch = Batch(torch.randn(3, 1, 28, 28), torch.tensor([3, kd.data.UNLABELLED, 1]), torch.arange(3))
    s, t = taught.student.trace(batch.images), taught.teacher_trace(batch.images)
    terms, weights = taught.losses(s, t, batch), taught.weights()
    z_class, z_teacher = taught.student.heads(s.embedding) if token == "distillation" else (s.logits, s.logits)
    told = {
        "hard": F.cross_entropy(z_teacher, t.logits.argmax(1)),
        "soft": 4 * F.kl_div((z_teacher / 2).log_softmax(1), (t.logits / 2).softmax(1), reduction="batchmean"),
    }[how]
    labelled = F.cross_entropy(z_class[[0, 2]], batch.labels[[0, 2]])
    expected = (1 - ALPHA[how]) * labelled + ALPHA[how] * told
    torch.testing.assert_close(sum(weights[name] * value for name, value in terms.items()), expected)


def test_each_token_learns_from_its_own_teacher():
    """The labels move the class token's head alone, the teacher the other's."""
    taught = Deit(net(), teacher())
    batch = Batch(torch.randn(3, 1, 28, 28), torch.tensor([3, 0, 1]), torch.arange(3))
    terms = taught.losses(taught.student.trace(batch.images), taught.teacher_trace(batch.images), batch)
    heads = [taught.student.head.weight, taught.student.distillation_head.weight]
    for name, moves in (("task", (True, False)), ("hard", (False, True))):
        found = torch.autograd.grad(terms[name], heads, retain_graph=True, allow_unused=True)
        assert tuple(gradient is not None and bool(gradient.any()) for gradient in found) == moves


def test_a_stopped_run_continues_to_the_same_numbers(digits, tmp_path):
    few, whole = digits.few_labels(2), Deit(net(), teacher())
    expected = kd.fit(whole, few, 2, recipe=RECIPE, progress=False, device="cpu")
    running = kd.train.steps(Deit(net(), teacher()), few, 2, recipe=RECIPE, device="cpu", out=tmp_path)
    for at in running:
        if at.step == 3:
            break
    running.close()
    resumed = Deit(net(), teacher())
    history = kd.fit(resumed, few, 2, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    assert history.rows == expected.rows
    fused_head = kd.evaluate(resumed.student, few.test, few).accuracy
    assert history.last("test_accuracy") == fused_head


def test_a_cache_and_an_ensemble_answer_for_the_same_view(digits, tmp_path):
    """One view: the teacher has answered to the very shifts that the student sees, so live and cached runs agree."""
    pair = kd.Ensemble([teacher(), net(2, "vit7_2")]).eval().requires_grad_(False)
    for top_k in (None, 3):
        stored = kd.cache(
            pair, digits, recipe=RECIPE, top_k=top_k, folder=tmp_path / f"{top_k}", device="cpu", progress=False
        )
        for batch in stored.epoch(0, seed=0):
            with torch.no_grad():
                live = pair.trace(batch.images).logits
            assert torch.equal(batch.answer(pair, batch.images).logits.argmax(1), live.argmax(1))
        history = kd.fit(Deit(net(), pair), digits, 1, recipe=RECIPE, source=stored, progress=False, device="cpu")
        assert math.isfinite(history.last("hard"))


@pytest.mark.parametrize("strategy", ["adaptive", "random"])
def test_spots_are_chosen_around_it(digits, strategy):
    taught = SpotAdaptive(Deit(net(), teacher()), strategy)
    assert [place.name for place in taught.places] == ["logits"]
    history = kd.fit(taught, digits, 1, recipe=RECIPE, progress=False, device="cpu")
    assert math.isfinite(history.last("hard"))


def test_wrong_options_are_named():
    with pytest.raises(ConfigError, match="alpha=-1"):
        Deit(net(), teacher(), alpha=-1)
    with pytest.raises(ConfigError, match="only over the same classes"):
        Deit(net(), teacher(classes=7))
    with pytest.raises(ConfigError, match=r'the student vit7_2 has no distillation token; take nets.build\("deit4"\)'):
        Deit(net(name="vit7_2"), teacher())
    with pytest.raises(kd.UnknownName, match="'hart' is not a known way to teach"):
        Deit(net(), teacher(), how="hart")
    assert Deit(net(name="vit7_2"), teacher(), token="class", how="soft").alpha == 0.1


@pytest.mark.parametrize("name", ["hinton", "attention", "fitnets", "relational"])
def test_methods_take_it_as_student_and_as_teacher(digits, name):
    for student, tutor in ((net(name="vit7_2"), teacher()), (teacher(), net())):
        distiller = method(name)(student, tutor)
        before = [p.clone() for p in student.parameters()]
        history = kd.fit(distiller, digits, 2, recipe=RECIPE, precision="bf16", progress=False, device="cpu")
        assert all(torch.tensor(row.value).isfinite() for row in history.rows)
        assert not all(torch.equal(a, b) for a, b in zip(before, student.parameters(), strict=True))
