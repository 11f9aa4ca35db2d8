"""ImageNet's ResNets are torchvision's, weight for weight and number for number."""

import pytest
import torch
from torchvision import models

from kdtutor import nets


@pytest.mark.parametrize("depth", [18, 50])
def test_the_same_function_with_renamed_weights(depth):
    torch.manual_seed(0)
    theirs = getattr(models, f"resnet{depth}")(num_classes=5)
    ours = nets.build(f"imagenet_resnet{depth}", classes=5)
    ours.load_state_dict(nets.from_torchvision(theirs.state_dict()))
    x = torch.randn(2, 3, 64, 64)
    for training in (True, False):  # with the statistics of the batch, then with those that were kept of it
        torch.testing.assert_close(ours.train(training)(x), theirs.train(training)(x), rtol=1e-5, atol=1e-5)


def test_34_layers_have_the_same_weights():
    with torch.device("meta"):
        theirs, ours = models.resnet34(), nets.build("imagenet_resnet34", classes=1000)
    renamed = nets.from_torchvision(theirs.state_dict())
    assert {name: x.shape for name, x in renamed.items()} == {name: x.shape for name, x in ours.state_dict().items()}
