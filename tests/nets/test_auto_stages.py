"""Stages that are found by themselves, in families of torchvision and timm: where the resolution of their maps changes.

The channels are those that the papers' tables give for the end of each resolution, or for the widened map of the block
after it, before it halves (MobileNets, EfficientNet). Nets are as small as their families allow.
"""

import copy
from collections import OrderedDict
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import kdtutor as kd
from kdtutor import nets
from kdtutor.errors import ConfigError, ShapeError
from kdtutor.papers.spot_adaptive import SpotAdaptive
from tests.papers.spots import learn, step_of

SIZE = 64
IMAGES = torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


def models():
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()
    from torchvision import models

    return models


def by_name(name: str, **options) -> nn.Module:
    return models().get_model(name, weights=None, num_classes=5, **options)


def vgg() -> nn.Module:
    """A VGG with a tenth of the channels, and without the hidden layers that follow its maps."""
    from torchvision.models.vgg import make_layers

    features, pool = make_layers([8, "M", 16, "M", 24, 24, "M", 48, 48, "M", 48, 48, "M"]), nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(OrderedDict(features=features, pool=pool, flat=nn.Flatten(), classifier=nn.Linear(48, 5)))


def densenet() -> nn.Module:
    return models().DenseNet(8, (1, 2, 1, 1), 16, num_classes=5)


def convnext() -> nn.Module:
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    return ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, 24, 2), CNBlockConfig(24, None, 1)], num_classes=5)


def vit(**options) -> nn.Module:
    shape = {"image_size": SIZE, "patch_size": 16, "num_layers": 8, "num_heads": 2, "hidden_dim": 24, "mlp_dim": 48}
    return models().VisionTransformer(**{**shape, "num_classes": 5, **options})


def swin() -> nn.Module:
    return models().SwinTransformer([4, 4], 12, [1, 2, 1], [2, 2, 2], window_size=[4, 4], num_classes=5)


def timm_model(name: str, **options) -> nn.Module:
    import timm

    return timm.create_model(name, num_classes=5, **options)


def cifar_resnet() -> nn.Module:
    """A ResNet for small images, as many have it: no pooling before the first residual blocks."""
    from torchvision.models.resnet import BasicBlock, ResNet

    net = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=5)
    net.maxpool = nn.Identity()
    return net


# model; the stem's channels; (channels, pixels) of each stage; which of the taps, from the stem on, a ReLU follows
FAMILIES = {
    "resnet": (partial(by_name, "resnet18"), 64, [(64, 16), (128, 8), (256, 4), (512, 2)], "11111"),
    "a resnet for small images": (cifar_resnet, 64, [(64, 32), (128, 16), (256, 8), (512, 4)], "11111"),
    "vgg": (vgg, 8, [(16, 32), (24, 16), (48, 8), (48, 4)], "11111"),
    "mobilenet v2": (
        partial(by_name, "mobilenet_v2", width_mult=0.5), 48, [(96, 16), (96, 8), (288, 4), (1280, 2)], "11111",
    ),
    "mobilenet v3": (partial(by_name, "mobilenet_v3_small"), 16, [(72, 16), (96, 8), (288, 4), (576, 2)], "01000"),
    "efficientnet": (partial(by_name, "efficientnet_b0"), 96, [(144, 16), (240, 8), (672, 4), (1280, 2)], "00000"),
    "densenet": (densenet, 16, [(12, 16), (14, 8), (11, 4), (19, 2)], "10001"),
    "shufflenet": (partial(by_name, "shufflenet_v2_x0_5"), 24, [(48, 8), (96, 4), (1024, 2)], "1001"),
    "squeezenet": (partial(by_name, "squeezenet1_1"), 64, [(128, 15), (256, 7), (512, 3)], "1000"),
    "regnet": (partial(by_name, "regnet_x_400mf"), 32, [(32, 16), (64, 8), (160, 4), (400, 2)], "11111"),
    "mnasnet": (partial(by_name, "mnasnet0_5"), 24, [(48, 16), (144, 8), (288, 4), (1280, 2)], "11111"),
    "googlenet": (
        partial(by_name, "googlenet", aux_logits=False, init_weights=False), 64,
        [(192, 16), (480, 8), (832, 4), (1024, 2)], "11000",
    ),
    "convnext": (convnext, 8, [(8, 16), (16, 8), (24, 4)], "0000"),
    "vit": (vit, 24, [(24, 4)] * 4, "00000"),
    "swin": (swin, 12, [(12, 16), (24, 8), (48, 4)], "0000"),
    "timm's resnet": (partial(timm_model, "resnet10t"), 64, [(64, 16), (128, 8), (256, 4), (512, 2)], "11111"),
    "timm's mobilenet": (
        partial(timm_model, "mobilenetv3_small_050"), 16, [(40, 16), (64, 8), (144, 4), (288, 2)], "01000",
    ),
    "timm's convnext": (
        partial(timm_model, "convnext_atto"), 40, [(40, 16), (80, 8), (160, 4), (320, 2)], "00000",
    ),
    "timm's deit": (
        partial(timm_model, "deit_tiny_distilled_patch16_224", img_size=SIZE, depth=4), 192, [(192, 4)] * 4, "00000",
    ),
    "timm's swin": (
        partial(timm_model, "swin_tiny_patch4_window7_224", img_size=SIZE, embed_dim=24, depths=(1, 1, 1, 1)), 24,
        [(24, 16), (48, 8), (96, 4), (192, 2)], "00000",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "family",
    [pytest.param(name, marks=[pytest.mark.extra("timm")] if name.startswith("timm") else []) for name in FAMILIES],
)
def test_stages_of_a_family(family):
    make, stem, stages, relus = FAMILIES[family]
    torch.manual_seed(0)
    model = make()
    part = next(iter(model.children())).eval()
    net = nets.wrap(model, stages="auto", example=IMAGES)
    assert model.training and not part.training, "modes are left as they are"
    found = nets.stages_of(net)
    assert [(s.channels, s.height, s.width) for s in found] == [
        (stem, found[0].height, found[0].width), *((channels, side, side) for channels, side in stages)
    ]  # fmt: skip
    assert "".join("01"[s.relu] for s in found) == relus
    assert (net.stem_width, net.widths) == (stem, tuple(channels for channels, _ in stages))
    for mode in (False, True):
        twin = copy.deepcopy(model).train(mode)
        torch.manual_seed(1)
        want = twin(IMAGES)
        torch.manual_seed(1)
        trace = net.train(mode).trace(IMAGES)
        assert torch.equal(trace.logits, want)
        for stage, active, relu in zip(trace.stages, trace.active, net.relus[1:], strict=True):
            assert torch.equal(active, F.relu(stage)) if relu else active is stage


def outputs(model: nn.Module, *parts: str) -> list[Tensor]:
    """What these modules return while the model reads the images."""
    seen: list[Tensor] = []
    handles = [model.get_submodule(part).register_forward_hook(lambda *told: seen.append(told[2])) for part in parts]
    model(IMAGES)
    for handle in handles:
        handle.remove()
    return seen


def test_tokens_are_maps_without_the_class_token():
    model = vit().eval()
    trace = nets.wrap(model, stages="auto", example=IMAGES).trace(IMAGES)
    ends = outputs(model, *(f"encoder.layers.encoder_layer_{i}" for i in (1, 3, 5, 7)))
    for stage, tokens in zip(trace.stages, ends, strict=True):
        assert tokens.shape == (2, 1 + 16, 24)
        assert torch.equal(stage[:, :, 2, 3], tokens[:, 1 + 4 * 2 + 3]), "the pixel in row 2 and column 3"


@pytest.mark.slow
def test_blocks_that_no_four_divide_are_split_as_equally_as_can_be():
    net = nets.wrap(vit(num_layers=6), stages="auto", example=IMAGES)
    assert [name.split(".")[2] for name in net.asked["stages"]] == [f"encoder_layer_{i}" for i in (1, 2, 4, 5)]


def test_maps_with_the_channels_last_are_turned():
    model = swin().eval()
    trace = nets.wrap(model, stages="auto", example=IMAGES).trace(IMAGES)
    for stage, last in zip(trace.stages[:2], outputs(model, "features.1", "features.3"), strict=True):
        assert torch.equal(stage, last.permute(0, 3, 1, 2))


def test_stages_named_by_hand_are_turned_too():
    model = vit().eval()
    net = nets.wrap(model, stages=["encoder.layers.encoder_layer_2"], example=IMAGES)
    assert net.widths == (24,) and net.trace(IMAGES).stages[0].shape == (2, 24, 4, 4)
    with pytest.raises(ShapeError, match=r"shape \(2, 24\), expected a map"):
        nets.wrap(model, stages=["getitem_5"], example=IMAGES)


def test_active_maps_stay_what_they_are_in_every_view_of_a_trace():
    trace = nets.wrap(vit(), stages="auto", example=IMAGES).eval().trace(IMAGES)
    assert trace.stages[0].min() < 0 and trace.stem.min() < 0
    for other in (trace.detach(), trace.copy(), trace[:], trace[torch.tensor([True, True])].detach()):
        assert torch.equal(other.active[0], trace.stages[0])
        assert torch.equal(other.active_stem, trace.stem)
        assert torch.equal(other.taps[1], trace.stages[0])


def test_a_copy_and_a_net_built_again_show_the_same():
    net = nets.build("torchvision.squeezenet1_1", classes=5, size=SIZE).eval()
    twin = copy.deepcopy(net)
    assert all(map(torch.equal, twin.trace(IMAGES).active, net.trace(IMAGES).active))
    assert nets.stages_of(nets.build(**net.config)) == nets.stages_of(net)


def test_segments_of_found_stages():
    net = nets.wrap(by_name("resnet18"), stages="auto", example=IMAGES).eval()
    trace = net.trace(IMAGES)
    assert torch.equal(net.run(trace.active[1], 2), trace.stages[2])
    assert torch.equal(net.run(trace.active[3], 4), trace.logits)
    net = nets.wrap(vit(), stages="auto", example=IMAGES).eval()
    trace = net.trace(IMAGES)
    assert torch.equal(net.run(IMAGES, 0), trace.stages[0])
    with pytest.raises(ConfigError, match=r"only the whole forward pass and its trace are available|it also needs"):
        net.run(trace.active[0], 1)


def test_the_stages_as_text():
    lines = nets.stage_table(nets.wrap(vgg(), stages="auto", example=IMAGES)).splitlines()
    assert lines[0].split() == ["stem", "8", "×", "64", "×", "64", "features.0"]
    assert lines[-1].split() == ["stage", "4", "48", "×", "4", "×", "4", "features.18"]


def test_a_model_without_maps_is_refused():
    with pytest.raises(ConfigError, match=r"Sequential computes no map .* name its stages"):
        nets.wrap(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), stages="auto", example=torch.zeros(1, 3, 2, 2))


@pytest.fixture(scope="module")
def pair() -> tuple[nets.Net, nets.Net]:
    """A ViT that learns from a CNN, on digits."""
    torch.manual_seed(0)
    example = torch.zeros(1, 3, 28, 28)
    student = nets.wrap(vit(image_size=28, patch_size=7, num_classes=10), stages="auto", example=example)
    return student, nets.build("vgg8x0.25", classes=10, channels=1, stem_stride=2).eval()


@pytest.mark.parametrize("name", ["AT", "FSP", "OFD"])
def test_a_transformer_learns_features_of_a_cnn(pair, name):
    student, teacher = pair
    distiller = kd.papers.get(name)(copy.deepcopy(student), teacher)
    first = distiller.student.get_parameter("encoder.layers.encoder_layer_0.self_attention.in_proj_weight")
    before = first.detach().clone()
    recipe = kd.Recipe(lr=0.01, batch_size=8, steps_per_epoch=1)
    history = learn(distiller, kd.data.load("digits"), epochs=2, recipe=recipe)
    assert history.last("loss") > 0
    assert not torch.equal(first, before)


def test_no_spots_are_chosen_in_a_transformer(pair):
    student, teacher = pair
    with pytest.raises(ConfigError, match=r"only the whole forward pass|it also needs"):
        step_of(SpotAdaptive(kd.papers.get("AT")(copy.deepcopy(student), teacher)), kd.data.load("digits"))
