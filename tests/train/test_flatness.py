"""What a loss becomes when weights are shaken."""

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor import ConfigError
from kdtutor.train.flatness import losses_when_shaken, shaken

from .common import same_weights, small


def seeded():
    return torch.Generator().manual_seed(0)


def test_the_noise_has_its_size_and_is_taken_away():
    net = nn.Linear(100, 200)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with shaken(net, 0.1, seeded()):
        moved = {name: value - before[name] for name, value in net.state_dict().items()}
    assert (
        moved["weight"].std().item()
        == pytest.approx(0.1, rel=0.02)
        == pytest.approx(moved["bias"].std().item(), rel=0.1)
    )
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    with pytest.raises(RuntimeError, match="inside"), shaken(net, 0.1, seeded()):
        raise RuntimeError("inside")
    assert torch.equal(net.weight, before["weight"])


def test_relative_noise_is_as_long_as_its_share_of_each_filter():
    net = nn.Conv2d(50, 6, 5)
    with torch.no_grad():
        net.weight *= torch.logspace(-2, 2, 6).view(-1, 1, 1, 1)
    before, bias = net.weight.detach().clone(), net.bias.detach().clone()
    with shaken(net, 0.3, seeded(), relative=True):
        lengths = (net.weight - before).flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1)
        assert lengths.tolist() == pytest.approx([0.3] * 6, rel=0.1) and torch.equal(net.bias, bias)


@pytest.fixture(scope="module")
def few(digits):
    return kd.Data("few", digits.train[:40], None, digits.test[:40], digits.classes, digits.mean, digits.std)


def test_a_factor_that_a_norm_undoes_changes_absolute_noise_alone(few):
    """The same function, with filters three times as large."""
    plain, large = small(), small()
    convolutions = [module for module in large.modules() if isinstance(module, nn.Conv2d)]
    norms = [module for module in large.modules() if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for convolution in convolutions:
            convolution.weight *= 3
        for norm in norms:
            norm.running_mean *= 3
            norm.running_var *= 9
            norm.eps *= 9
    rows = {
        relative: [
            losses_when_shaken(net, few.train, few, [0.0, 0.2], draws=2, relative=relative) for net in (plain, large)
        ]
        for relative in (True, False)
    }
    torch.testing.assert_close(*rows[True], rtol=1e-3, atol=1e-3)
    assert (rows[False][0][1] - rows[False][1][1]).abs().min() > 0.01


def test_without_noise_it_is_the_loss_and_the_net_stays_as_it_was(few):
    net, before = small(), small()
    losses = losses_when_shaken(net, few.train, few, [0.0, 0.5], draws=3)
    assert losses[0].tolist() == pytest.approx([kd.evaluate(net, few.train, few).loss] * 3)
    assert len(set(losses[1].tolist())) == 3 and same_weights(net, before) and net.training
    with pytest.raises(ConfigError, match="sigma=-1"):
        losses_when_shaken(net, few.train, few, [-1.0])
    with pytest.raises(ConfigError, match="draws=0"):
        losses_when_shaken(net, few.train, few, [0.1], draws=0)
