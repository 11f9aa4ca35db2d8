"""Spot-adaptive distillation against the authors' training step, and over every method."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import kdtutor as kd
from kdtutor.data import UNLABELLED, Batch, Data, Split
from kdtutor.nets.layers import Images, average_pool, conv, named
from kdtutor.nets.resnet import Block, stage
from kdtutor.nets.trace import Staged
from kdtutor.papers import METHODS, attention, method, routing, spot_adaptive
from kdtutor.papers.choosers import chosen_terms
from kdtutor.papers.spot_adaptive import SpotAdaptive, decide
from kdtutor.train import Alone, Recipe, steps
from tests.papers.oracle import PRECISIONS, agree, oracle

# The authors' optimisers: the agent's is at half the rate, with its own weight decay.
THEIRS = Recipe(lr=0.05, momentum=0.9, nesterov=False, weight_decay=5e-4, schedule="constant")


def resnet8(widths, classes):
    """The authors' ResNet of depth 8 with given widths of stem and stages."""
    stem = named(images=Images(3), conv=conv(3, widths[0]), norm=nn.BatchNorm2d(widths[0]))
    strides = (1, 2, 2)
    stages = [stage(i == 0, widths[i], widths[i + 1], strides[i], 1, Block) for i in range(3)]
    pool, linear = average_pool(), nn.Linear(widths[3], classes)
    net = Staged(stem, stages, pool, linear, widths=widths[1:], stem_width=widths[0])
    net.name = "resnet8"
    return net


def ours(key):
    """The name that a weight of the authors' ResNet has in ours."""
    first, *rest = key.split(".")
    if not first.startswith("layer"):
        return ".".join([{"conv1": "stem.conv", "bn1": "stem.norm", "fc": "classifier"}[first], *rest])
    part, *last = rest[1:]
    where = {"conv1": "residual.conv1", "bn1": "residual.norm1", "conv2": "residual.conv2", "bn2": "residual.norm2"}
    if part == "downsample":
        where, last = {"downsample": f"shortcut.{('conv', 'norm')[int(last[0])]}"}, last[1:]
    return ".".join([f"stages.{int(first[5:]) - 1}.block1", where[part], *last])


def part(numbers, prefix, rename=lambda key: key):
    return {rename(key[len(prefix) :]): x for key, x in numbers.items() if key.startswith(prefix)}


def adapter_key(key):
    return key.replace("bn.", "norm.")


def load(module, state):
    module.load_state_dict({key: x.reshape(module.state_dict()[key].shape) for key, x in state.items()})


def agree_all(found, expected):
    """Equal up to 10⁻⁶ of the largest number: the authors' step keeps some of its numbers in single precision."""
    assert expected.keys() <= found.keys()
    for name, value in expected.items():
        rtol = 1e-6 if value.dtype == torch.float64 else 1e-4
        atol = rtol * max(float(value.abs().max()), 1e-3)
        message = f"{name}: {found[name]} instead of {value}"
        torch.testing.assert_close(
            found[name].to(value.dtype), value.reshape(found[name].shape), rtol=rtol, atol=atol, msg=message
        )


@pytest.fixture(params=[torch.float64, torch.float32], ids=str)
def reference(request):
    return oracle("sakd_case1", request.param), request.param


def test_one_step_of_the_authors(reference, monkeypatch):
    numbers, dtype = reference
    student, teacher = resnet8((4, 4, 6, 8), 5), resnet8((4, 6, 10, 12), 5)
    load(student, part(numbers, "w_student.", ours))
    load(teacher, part(numbers, "w_teacher.", ours))
    inner = attention.Attention(student, teacher, beta=1000.0)
    distiller = SpotAdaptive(inner, gamma=2.0, alpha=1.0, head_start=0.0).to(dtype)
    load(distiller.policy, part(numbers, "w_policy.net."))
    for i in range(3):
        load(distiller.to_teacher[i], part(numbers, f"w_hint_{i}.", adapter_key))
        load(distiller.to_student[i], part(numbers, f"w_anti_hint_{i}.", adapter_key))
    monkeypatch.setattr(spot_adaptive, "gumbel", lambda *size, generator=None: numbers["in_gumbel"])
    batch = Batch(numbers["in_x"], numbers["in_y"].long(), torch.arange(6))
    (phase,) = distiller.phases(1)
    groups = distiller.parameter_groups(phase)
    optimisers = {name: distiller.recipe_for(name, THEIRS).optimise(group) for name, group in groups.items()}
    seen = {}
    kept = distiller.route

    def route(images, t, decisions):
        seen.update(decisions=decisions.detach(), policy=distiller.policy_logits(s_before, t).detach())
        seen["z"] = kept(images, t, decisions)
        return seen["z"]

    s_before = None
    trace = student.trace

    def watched(x):
        nonlocal s_before
        s_before = trace(x)
        return s_before

    monkeypatch.setattr(student, "trace", watched)
    monkeypatch.setattr(distiller, "route", route)
    distiller.train()
    terms = distiller.step(batch, phase, optimisers)

    agree(seen["decisions"].round(), numbers["out_decision"].to(dtype))
    agree(seen["policy"].flatten(1), numbers["out_policy_logits"])
    agree(seen["z"], numbers["out_graft_logit"])
    agree(s_before.logits, numbers["out_student_logit"])
    shares = numbers["out_decision"].to(dtype).mean(0)
    agree(terms["routing"] + terms["penalty"], numbers["out_loss_graft_final"])
    agree(terms["penalty"], numbers["out_penalty"])
    agree(terms["task"], numbers["out_loss_ce_student"])
    agree(terms["kd"] / shares[3], numbers["out_kl_on_selected"])
    for i in range(3):
        agree(terms[f"at{i + 1}"] / shares[i], numbers[f"out_kd_on_selected{i}"])
        assert terms[f"rate_stage{i + 1}"] * 6 == numbers[f"out_count_spot{i}"]
    if dtype == torch.float64:
        agree(terms["loss"], numbers["out_exact_loss_total"])
    agree_all({name: p.grad for name, p in student.named_parameters()}, part(numbers, "grad_main.student.", ours))
    agree_all(
        {name: p.grad for name, p in distiller.policy.named_parameters()}, part(numbers, "grad_agent.policy.net.")
    )
    for i in range(3):
        for theirs, modules in (("hint", distiller.to_teacher), ("anti_hint", distiller.to_student)):
            grads = {name: p.grad for name, p in modules[i].named_parameters()}
            agree_all(grads, part(numbers, f"grad_agent.{theirs}_{i}.", adapter_key))
            agree_all(modules[i].state_dict(), part(numbers, f"out_after_{theirs}_{i}.", adapter_key))
    agree_all(distiller.policy.state_dict(), part(numbers, "out_after_policy.net."))
    agree_all(student.state_dict(), part(numbers, "out_after_student.", ours))
    assert student.training and not teacher.training


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
