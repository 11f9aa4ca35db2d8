"""Spot-adaptive distillation: its decisions, and training over every method."""

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor.data import UNLABELLED, Batch, Data, Split
from kdtutor.papers import METHODS, attention, method, routing, spot_adaptive
from kdtutor.papers.choosers import chosen_terms
from kdtutor.papers.spot_adaptive import SpotAdaptive, decide
from kdtutor.train import Alone, Recipe, steps
from tests.papers.oracle import PRECISIONS, agree, oracle


@PRECISIONS
def test_decisions_of_the_authors(dtype):
    numbers = oracle("gumbel_case1", dtype)
    logits = numbers["in_logits"].clone().requires_grad_()
    decisions = decide(logits, 5.0, numbers["in_gumbel"])
    assert torch.equal(decisions.detach().round(), numbers["out_distill"].to(dtype))
    agree(decisions, numbers["out_hard"][..., 0])
    first, second = numbers["in_weight"].unbind(2)
    (decisions * first + (1 - decisions) * second).sum().backward()
    agree(logits.grad, numbers["grad_logits"])


def test_noisy_decisions_follow_the_softmax():
    logits = torch.tensor([[1.0, 0.0], [-2.0, 0.5]]).expand(20_000, 2, 2)
    torch.manual_seed(0)
    torch.testing.assert_close(decide(logits).mean(0), F.softmax(logits[0], 1)[:, 0], atol=0.015, rtol=0)
    assert torch.isfinite(spot_adaptive.gumbel(100_000)).all()


def test_the_routing_loss_is_scaled_by_who_is_better():
    labels = torch.tensor([0, 1])
    batch = Batch(torch.zeros(2, 1, 2, 2), labels, labels)
    good, bad = 3 * F.one_hot(labels, 3).float(), 3 * F.one_hot(labels + 1, 3).float()
    for z, z_s, factor in ((good, bad, 1 / 2), (bad, good, 2), (good, good, 1)):
        expected = factor * F.cross_entropy(z, labels)
        assert spot_adaptive.routing_loss(z, z_s, batch, 2.0) == pytest.approx(float(expected), rel=1e-6)
    assert spot_adaptive.half_penalty(torch.tensor([1.0, 0, 0, 0])) == 1
    assert spot_adaptive.half_penalty(torch.tensor([1.0, 1, 0])) == 0


HOSTS = pytest.mark.parametrize("name", METHODS)
STRATEGIES = pytest.mark.parametrize("strategy", spot_adaptive.STRATEGIES)


def net(name, seed, **options):
    kd.seed_everything(seed)
    return kd.nets.build(name, **({"classes": 10, "channels": 1} | options))


def make(name="attention", strategy="adaptive", student="resnet8x0.25", teacher="resnet8x0.5", seed=0, **options):
    strides = [{} if net.startswith("lenet") else {"stem_stride": 2} for net in (student, teacher)]
    inner = method(name)(net(student, seed, **strides[0]), net(teacher, 99, **strides[1]))
    return SpotAdaptive(inner, strategy, **options)


def learn(distiller, data, epochs=2, **options):
    recipe = Recipe(lr=0.01, batch_size=20, steps_per_epoch=2)
    return kd.fit(distiller, data, epochs, **({"recipe": recipe} | options), progress=False, device="cpu")


@HOSTS
@STRATEGIES
def test_every_strategy_over_every_method(digits, name, strategy):
    distiller = make(name, strategy, head_start=0.0)
    teacher = {key: value.clone() for key, value in distiller.teacher.state_dict().items()}
    student = [p.clone() for p in distiller.student.parameters()]
    history = learn(distiller, digits)
    assert all(torch.tensor(row.value).isfinite() for row in history.rows)
    assert not same(student, distiller.student.parameters())
    assert all(torch.equal(value, distiller.teacher.state_dict()[key]) for key, value in teacher.items())
    told = {f"{kind}_{place.name}" for kind in ("rate", "probability") for place in distiller.places}
    assert told <= set(history.terms) if strategy in ("adaptive", "anti") else not told & set(history.terms)


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("student", ["vgg8x0.25", "lenet5"])
@pytest.mark.parametrize("name", ["attention", "hint", "boundaries", "relational", "similarity"])
def test_other_architectures(digits, name, student):
    distiller = make(name, student=student)
    assert torch.equal(distiller.policy.bias[::2] > 5, torch.zeros(len(distiller.places), dtype=torch.bool))
    history = learn(distiller, digits)
    assert all(torch.tensor(row.value).isfinite() for row in history.rows)


def test_nets_of_one_family_start_by_distilling_everything(digits):
    bias = make().policy.bias
    assert (bias[::2] > 8).all() and (bias[1::2] < 2).all()
    history = learn(make(), digits, epochs=1)
    assert history.last("rate_stage1") == 1 and history.last("probability_stage1") > 0.99


@pytest.mark.parametrize("name", ["attention", "similarity", "relational", "correlation", "fsp", "contrastive"])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_chosen_samples(digits, name, count, monkeypatch):
    """Batch losses see a subset, down to a single sample and none."""
    distiller = make(name, "random")
    chosen = torch.zeros(20, len(distiller.places), dtype=torch.bool)
    chosen[:count] = True
    monkeypatch.setattr(distiller, "_chosen", lambda *arguments: (chosen, {}))
    history = learn(distiller, digits)
    spots = [spot.name for spot in distiller.spots()]
    assert all(torch.tensor(row.value).isfinite() for row in history.rows)
    assert count > 0 or all(history.last(name) == 0 for name in ("kd", *spots))


def terms_of(distiller, s, t, batch, chosen):
    return chosen_terms(distiller.spots(), distiller.places, chosen, s, t, batch, distiller.look_at)


def test_a_loss_counts_by_the_share_of_the_chosen(digits, monkeypatch):
    distiller = make("attention", "random", alpha=0.0)
    chosen = torch.zeros(20, 4, dtype=torch.bool)
    chosen[:5, 0] = True
    batch = next(iter(distiller.source(digits, Recipe(batch_size=20)).epoch(0, 0)))
    s, t = distiller.student.trace(batch.images), distiller.teacher_trace(batch.images)
    terms = terms_of(distiller, s, t, batch, chosen)
    spot = distiller.spots()[0]
    torch.testing.assert_close(terms["at1"], spot.loss(s[:5], t[:5]) / 4)
    assert terms["at2"] == terms["at3"] == 0 and "kd" not in distiller.weights()


def test_a_spot_between_two_layers_counts_where_both_are_chosen(digits):
    distiller = make("fsp", "random", alpha=0.0)
    assert [spot.layers for spot in distiller.spots()] == [(1,), (1, 2), (2, 3)]
    batch = next(iter(distiller.source(digits, Recipe(batch_size=20)).epoch(0, 0)))
    s, t = distiller.student.trace(batch.images), distiller.teacher_trace(batch.images)
    chosen = torch.zeros(20, 4, dtype=torch.bool)
    chosen[:6, 0], chosen[4:9, 1] = True, True
    terms = terms_of(distiller, s, t, batch, chosen)
    torch.testing.assert_close(terms["fsp2"], distiller.spots()[1].loss(s[4:6], t[4:6]) / 10)
    assert terms["fsp1"] > 0 and terms["fsp3"] == 0


def step_of(distiller, data):
    batch = next(iter(distiller.source(data, Recipe(batch_size=20)).epoch(0, 0)))
    (phase,) = distiller.phases(1)
    groups = distiller.parameter_groups(phase)
    optimisers = {name: distiller.recipe_for(name, Recipe()).optimise(group) for name, group in groups.items()}
    distiller.train()
    return distiller.step(batch, phase, optimisers), groups


def test_anti_learns_where_adaptive_does_not(digits):
    shares = {}
    for strategy in ("adaptive", "anti"):
        distiller = make(strategy=strategy, head_start=0.0)
        distiller.noise.manual_seed(0)
        terms, _ = step_of(distiller, digits)
        shares[strategy] = torch.stack([terms[f"rate_{place.name}"] for place in distiller.places])
    torch.testing.assert_close(shares["adaptive"] + shares["anti"], torch.ones(4))


def test_each_optimiser_moves_its_own(digits):
    distiller = make(head_start=0.0)
    agent = [p.clone() for p in distiller.agent()]
    _, groups = step_of(distiller, digits)
    assert {id(p) for p in groups["agent"]} == {id(p) for p in distiller.agent()}
    assert not {id(p) for p in groups["student"]} & {id(p) for p in groups["agent"]}
    moved = [not torch.equal(a, b) for a, b in zip(agent, distiller.agent(), strict=True)]
    assert all(moved)
    recipe = Recipe(lr=0.1, weight_decay=5e-4)
    theirs = distiller.recipe_for("agent", recipe)
    assert (theirs.lr, theirs.weight_decay) == (0.05, 1e-3) and distiller.recipe_for("student", recipe) == recipe


def test_the_cuts(digits):
    distiller = make(head_start=0.0)
    distiller.train()
    batch = next(iter(distiller.source(digits, Recipe(batch_size=20)).epoch(0, 0)))
    s, t = distiller.student.trace(batch.images), distiller.teacher_trace(batch.images)
    distiller.policy_logits(s, t).sum().backward()
    assert all(p.grad is None for p in distiller.student.parameters()) and distiller.policy.weight.grad is not None
    _, _ = step_of(distiller, digits)
    buffers = {key: value.clone() for key, value in distiller.student.named_buffers()}
    modes = [module.training for module in distiller.modules()]
    z = distiller.route(batch.images, t, decide(distiller.policy_logits(s, t)))
    assert z.requires_grad and [module.training for module in distiller.modules()] == modes
    assert all(torch.equal(value, buffers[key]) for key, value in distiller.student.named_buffers())


def test_a_route_through_one_net_alone_is_that_net(digits):
    distiller = make(head_start=0.0).eval()
    images = digits.normalise(digits.val.images)
    t = distiller.teacher_trace(images)
    ones = torch.ones(len(images), len(distiller.places))
    torch.testing.assert_close(distiller.route(images, t, ones), t.logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(distiller.route(images, t, 0 * ones), distiller.student(images), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("strategy", ["adaptive", "random"])
@pytest.mark.parametrize("name", ["attention", "matching", "contrastive", "factor"])
def test_a_stopped_run_continues_to_the_same_numbers(digits, tmp_path, name, strategy):
    options = {"strategy": strategy, "final_tau": 1.0, "head_start": 0.0}
    whole = make(name, **options)
    expected = learn(whole, digits, 3)
    recipe = Recipe(lr=0.01, batch_size=20, steps_per_epoch=2)
    running = steps(make(name, **options), digits, 3, recipe=recipe, device="cpu", out=tmp_path)
    for _ in range(3):
        next(running)
    running.close()
    stored = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["distiller"]
    assert not any("teacher." in name and "to_teacher" not in name for name in stored)  # frozen, so not kept
    assert not any(name.startswith("inner.student.") for name in stored)  # once is enough
    resumed = make(name, **options)
    history = learn(resumed, digits, 3, out=tmp_path)
    assert history.rows == expected.rows and same(resumed.parameters(), whole.parameters())


def test_a_learning_teacher(digits):
    distiller = make(learning_teacher=True, head_start=0.0)
    before = [p.clone() for p in distiller.teacher.parameters()]
    history = learn(distiller, digits)
    assert not same(before, distiller.teacher.parameters()) and history.last("teacher") > 0
    assert distiller.train().inner.training is not False and distiller.teacher.training


def test_the_temperature_falls_as_asked(digits):
    distiller = make(final_tau=0.5)
    distiller.phases(3)
    source = distiller.source(digits, Recipe())
    found = []
    for epoch in range(3):
        distiller.start_epoch(epoch, source, 0)
        found.append(float(distiller.tau))
    assert found == pytest.approx([5.0, (5 * 0.5) ** 0.5, 0.5])
    assert float(make().tau) == 5.0


def test_batches_of_one_without_labels_and_in_half_precision(digits):
    learn(make(head_start=0.0), digits, recipe=Recipe(lr=1e-3, batch_size=1, steps_per_epoch=2))
    unlabelled = Data("none", Split(digits.train.images, torch.full_like(digits.train.labels, UNLABELLED)),
                      digits.val, digits.test, digits.classes, digits.mean, digits.std)  # fmt: skip
    history = learn(make(head_start=0.0), unlabelled)
    assert history.last("task") == 0 and history.last("kd") > 0
    learn(make(head_start=0.0), digits, precision="bf16", recipe=Recipe(lr=0.01, steps_per_epoch=2, channels_last=True))


def test_a_wrapped_model_of_torchvision(digits):
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()
    from torchvision.models import resnet18

    teacher = kd.nets.wrap(resnet18(num_classes=10), stages=["layer1", "layer2", "layer3", "layer4"])
    student = net("vgg8x0.25", 0, channels=3)
    learn(SpotAdaptive(attention.Attention(student, teacher)), digits, epochs=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "often"}, "strategy"),
        ({"alpha": -1.0}, "alpha=-1.0"),
        ({"T": 0.0}, "T=0.0"),
        ({"tau": 0.0}, "tau=0.0"),
        ({"final_tau": -1.0}, "final_tau=-1.0"),
        ({"gamma": 0.5}, "gamma=0.5"),
        ({"penalty": -1.0}, "penalty=-1.0"),
    ],
)
def test_wrong_numbers_are_named(options, message):
    with pytest.raises(kd.Error, match=message):
        make(**options)


def test_wrong_things_are_named():
    with pytest.raises(kd.ConfigError, match="Alone has no teacher or no spots"):
        SpotAdaptive(Alone(net("resnet8x0.25", 0)))
    with pytest.raises(kd.ShapeError, match=r"\(2, 3\)"):
        decide(torch.zeros(2, 3))
    with pytest.raises(kd.ConfigError, match="tau=0"):
        decide(torch.zeros(2, 3, 2), 0.0)


def test_stages_pair_from_the_end():
    places = routing.places(attention.Attention(net("resnet8x0.25", 0), net("vgg8x0.25", 1)))
    assert [(p.name, p.student, p.teacher) for p in places] == [
        ("stage1", 1, 2), ("stage2", 2, 3), ("stage3", 3, 4), ("logits", 5, 6),
    ]  # fmt: skip
