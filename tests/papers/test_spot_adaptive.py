"""Spot-adaptive distillation against the authors' training step, and who learns from what in it."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import kdtutor as kd
from kdtutor.data import Batch
from kdtutor.nets.layers import Images, average_pool, conv, named
from kdtutor.nets.resnet import Block, stage
from kdtutor.nets.staged import Staged
from kdtutor.papers import attention, spot_adaptive
from kdtutor.papers.spot_adaptive import SpotAdaptive, decide
from kdtutor.train import Alone, Recipe
from tests.papers.oracle import agree, oracle
from tests.papers.spots import first_batch, make, net, step_of

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


def test_the_routing_loss_is_scaled_by_who_is_better():
    labels = torch.tensor([0, 1])
    batch = Batch(torch.zeros(2, 1, 2, 2), labels, labels)
    good, bad = 3 * F.one_hot(labels, 3).float(), 3 * F.one_hot(labels + 1, 3).float()
    for z, z_s, factor in ((good, bad, 1 / 2), (bad, good, 2), (good, good, 1)):
        expected = factor * F.cross_entropy(z, labels)
        assert spot_adaptive.routing_loss(z, z_s, batch, 2.0) == pytest.approx(float(expected), rel=1e-6)
    assert spot_adaptive.half_penalty(torch.tensor([1.0, 0, 0, 0])) == 1
    assert spot_adaptive.half_penalty(torch.tensor([1.0, 1, 0])) == 0


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
    batch = first_batch(distiller, digits)
    s, t = distiller.student.trace(batch.images), distiller.teacher_trace(batch.images)
    distiller.policy_logits(s, t).sum().backward()
    assert all(p.grad is None for p in distiller.student.parameters()) and distiller.policy.weight.grad is not None
    _, _ = step_of(distiller, digits)
    buffers = {key: value.clone() for key, value in distiller.student.named_buffers()}
    modes = [module.training for module in distiller.modules()]
    z = distiller.route(batch.images, t, decide(distiller.policy_logits(s, t)))
    assert z.requires_grad and [module.training for module in distiller.modules()] == modes
    assert all(torch.equal(value, buffers[key]) for key, value in distiller.student.named_buffers())


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


def test_a_host_without_spots_is_named():
    with pytest.raises(kd.ConfigError, match="Alone has no teacher or no spots"):
        SpotAdaptive(Alone(net("resnet8x0.25", 0)))
