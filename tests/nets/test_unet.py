"""Nets that answer for each pixel: the U-Net, and models of torchvision."""

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, nets


def unet(name: str = "unet2", **options: int) -> kd.Net:
    kd.seed_everything(0)
    return nets.build(name, **{"classes": 5, **options})


def test_a_trace_has_the_maps_of_both_ways_and_logits_of_the_images_size():
    net = unet(channels=1)
    trace = net.trace(torch.randn(2, 1, 20, 32))
    assert [tuple(stage.shape[1:]) for stage in trace.stages] == [
        (2, 20, 32), (4, 10, 16), (8, 5, 8), (16, 2, 4), (8, 5, 8), (4, 10, 16), (2, 20, 32),
    ]  # fmt: skip
    assert net.widths == tuple(stage.shape[1] for stage in trace.stages) and trace.stem is None
    assert trace.logits.shape == (2, 5, 20, 32) and net.per_pixel
    torch.testing.assert_close(trace.embedding, trace.active[-1].mean((2, 3)))
    expected = torch.einsum("bchw,kc->bkhw", trace.active[-1], net.classifier.weight[:, :, 0, 0])
    torch.testing.assert_close(trace.logits, expected + net.classifier.bias.view(-1, 1, 1))


def test_skip_connections_carry_what_a_small_map_cannot():
    """One pixel changes its own answer, although the smallest map is eight times smaller."""
    net = unet("unet4").eval()
    x = torch.randn(1, 3, 32, 32)
    moved = x.clone()
    moved[..., 9, 9] += 1
    changed = (net(moved) - net(x)).abs().amax((0, 1))
    assert changed[9, 9] > 0 and changed[:, 0].max() < changed[9, 9]


def test_a_net_is_built_again_by_its_config():
    net = unet()
    again = nets.build(**net.config)
    again.load_state_dict(net.state_dict())
    x = torch.randn(1, 3, 8, 8)
    assert torch.equal(again.eval()(x), net.eval()(x))
    assert [norm.num_features for norm in net.norms] == list(net.widths)


@pytest.mark.parametrize("name", ["fcn", "lraspp"])
def test_models_of_torchvision_answer_for_each_pixel(name):
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()
    from torchvision.models import MobileNetV3, segmentation
    from torchvision.models._utils import IntermediateLayerGetter
    from torchvision.models.mobilenetv3 import InvertedResidualConfig

    kd.seed_everything(0)
    rows = [(8, 3, 8, 8, False, "RE", 2, 1), (8, 3, 16, 16, True, "HS", 2, 1), (16, 3, 16, 16, False, "HS", 2, 1)]
    body = MobileNetV3([InvertedResidualConfig(*row, width_mult=1.0) for row in rows], last_channel=16).features
    if name == "fcn":
        backbone = IntermediateLayerGetter(body, {"3": "out", "2": "aux"})
        head, other = (segmentation.fcn.FCNHead(width, 3) for width in (16, 16))
        model, width = segmentation.FCN(backbone, head, other), 4
    else:
        backbone = IntermediateLayerGetter(body, {"2": "low", "4": "high"})
        model, width = segmentation.LRASPP(backbone, 16, 96, 3, inter_channels=8), 8
    net = nets.wrap(model, stages=["backbone.2"], example=torch.zeros(1, 3, 64, 64)).eval()
    x = torch.randn(2, 3, 64, 48)
    trace = net.trace(x)
    assert torch.equal(trace.logits, model(x)["out"]) and trace.logits.shape == (2, 3, 64, 48)
    assert net.per_pixel and net.num_classes == 3 and trace.embedding.shape == (2, net.embedding_dim)
    assert net.embedding_dim == width and len(trace.stages) == 1
    with pytest.raises(ConfigError, match="answers for each pixel"):
        net.classify(trace.embedding)
