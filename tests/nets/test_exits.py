"""Nets that can answer early: exits as nets of their own, what is kept, and what an early answer costs."""

import pytest
import torch

import kdtutor as kd
from kdtutor import nets
from kdtutor.nets import MultiExit, early_exit, exit_costs, first_sure
from kdtutor.nets.models import TOLD


def net(name: str = "resnet8x0.25", **options) -> MultiExit:
    kd.seed_everything(0)
    return nets.build(name, **{"classes": 10, "channels": 1, "exits": True, **options})


def images(count: int = 6) -> torch.Tensor:
    return torch.randn(count, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["resnet8x0.25", "vgg8x0.25", "lenet5"])
def test_an_exit_is_a_net_that_answers_as_the_whole_does(name):
    whole, x = net(name).eval(), images()
    trace = whole.trace(x)
    answers = whole.answers(trace)
    assert len(answers) == len(whole.widths) and torch.equal(answers[-1].logits, whole(x))
    assert {tuple(answer.features.shape) for answer in answers} == {(6, whole.embedding_dim)}
    for number, (features, logits) in enumerate(answers, start=1):
        part = whole.at(number)
        short = part.trace(x)
        torch.testing.assert_close(short.logits, logits, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(short.embedding, features, rtol=1e-5, atol=1e-6)
        h = short.stages[0]
        for i in range(1, len(part.widths) + 1):
            h = part.run(torch.relu(h), i)
        torch.testing.assert_close(h, logits, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(part.classify(short.embedding), logits, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(part.embed(short.active[-1]), features, rtol=1e-5, atol=1e-6)
        assert len(part.norms) == len(part.widths) == number


def test_the_net_within_is_as_it_was():
    whole = net()
    plain = nets.build("resnet8x0.25", classes=10, channels=1)
    assert whole.config == {**plain.config, "exits": True} and "exits" not in plain.config
    state = {name.removeprefix("net."): x for name, x in whole.state_dict().items() if name.startswith("net.")}
    plain.load_state_dict(state)
    torch.testing.assert_close(plain.eval()(images()), whole.eval()(images()))


def test_its_stages_are_shown():
    assert nets.stages_of(net()) == nets.stages_of(net().net) and len(nets.stages_of(net().at(1))) == 1
    model = torch.nn.Sequential(*(torch.nn.Sequential(torch.nn.Conv2d(c, 4, 3, 2), torch.nn.ReLU()) for c in (1, 4)))
    model.extend([torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 10)])
    wrapped = nets.MultiExit(nets.wrap(model, stages=["0", "1"], example=images(2)))
    assert [stage.name for stage in nets.stages_of(wrapped.at(1))] == ["0"]


def test_exits_survive_saving(tmp_path):
    whole = net().eval()
    back = nets.teacher(nets.save_model(whole, tmp_path / "mine", dict.fromkeys(TOLD, "…")))
    assert isinstance(back, MultiExit)
    for number in (1, 2, 3):
        assert torch.equal(back.at(number)(images()), whole.at(number)(images()))


def test_an_exit_is_exported(tmp_path):
    told = {"task": "classification", "classes": list("0123456789"), "size": [28, 28], "channels": 1}
    told |= {"mean": [0.5], "std": [0.2]}
    made = nets.export(net().eval().at(1), "torch-export", tmp_path / "out", images(3), told)
    answers = torch.export.load(made / "model.pt2").module()(images(3))
    torch.testing.assert_close(answers, net().eval().at(1)(images(3)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("threshold", [0.0, 0.11, 0.12, 1.0])
def test_who_leaves_early_gets_the_answer_of_that_exit(threshold):
    whole, x = net().eval(), images(20)
    said = torch.stack([answer.logits for answer in whole.answers(whole.trace(x))])
    logits, left = early_exit(whole, x, threshold)
    assert torch.equal(left, first_sure(said, threshold))
    torch.testing.assert_close(logits, said[left, torch.arange(20)], rtol=1e-5, atol=1e-6)
    assert (left == 0).all() if threshold == 0 else (left == 2).all() if threshold == 1 else True


def test_a_threshold_is_a_probability():
    for wrong in (-0.1, 1.5, float("nan")):
        with pytest.raises(kd.ConfigError, match="expected a probability"):
            early_exit(net(), images(), wrong)
        with pytest.raises(kd.ConfigError, match="expected a probability"):
            first_sure(torch.zeros(2, 3, 4), wrong)
    with pytest.raises(kd.ShapeError, match=r"expected \(exits, B, K\)"):
        first_sure(torch.zeros(3, 4), 0.5)


def test_costs_are_those_of_all_that_was_run():
    whole, x = net(), images(1)
    costs = exit_costs(whole, x)
    heads = [nets.count_multiply_adds(whole.exits[i], whole.trace(x).active[i]) for i in range(2)]
    parts = [nets.count_multiply_adds(whole.at(i), x) for i in (1, 2, 3)]
    assert costs == (parts[0], parts[1] + heads[0], parts[2] + heads[0] + heads[1])
    assert list(costs) == sorted(costs) and parts[2] == nets.count_multiply_adds(whole.net, x)


def test_what_has_no_room_for_exits():
    with pytest.raises(kd.ConfigError, match="answers for each pixel"):
        nets.build("unet8", classes=3, exits=True)
    for call in (lambda: early_exit(nets.build("mlp8", classes=2), images(), 0.5), lambda: exit_costs("net", images())):
        with pytest.raises(kd.ConfigError, match="has no exits; build it with exits=True"):
            call()
    with pytest.raises(kd.ConfigError, match="this is of type str"):
        MultiExit("resnet8")
    with pytest.raises(kd.ConfigError, match="exits is 'yes'; expected True or False"):
        net(exits="yes")
    with pytest.raises(kd.ConfigError, match="has exits already"):
        MultiExit(net())
    bare = nets.wrap(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10)), example=images(2))
    with pytest.raises(kd.ConfigError, match="0 stages; an exit stands between two"):
        MultiExit(bare)
    with pytest.raises(kd.ConfigError, match=r"exit 4 does not exist: .* has exits 1 to 3"):
        net().at(4)
