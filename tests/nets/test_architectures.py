"""Every architecture: parameters, segments, modes, memory formats, sizes."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdtutor import nets
from kdtutor.errors import ShapeError
from kdtutor.nets import wide_resnet
from kdtutor.nets.resnet import Block
from kdtutor.nets.shufflenet import Shuffle

COUNTS = {
    "resnet8": 83_892, "resnet20": 278_324, "resnet56": 861_620, "resnet110": 1_736_564, "resnet8x4": 1_233_540,
    "resnet32x4": 7_433_860, "wrn_16_2": 703_284, "wrn_40_2": 2_255_156, "wrn_40_1": 569_780, "vgg8": 3_965_028,
    "vgg13": 9_462_180, "mobilenetv2x0.5": 812_836, "mobilenetv2": 2_353_060, "shufflenetv1": 949_258,
    "cifar_resnet18": 11_220_132, "cifar_resnet34": 21_328_292, "cifar_resnet50": 23_705_252,
    "imagenet_resnet18": 11_227_812, "imagenet_resnet34": 21_335_972, "imagenet_resnet50": 23_712_932,
}  # fmt: skip
SMALL_COUNTS = [
    ("resnet14", 2, 174_970),
    ("resnet8x0.25", 1, 5_142),
    ("plain14", 2, 172_218),
    ("lenet5", 1, 61_706),
    ("lenet5_half", 1, 15_738),
    ("mobilenetv2x0.25", 2, 249_058),
    ("mobilenetv2x0.25", 1, 249_058),
    ("shufflenetv1x0.25", 2, 63_475),
    ("shufflenetv1x0.25", 1, 63_475),
    ("cifar_resnet18x0.125", 2, 176_258),
]

# One of each kind: identity and projected first blocks, a stem wider and narrower than its stage, stride in the stem.
CONV_NETS = [
    ("resnet8", 1), ("resnet14x0.25", 2), ("resnet8x4", 2), ("wrn_10_1", 1), ("wrn_16_1", 2), ("wrn_16_2", 1),
    ("plain14x0.25", 2), ("plain8", 1), ("vgg8x0.25", 1), ("vgg13x0.125", 1), ("lenet5", 1), ("lenet5_half", 1),
    ("mobilenetv2x0.25", 1), ("mobilenetv2x0.25", 2), ("shufflenetv1x0.25", 1), ("shufflenetv1x0.25", 2),
    ("cifar_resnet18x0.125", 1), ("cifar_resnet50x0.125", 2),
    ("imagenet_resnet18x0.125", 1),
    ("ghost_resnet8x0.5", 1), ("ghost_resnet14x0.25_s4_d5", 2), ("ghost_resnet8x0.25_s1", 1), ("ghost_vgg8x0.25", 1),
    ("ghostnetx0.5", 1),
]  # fmt: skip
ONE_NORM = [(name, stem_stride) for name, stem_stride in CONV_NETS if not name.startswith("ghost_resnet")]
ALL = [*CONV_NETS, ("mlp", 1), ("mlp8", 1)]


def make(name: str, stem_stride: int | None = 1, classes: int = 7) -> nets.Net:
    torch.manual_seed(0)
    return nets.build(name, classes=classes, stem_stride=stem_stride)


def inputs(name: str, batch: int = 3, height: int = 32, width: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (batch, 2) if name.startswith("mlp") else (batch, 3, height, width)
    return torch.randn(shape, generator=generator)


def chain(net: nets.Net, x: Tensor) -> Tensor:
    """All segments one after the other, with a ReLU between them."""
    h = net.run(x, 0)
    for i in range(1, len(net.widths) + 1):
        h = net.run(F.relu(h), i)
    return h


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_parameters_at_100_classes(name, count):
    with torch.device("meta"):
        assert nets.count_parameters(nets.build(name)) == count


@pytest.mark.parametrize(("name", "stem_stride", "count"), SMALL_COUNTS)
def test_parameters_on_digits(name, stem_stride, count):
    net = nets.build(name, classes=10, channels=1, stem_stride=stem_stride)
    assert nets.count_parameters(net) == count
    assert net(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.slow
@pytest.mark.parametrize("name", nets.NAMES)
def test_config_builds_the_same_architecture(name):
    with torch.device("meta"):
        net = nets.build(name, classes=5)
        again = nets.build(**net.config)
    assert net.name == name
    assert [(k, v.shape) for k, v in net.state_dict().items()] == [(k, v.shape) for k, v in again.state_dict().items()]


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize(("name", "stem_stride"), ALL)
def test_forward_is_trace_is_chain_of_segments(name, stem_stride, train):
    net = make(name, stem_stride).train(train)
    x = inputs(name)
    trace = net.trace(x)
    assert torch.equal(net(x), trace.logits)
    assert torch.equal(chain(net, x), trace.logits)
    assert torch.equal(net.run(trace.active[-1], len(net.widths)), trace.logits)


@pytest.mark.parametrize(("name", "stem_stride"), ALL)
def test_the_last_segment_is_embedding_and_classification(name, stem_stride):
    net = make(name, stem_stride).eval()
    trace = net.trace(inputs(name))
    last = trace.active[-1]
    assert torch.equal(net.embed(last), trace.embedding)
    assert torch.equal(net.classify(net.embed(last)), trace.logits)
    assert torch.equal(net.run(last, len(net.widths)), trace.logits)
    width, size = net.widths[-1], net.embedding_dim
    with pytest.raises(ShapeError, match=rf"segment {len(net.widths)} of {name} reads maps \(B, {width}, H, W\)"):
        net.embed(last[:, 1:])
    with pytest.raises(
        ShapeError, match=rf"{name} classifies embeddings \(B, {size}\), got \(3, {size - 1}\)"
    ) as caught:
        net.classify(trace.embedding[:, 1:])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "stem_stride"), ALL)
def test_trace_has_the_shapes_it_promises(name, stem_stride):
    net = make(name, stem_stride)
    trace = net.trace(inputs(name))
    assert len(trace) == 3
    assert tuple(stage.shape[1] for stage in trace.stages) == net.widths
    assert all(stage.ndim == 4 and stage.min() < 0 for stage in trace.stages)
    assert trace.embedding.shape == (3, net.embedding_dim)
    assert trace.logits.shape == (3, net.num_classes) == (3, 7)
    assert (trace.stem.shape[1] if trace.stem is not None else None) == net.stem_width
    for stage, active in zip(trace.stages, trace.active, strict=True):
        assert torch.equal(F.relu(stage), active)


def test_stem_widths():
    assert [make(name).stem_width for name in ("resnet8", "resnet8x4", "resnet8x0.25", "wrn_10_2", "vgg8")] == [
        16, 32, 4, 16, 64,
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "stem_stride"), CONV_NETS)
def test_every_norm_runs_once_a_trace(name, stem_stride):
    net = make(name, stem_stride).train()
    calls: dict[nn.Module, int] = {m: 0 for m in net.modules() if isinstance(m, nn.BatchNorm2d)}
    for norm in calls:
        norm.register_forward_hook(lambda module, *_: calls.__setitem__(module, calls[module] + 1))
    net.trace(inputs(name))
    assert set(calls.values()) <= {1}
    assert {int(norm.num_batches_tracked) for norm in calls} <= {1}


@pytest.mark.parametrize(("name", "stem_stride"), ONE_NORM)  # a ghost module's maps come from two: see test_ghost
def test_the_last_norm_of_a_stage_is_the_one_before_its_tap(name, stem_stride):
    """OFD reads its margins there: what this norm adds, the tapped map has more."""
    net = make(name, stem_stride).eval()
    x = inputs(name)
    for i, stage in enumerate(net.stages):
        norms = [module for module in stage.modules() if isinstance(module, nn.BatchNorm2d)]
        before = net.trace(x).stages[i].detach()
        for norm in norms[-1:]:
            nn.init.ones_(norm.bias)
            torch.testing.assert_close(net.trace(x).stages[i], before + 1)


@pytest.mark.parametrize(("name", "stem_stride"), CONV_NETS)
def test_batch_of_one_and_maps_that_are_not_square(name, stem_stride):
    net = make(name, stem_stride).train()
    for x in (inputs(name, batch=1), inputs(name, height=32, width=24), inputs(name, height=28, width=28)):
        trace = net.trace(x)
        trace.logits.sum().backward()
        assert trace.logits.shape == (len(x), 7)
        assert torch.equal(chain(net, x), net(x))


@pytest.mark.parametrize(("name", "stem_stride"), CONV_NETS)
def test_channels_last_and_float64_change_nothing(name, stem_stride):
    net = make(name, stem_stride).double()
    x = inputs(name).double()
    want = net.trace(x)
    got = net.to(memory_format=torch.channels_last).trace(x.to(memory_format=torch.channels_last))
    for a, b in zip((*got.stages, got.embedding, got.logits), (*want.stages, want.embedding, want.logits), strict=True):
        torch.testing.assert_close(a, b)
    assert got.logits.dtype == torch.float64


def test_wide_resnet_is_the_textbook_network():
    """Raw sums flow from block to block; norm and ReLU come before the convolutions."""
    for name in ("wrn_16_1", "wrn_16_2"):
        net = make(name)
        x = inputs(name)
        before: nn.Module | None = None
        h = net.stem(x)
        for stage in net.stages:
            before = getattr(stage, "norm1", before)
            for block in stage.children():
                if isinstance(block, wide_resnet.Widen):
                    assert before is not None
                    a = F.relu(before(h))
                    h = block.shortcut(a) + block.residual(a)
                elif isinstance(block, wide_resnet.Keep):
                    h = h + block.residual(F.relu(block.activate.norm(h)))
            before = stage.norm
        assert before is not None
        logits = net.classifier(F.relu(before(h)).mean(dim=(2, 3)))
        torch.testing.assert_close(net(x), logits)


def test_plain_nets_are_resnets_without_shortcuts():
    resnet, plain = make("resnet14x0.25", stem_stride=2), make("plain14x0.25", stem_stride=2)
    kept = [weight for name, weight in resnet.state_dict().items() if ".shortcut." not in name]
    plain.load_state_dict(dict(zip(plain.state_dict(), kept, strict=True)))
    for block in [module for module in resnet.modules() if isinstance(module, Block)]:
        block.shortcut = Nothing()
    x = inputs("plain14x0.25")
    assert torch.equal(plain(x), resnet(x))


class Nothing(nn.Module):
    """A shortcut that adds nothing."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros(())


def test_vgg_pools_before_the_last_block_only_where_maps_are_large():
    net = make("vgg8x0.125").eval()
    assert net.trace(inputs("vgg", height=32, width=32)).stages[-1].shape[2:] == (4, 4)
    assert net.trace(inputs("vgg", height=64, width=64)).stages[-1].shape[2:] == (4, 4)
    x = inputs("vgg", height=64, width=64)
    assert torch.equal(chain(net, x), net(x))


def test_mobilenet_halves_in_its_stem_and_ends_its_stages_before_a_relu():
    net = make("mobilenetv2x0.5", stem_stride=None)
    assert net.config["stem_stride"] == 2
    trace = net.trace(inputs("mobilenet", batch=2))
    assert [tuple(stage.shape[1:]) for stage in trace.stages] == [(72, 16, 16), (96, 8, 8), (288, 4, 4), (1280, 2, 2)]
    assert all(norm is stage.widen.norm for norm, stage in zip(net.norms, net.stages, strict=True))
    assert net.classifier.weight.std().item() == pytest.approx(0.01, rel=0.05) and not net.classifier.bias.any()


def test_a_shuffle_takes_one_channel_of_each_group_in_turn():
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert Shuffle(3)(x).flatten().tolist() == [0, 2, 4, 1, 3, 5]
    assert Shuffle(1)(x).equal(x)


def test_shufflenet_widths_come_in_twelves():
    assert make("shufflenetv1x0.01").widths == (36, 72, 144)
    assert make("shufflenetv1x0.33").widths == (84, 168, 336)


@pytest.mark.parametrize("name", ["resnet8x0.25", "wrn_10_1", "vgg8x0.125", "lenet5"])
def test_one_channel_is_repeated(name):
    net = make(name).eval()
    x = inputs(name)[:, :1]
    assert torch.equal(net(x), net(x.repeat(1, 3, 1, 1)))


def test_starting_weights():
    net = make("vgg8", classes=10)
    weight = net.stages[1].conv1.weight  # 256 filters of 3 × 3: fan_out 2304
    assert abs(weight.std().item() - (2 / 2304) ** 0.5) < 1e-3
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    assert all((norm.weight == 1).all() and (norm.bias == 0).all() for norm in norms)


def test_same_seed_same_weights_and_copies_are_free():
    first, second = make("resnet8"), make("resnet8")
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    twin = copy.deepcopy(first)
    nn.init.zeros_(twin.classifier.weight)
    assert first.classifier.weight.abs().sum() > 0
    assert twin.config == first.config
