"""mutual (DML): the losses against their formulas, and students that learn together."""

import copy
from dataclasses import replace
from functools import partial

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor import BusyError, ConfigError, ShapeError
from kdtutor.data import UNLABELLED, Batch
from kdtutor.papers.data_free import DataFree
from kdtutor.papers.mutual import Mutual, ensemble_loss, mutual_loss
from kdtutor.papers.spot_adaptive import SpotAdaptive
from kdtutor.train import Recipe, steps
from kdtutor.train.capture import CAPTURES
from kdtutor.train.graphs import GRAPHS_VARIABLE, WARM_UP
from tests.tape import tape
from tests.waits import copies, optimisers, waits

from .losses import NARROWER, VECTORS, Loss

LOSSES: dict[str, Loss] = {
    "mutual_loss": Loss(lambda s, t: mutual_loss(s[0], [t[0]]), VECTORS, VECTORS, NARROWER),
    "mutual_loss, three nets": Loss(lambda s, t: mutual_loss(s[0], [t[0], -t[0]]), VECTORS, VECTORS, NARROWER),
    "ensemble_loss": Loss(lambda s, t: ensemble_loss(s[0], [t[0], -t[0]]), VECTORS, VECTORS, NARROWER),
}
RECIPE = Recipe(lr=0.05, batch_size=20, steps_per_epoch=3)


def cohort(nets=3, B=4, K=5):
    """Logits of several nets for one batch, the first of which learns."""
    z = 3 * torch.randn(nets, B, K, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return z[0].clone().requires_grad_(), list(z[1:])


def kl(p, q):
    return sum(a * (a.log() - b.log()) for a, b in zip(p, q, strict=True))


def as_in_the_paper(z, peers, T):
    """1 / (K - 1) Σ KL(p_peer ‖ p), sample by sample; T² as in Hinton's loss."""
    total = sum(kl((peer[b] / T).softmax(0), (z[b] / T).softmax(0)) for peer in peers for b in range(len(z)))
    return T**2 * total / (len(peers) * len(z))


def with_one_voice(z, peers, T):
    voices = [sum((peer[b] / T).softmax(0) for peer in peers) / len(peers) for b in range(len(z))]
    return T**2 * sum(kl(voice, (z[b] / T).softmax(0)) for b, voice in enumerate(voices)) / len(z)


@pytest.mark.parametrize("T", [1.0, 3.0])
@pytest.mark.parametrize("nets", [2, 4])
@pytest.mark.parametrize(("loss", "formula"), [(mutual_loss, as_in_the_paper), (ensemble_loss, with_one_voice)])
def test_value_and_gradient_equal_the_formula(loss, formula, nets, T):
    z, peers = cohort(nets)
    values = loss(z, peers, T), formula(z, peers, T)
    torch.testing.assert_close(*values, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad(value, z)[0] for value in values]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)
    pull = T / len(z) * ((z / T).softmax(1) - torch.stack([peer / T for peer in peers]).softmax(2).mean(0))
    torch.testing.assert_close(gradients[0], pull, rtol=1e-10, atol=1e-12)


def test_each_peer_or_their_mean_pull_alike():
    """They differ by a number that z does not change."""
    z, peers = cohort(4)
    gap = mutual_loss(z, peers) - ensemble_loss(z, peers)
    torch.testing.assert_close(gap, mutual_loss(z + 1.5 * z.flip(1), peers) - ensemble_loss(z + 1.5 * z.flip(1), peers))
    assert gap > 0 and mutual_loss(z, peers[:1]) == ensemble_loss(z, peers[:1])
    gradients = [torch.autograd.grad(loss(z, peers), z)[0] for loss in (mutual_loss, ensemble_loss)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)


def test_the_pulls_of_a_cohort_cancel():
    z = torch.stack([cohort(3)[0].detach(), *cohort(3)[1]]).requires_grad_()
    for i in range(3):
        mutual_loss(z[i], [z[j] for j in range(3) if j != i]).backward()
    assert z.grad.abs().max() > 0.1 and z.grad.sum(0).abs().max() < 1e-12


def test_peers_get_no_gradient():
    z, peers = cohort()
    peers = [peer.requires_grad_() for peer in peers]
    for loss in (mutual_loss, ensemble_loss):
        assert torch.autograd.grad(loss(z, peers), peers, allow_unused=True) == (None, None)


@pytest.mark.parametrize("loss", [mutual_loss, ensemble_loss])
def test_logits_that_do_not_fit_are_named(loss):
    z, peers = cohort()
    with pytest.raises(ShapeError, match=r"a peer's \(4, 3\); they must be equal"):
        loss(z, [peers[0], peers[1][:, :3]])
    with pytest.raises(ShapeError, match="at least one peer"):
        loss(z, [])


def net(seed, name="resnet8x0.25", classes=10):
    kd.seed_everything(seed)
    return kd.nets.build(name, classes=classes, channels=1, stem_stride=2)


def a_batch(labels=(3, 1, UNLABELLED, 7)):
    images = torch.randn(len(labels), 1, 28, 28, generator=torch.Generator().manual_seed(1))
    return Batch(images, torch.tensor(labels), torch.arange(len(labels)))


def weights_of(nets):
    return [torch.cat([p.detach().flatten() for p in net.parameters()]) for net in nets]


def by_hand(nets, batch, lr, weight, alternating):
    """The paper's algorithm, written down with autograd and nothing else."""
    said = [net(batch.images) for net in nets]
    for i, one in enumerate(nets):
        z = said[i]
        others = [said[j].detach() for j in range(len(nets)) if j != i]
        known = batch.labels != UNLABELLED
        mimicry = sum(F.kl_div(z.log_softmax(1), other.softmax(1), reduction="batchmean") for other in others)
        loss = F.cross_entropy(z[known], batch.labels[known]) + weight * mimicry / len(others)
        gradients = torch.autograd.grad(loss, list(one.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(one.parameters(), gradients, strict=True):
                parameter -= lr * gradient
            if alternating and i < len(nets) - 1:
                said[i] = copy.deepcopy(one)(batch.images)  # its statistics are stored once


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
@pytest.mark.parametrize("names", [("resnet8x0.25", "vgg8x0.25"), ("resnet8x0.25",) * 3])
def test_a_step_is_the_paper_s(names, update):
    """Two architectures, and three nets; also the statistics of their norms."""
    ours, theirs = ([net(i, name).double() for i, name in enumerate(names)] for _ in "ot")
    batch = replace(a_batch(), images=a_batch().images.double())
    method = Mutual(*ours, weight=2.0, update=update).double().train()
    plain = Recipe(lr=0.05, momentum=0, nesterov=False, weight_decay=0)
    (phase,) = method.phases(1)
    method.step(batch, phase, optimisers(method, phase, plain))
    for one in theirs:
        one.train()
    by_hand(theirs, batch, 0.05, 2.0, update == "alternating")
    for one, other in zip(ours, theirs, strict=True):
        for name, value in other.state_dict().items():
            torch.testing.assert_close(one.state_dict()[name], value, rtol=1e-9, atol=1e-10, msg=name)


def test_what_each_net_minimises_is_recorded():
    method = Mutual(net(0), net(1), net(2), weight=0.5).train()
    (phase,) = method.phases(1)
    terms = method.step(a_batch(), phase, optimisers(method, phase, RECIPE))
    for suffix in ("", "_2", "_3"):
        task, mutual, loss = (terms[f"{name}{suffix}"] for name in ("task", "mutual", "loss"))
        torch.testing.assert_close(loss, task + 0.5 * mutual)
    assert len({terms[name].item() for name in ("mutual", "mutual_2", "mutual_3")}) == 3
    assert sum(name.startswith("train_accuracy") for name in terms) == 3


def test_images_without_labels_move_the_nets_by_what_they_tell_each_other():
    for weight in (0.0, 1.0):
        method = Mutual(net(0), net(1), weight=weight).train()
        (phase,) = method.phases(1)
        before = weights_of(method.students)
        plain = replace(RECIPE, weight_decay=0)
        terms = method.step(a_batch([UNLABELLED] * 4), phase, optimisers(method, phase, plain))
        moved = [not torch.equal(a, b) for a, b in zip(before, weights_of(method.students), strict=True)]
        assert terms["task"] == 0 and moved == [weight > 0] * 2


def test_weight_zero_is_each_alone(digits):
    """The first net's numbers are those of `Alone`."""
    together, alone = net(0), net(0)
    first = kd.fit(Mutual(together, net(1), weight=0.0), digits, 1, recipe=RECIPE, progress=False, device="cpu")
    plain = kd.fit(kd.Alone(alone), digits, 1, recipe=RECIPE, progress=False, device="cpu")
    assert first.last("val_accuracy") == plain.last("val_accuracy") and first.last("task") == plain.last("task")
    assert torch.equal(*weights_of([together, alone]))


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_a_stopped_run_goes_on_to_the_same_numbers(digits, tmp_path, update):
    def made():
        return Mutual(net(0), net(1, "vgg8x0.25"), update=update)

    asked = {"recipe": RECIPE, "device": "cpu"}
    whole = made()
    expected = kd.fit(whole, digits, 2, progress=False, **asked)
    running = steps(made(), digits, 2, out=tmp_path, **asked)
    for _ in range(4):
        next(running)
    running.close()
    resumed = made()
    history = kd.fit(resumed, digits, 2, progress=False, out=tmp_path, **asked)
    assert history.rows == expected.rows
    assert all(map(torch.equal, weights_of(resumed.students), weights_of(whole.students)))
    with pytest.raises(ConfigError, match="peer2"):
        kd.fit(Mutual(net(0), net(5, "vgg8x0.25"), update=update), digits, 2, progress=False, out=tmp_path, **asked)


def test_what_is_measured(digits):
    nets = net(0), net(1)
    told = Mutual(*nets).measure(digits.test, digits)
    logits = [kd.train.predict(one, digits.test, digits) for one in nets]
    p = [z.softmax(1) for z in logits]
    for suffix, one in zip(("", "_2"), p, strict=True):
        assert told[f"accuracy{suffix}"] == pytest.approx((one.argmax(1) == digits.test.labels).float().mean().item())
        assert told[f"entropy{suffix}"] == pytest.approx(-(one * one.log()).sum(1).mean().item(), rel=1e-4)
    both = kd.evaluate(kd.Ensemble(nets), digits.test, digits)
    assert told["ensemble_accuracy"] == pytest.approx(both.accuracy)
    assert next(iter(told)) == "accuracy"


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_a_step_waits_for_no_device_and_keeps_to_it(update):
    for device, count in (("cpu", waits), ("meta", copies)):
        method = Mutual(net(0), net(1, "vgg8x0.25"), update=update).to(device).train()
        (phase,) = method.phases(1)
        step = partial(method.step, a_batch().to(device), phase, optimisers(method, phase, RECIPE))
        assert count(step) == []


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_a_replayed_step_is_the_eager_one(digits, monkeypatch, update):
    def weights():
        method = Mutual(net(0), net(1), update=update)
        kd.fit(method, digits, 1, recipe=replace(RECIPE, steps_per_epoch=6), progress=False, device="cpu")
        return weights_of(method.students)

    played = []

    def counted(function, device):
        replay = tape(function, device)
        return lambda: (played.append(1), replay())[1]

    monkeypatch.setitem(CAPTURES, "cpu", counted)
    graphed = weights()
    monkeypatch.setenv(GRAPHS_VARIABLE, "0")
    assert all(map(torch.equal, graphed, weights())) and len(played) == 6 - WARM_UP - 1


def test_no_second_run_trains_a_peer_meanwhile(digits):
    shared = net(1)
    running = steps(Mutual(net(0), shared), digits, 1, recipe=RECIPE, device="cpu")
    next(running)
    with pytest.raises(BusyError, match="another run"):
        kd.fit(kd.Alone(shared), digits, 1, recipe=RECIPE, progress=False, device="cpu")
    running.close()
    kd.fit(kd.Alone(shared), digits, 1, recipe=replace(RECIPE, steps_per_epoch=1), progress=False, device="cpu")


def test_wrong_nets_and_options_are_named(digits):
    two = net(0), net(1)
    for options, told in (
        ({"weight": -1.0}, "weight=-1"),
        ({"T": 0.0}, "T=0"),
        ({"target": "all"}, "target"),
        ({"update": "both"}, "update"),
    ):
        with pytest.raises(kd.Error, match=told):
            Mutual(*two, **options)
    with pytest.raises(ConfigError, match="from two on"):
        Mutual(two[0])
    with pytest.raises(ConfigError, match="nets 1 and 3 share weights"):
        Mutual(*two, two[0])
    with pytest.raises(ConfigError, match="10, 7 classes"):
        Mutual(two[0], net(1, classes=7))
    with pytest.raises(ConfigError, match="net 2 is the text"):
        Mutual(two[0], "resnet20")


def test_what_cannot_learn_together_is_refused_before_the_first_step(digits):
    with pytest.raises(ConfigError, match=r"net \[3\] has the weights of one before it"):
        kd.fit(Mutual(net(0), net(1), net(0)), digits, 1, progress=False)
    with pytest.raises(ConfigError, match="no parameter of the peer2 may move"):
        kd.fit(Mutual(net(0), net(1).requires_grad_(False)), digits, 1, progress=False)
    broken = net(1)
    broken.classifier.weight.data[0, 0] = torch.nan
    with pytest.raises(kd.DivergedError, match="net 2's weights hold NaN"):
        kd.fit(Mutual(net(0), broken), digits, 1, progress=False)


def test_around_it_nothing_goes_that_asks_for_a_teacher():
    with pytest.raises(ConfigError, match="Mutual has no teacher"):
        SpotAdaptive(Mutual(net(0), net(1)))
    with pytest.raises(ConfigError, match="Mutual has no teacher"):
        DataFree(Mutual(net(0), net(1)), kd.nets.generator("deconvolutionx0.25", 4, 1, 28))
