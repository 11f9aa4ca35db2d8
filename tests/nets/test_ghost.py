"""Ghost modules and the nets made of them: reference numbers, counts, names, timm's weights."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdtutor import nets
from kdtutor.errors import ConfigError, ShapeError, UnknownName
from kdtutor.nets.ghost import BLOCKS, GhostBottleneck, GhostModule, SqueezeExcite, divisible, renamed
from kdtutor.nets.ghosted import Padded

from ..papers.oracle import PRECISIONS, agree, oracle

CASES = {
    "ghostmodule_case1": lambda: GhostModule(4, 8),
    "ghostbottleneck_case1": lambda: GhostBottleneck(8, 16, 8),
}


def state(case: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in case.items() if name.startswith(prefix)}


@PRECISIONS
@pytest.mark.parametrize("name", CASES)
def test_the_reference_values_gradients_and_statistics(name, dtype):
    case, module = oracle(name, dtype), CASES[name]().to(dtype)
    module.load_state_dict(state(case, "w."))
    with torch.no_grad():
        agree(module.eval()(case["x"]), case["out_eval"])
    x = case["x"].clone().requires_grad_()
    out = module.train()(x)
    agree(out, case["out_train"])
    out.backward(case["cot"])
    # What a batch norm takes away leaves gradients of rounding errors only: compare with the largest of all.
    gradients = {"x": x.grad, **{key: p.grad for key, p in module.named_parameters()}}
    expected = {"x": case["grad_x"], **state(case, "grad.")}
    assert gradients.keys() == expected.keys()
    high = max(float(value.abs().max()) for value in expected.values())
    rtol = 1e-9 if dtype == torch.float64 else 2e-4
    for key, value in gradients.items():
        torch.testing.assert_close(value, expected[key], rtol=rtol, atol=rtol * high)
    for key, value in state(case, "after.").items():
        torch.testing.assert_close(module.state_dict()[key], value)


def test_ghosts_come_from_their_own_map_and_in_order():
    module = GhostModule(3, 6, ratio=3, relu=False).eval()
    assert module.cheap_operation is not None
    x = torch.randn(2, 3, 5, 4)
    before = module(x)
    with torch.no_grad():
        module.primary_conv[0].weight[1] += 1  # the second of two intrinsic maps
    changed = (module(x) != before).flatten(2).any(2).all(0)
    assert changed.tolist() == [False, True, False, False, True, True]


def test_surplus_ghosts_are_dropped_but_their_statistics_move():
    module = GhostModule(3, 5, ratio=3).train()  # two intrinsic maps, four ghosts, three of them used
    out = module(torch.randn(4, 3, 5, 5))
    out.square().sum().backward()
    assert out.shape == (4, 5, 5, 5) and module.cheap_operation is not None
    convolution, norm, _ = module.cheap_operation
    assert convolution.weight.grad[3].abs().sum() == 0 < convolution.weight.grad[2].abs().sum()
    assert norm.running_mean[3] != 0


def test_without_relu_both_parts_are_linear():
    module = GhostModule(3, 4, relu=False).eval()
    x = torch.randn(2, 3, 5, 5)
    torch.testing.assert_close(module(-x), -module(x))
    assert (module(x) < 0).any() and not (GhostModule(3, 4).eval()(x) < 0).any()


def test_stride_and_a_ratio_of_one():
    assert GhostModule(3, 8, kernel=3, ratio=4, stride=2)(torch.randn(2, 3, 7, 8)).shape == (2, 8, 4, 4)
    plain = GhostModule(3, 8, kernel=3, ratio=1)
    assert plain.cheap_operation is None and nets.count_parameters(plain) == 3 * 8 * 9 + 16


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ({"ratio": 0}, "ratio=0"), ({"cheap_kernel": 2}, "cheap_kernel=2: it must be odd"), ({"kernel": 4}, "kernel=4"),
        ({"c_in": 0}, "c_in=0"), ({"stride": 0}, "stride=0"),
    ],
)  # fmt: skip
def test_numbers_out_of_range(numbers, sentence):
    with pytest.raises(ConfigError, match=sentence):
        GhostModule(**{"c_in": 3, "c_out": 4, **numbers})


def test_the_joined_norm_is_that_of_each_map():
    module = GhostModule(3, 5, relu=False)
    assert module.cheap_operation is not None
    for number, norm in enumerate((module.primary_conv[1], module.cheap_operation[1])):
        nn.init.constant_(norm.weight, 2.0 + number)
        nn.init.constant_(norm.bias, -1.0 - number)
    joined = module.joined_norm()
    assert joined.weight.tolist() == [2, 2, 2, 3, 3] and joined.bias.tolist() == [-1, -1, -1, -2, -2]
    module.train()(torch.randn(9, 3, 6, 6))
    with torch.no_grad():
        out = module(torch.randn(64, 3, 6, 6))
    torch.testing.assert_close(out.mean((0, 2, 3)), joined.bias.detach(), atol=1e-4, rtol=0)  # what OFD's margin reads


@pytest.mark.parametrize("width, parameters, adds", [(0.5, 2_587_292, 42.33), (1.0, 5_182_508, 141.15),
                                                     (1.3, 7_358_820, 227.00)])  # fmt: skip
def test_ghostnet_has_the_published_size(width, parameters, adds):
    with torch.device("meta"):
        net = nets.ghostnet(width).eval()
        assert nets.count_parameters(net) == parameters
        counted = nets.count_multiply_adds(net, torch.zeros(1, 3, 224, 224))
    assert round(counted / 1e6, 2) == adds
    again = nets.build(net.name, classes=1000)
    assert nets.count_parameters(again) == parameters and again.config == net.config


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, parameters, adds",
    [
        ("ghost_resnet56_s1", 853_018, 125.49), ("ghost_resnet56", 438_154, 65.29),
        ("ghost_resnet56_s2_d3", 438_154, 65.29), ("ghost_resnet56_s2_d1", 430_090, 63.22),
        ("ghost_vgg16", 7_396_778, 158.44),
    ],
)  # fmt: skip
def test_cifar_nets_have_the_size_on_record(name, parameters, adds):
    with torch.device("meta"):
        net = nets.build(name, classes=10).eval()
        assert nets.count_parameters(net) == parameters
        assert round(nets.count_multiply_adds(net, torch.zeros(1, 3, 32, 32)) / 1e6, 2) == adds


def test_multiply_adds_are_counted_per_batch_and_leave_no_graph():
    layer, x = nn.Conv2d(3, 4, 3, padding=1), torch.zeros(2, 3, 5, 5)
    assert nets.count_multiply_adds(layer, x) == 2 * 4 * 3 * 9 * 25
    assert nets.count_multiply_adds(nn.Linear(7, 5), torch.zeros(3, 7)) == 3 * 35


def test_no_norm_and_no_relu_is_doubled_in_a_ghost_resnet():
    net = nets.build("ghost_resnet8x0.5", classes=10)
    kinds = [type(m).__name__ for m in net.stages[1].block1.residual.modules() if not list(m.children())]
    layer = ["Conv2d", "BatchNorm2d"]
    assert kinds == [*layer, "ReLU", *layer, "ReLU", *layer, "Identity", *layer, "Identity"]


def test_ratio_one_is_an_ordinary_resnet():
    """Computed once more by hand, shortcuts without parameters included."""
    torch.manual_seed(0)
    net = nets.build("ghost_resnet8x0.25_s1", classes=10).eval()
    x = torch.randn(2, 3, 16, 16)
    h = F.relu(net.stem(x))
    for n, stage in enumerate(net.stages):
        first, second = (layer.primary_conv for layer in stage.block1.residual)
        short = h if n == 0 else F.pad(h[:, :, ::2, ::2], (0, 0, 0, 0, 0, h.shape[1]))
        h = F.relu(short + second[1](second[0](F.relu(first[1](first[0](h))))))
    torch.testing.assert_close(net(x), net.classifier(h.mean((2, 3))))


def test_a_padded_shortcut_takes_every_second_pixel():
    x = torch.arange(18.0).view(1, 2, 3, 3)
    out = Padded(2, 3, 2)(x)
    assert out.shape == (1, 3, 2, 2) and out[0, 0].tolist() == [[0, 2], [6, 8]] and not out[0, 2].any()


def test_squeeze_and_excitation_scales_whole_maps():
    layer, x = SqueezeExcite(16), torch.rand(2, 16, 3, 5) + 0.1
    scale = layer(x) / x
    assert scale.min() >= 0 and scale.max() <= 1
    torch.testing.assert_close(scale, scale[:, :, :1, :1].expand_as(scale))
    assert layer.reduce.out_channels == 4 and layer.reduce.bias is not None


def test_only_blocks_that_keep_their_shape_add_x_itself():
    net = nets.ghostnet(0.5, classes=5)
    blocks = [module for module in net.modules() if isinstance(module, GhostBottleneck)]
    own = [i for i, block in enumerate(blocks, start=1) if not len(block.shortcut)]
    assert len(blocks) == len(BLOCKS) == 16 and own == [1, 3, 5, 7, 8, 9, 11, 13, 14, 15, 16]


def test_widths_are_multiples_of_four():
    assert [divisible(x) for x in (1, 8, 9, 10, 12.4, 20.8, 26)] == [4, 8, 12, 12, 12, 20, 28]


def test_dropout_is_there_when_asked_for():
    net = nets.ghostnet(0.5, classes=3, dropout=0.2)
    embedding = net.trace(torch.randn(4, 3, 64, 64)).embedding
    assert (embedding == 0).float().mean() > nets.ghostnet(0.5, classes=3).trace(
        torch.randn(4, 3, 64, 64)
    ).embedding.eq(0).float().mean()


@pytest.mark.parametrize(
    "name, sentence",
    [("ghost_resnet9", "6n.2 layers"), ("ghost_vgg12", "VGGs have 8, 11"), ("ghostnet2", "ghostnet"),
     ("ghost_resnet8_s", "ghost_resnet8")],
)  # fmt: skip
def test_unknown_names(name, sentence):
    with pytest.raises(UnknownName, match=sentence):
        nets.build(name)


def test_numbers_in_a_name():
    with pytest.raises(ConfigError, match="ratio=0"):
        nets.build("ghost_resnet8_s0")
    with pytest.raises(ConfigError, match="cheap_kernel=2"):
        nets.build("ghost_resnet8_d2")
    net = nets.build("ghost_resnet8x0.5_s4_d5", classes=10, channels=1, stem_stride=2)
    cheap = net.stages[2].block1.residual.ghost2.cheap_operation[0]
    assert (cheap.in_channels, cheap.out_channels, cheap.kernel_size) == (8, 24, (5, 5))


def test_weights_of_another_length_are_refused():
    with pytest.raises(ShapeError, match="1 weights for 2 names"):
        renamed({"a": torch.zeros(1)}, ["b", "c"])


@pytest.mark.extra("timm")
@pytest.mark.parametrize("back", [False, True])
def test_weights_go_to_timm_and_back(back):
    import timm

    torch.manual_seed(0)
    theirs, ours = timm.create_model("ghostnet_100", num_classes=7).eval(), nets.ghostnet(1.0, classes=7).eval()
    source, target = (ours, theirs) if back else (theirs, ours)
    for norm in (m for m in source.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.uniform_(norm.running_mean, -0.1, 0.1)
        nn.init.uniform_(norm.running_var, 0.5, 1.5)
    target.load_state_dict(renamed(source.state_dict(), target.state_dict()))
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)
