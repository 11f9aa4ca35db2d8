"""Critics mirror the generators, end without a sigmoid, and do not mix images unless they are asked to."""

import pytest
import torch
from torch import nn

import kdtutor as kd
from kdtutor import ConfigError, ShapeError, UnknownName, nets


@pytest.mark.parametrize("size", [8, 16, 32, 64])
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_one_score_an_image(size, norm):
    kd.seed_everything(0)
    critic = nets.critic("dcganx0.25", channels=3, size=size, norm=norm)
    assert critic(torch.randn(2, 3, size, size)).shape == (2,)
    assert nets.critic(**critic.config).config == critic.config and critic.mixes == (norm == "batch" and size > 8)
    assert not any(isinstance(m, nn.Sigmoid) for m in critic.modules())


@pytest.mark.parametrize(("norm", "alone"), [("batch", False), ("layer", True), ("none", True)])
def test_who_mixes_the_images_of_a_batch(norm, alone):
    kd.seed_everything(0)
    critic, x = nets.critic(norm=norm), torch.randn(4, 1, 16, 16)
    other = torch.cat([x[:1], 3 * x[1:]])
    assert torch.allclose(critic(x)[0], critic(other)[0], atol=1e-5) == alone


def test_the_smallest_and_the_sizes_that_are_known():
    assert nets.count_parameters(nets.critic("dcganx0.75", norm="batch")) == 19_705
    with pytest.raises(ConfigError, match="size is 28"):
        nets.critic(size=28)
    with pytest.raises(UnknownName, match="resnet"):
        nets.critic("resnet")
    with pytest.raises(UnknownName, match="instance"):
        nets.critic(norm="instance")
    with pytest.raises(ConfigError, match="above 0"):
        nets.critic("dcganx0")
    with pytest.raises(ShapeError, match="28"):
        nets.critic()(torch.zeros(1, 1, 28, 28))
