"""How maps lie in memory: as the recipe says, in every net; and the convolution that one layout would break."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdtutor import nets
from kdtutor.nets.layers import conv
from kdtutor.nets.layout import NARROW, StridedPointwise, breaks, laid_out, lay_out
from tests.nets.test_architectures import CONV_NETS, inputs, make

BOTH_LAYOUTS = pytest.mark.parametrize("channels_last", [True, False])


def lies(x: Tensor) -> bool | None:
    """Whether a map is channels-last; None where it is both that and contiguous, or neither."""
    found = [laid_out(x, channels_last) is x for channels_last in (True, False)]
    return None if found[0] == found[1] else found[0]


def gradients(net: nets.Net, x: Tensor, direction: Tensor) -> list[Tensor]:
    """Of every parameter, after one pass back from the logits."""
    (net(x).to(direction.dtype) * direction).sum().backward()
    return [p.grad.double() for p in net.parameters()]


@pytest.mark.isa
@BOTH_LAYOUTS
@pytest.mark.parametrize(("name", "stem_stride"), CONV_NETS)
def test_gradients_are_right_on_every_instruction_set(name, stem_stride, channels_last):
    """Against float64, which torch computes without oneDNN. Where a kernel writes past its buffer, the process dies."""
    torch.manual_seed(0)
    net = nets.build(name, classes=7, channels=1, stem_stride=stem_stride).eval()  # norms in it pass no rounding on
    x, direction = inputs(name, batch=8, height=16, width=16)[:, :1], torch.randn(8, 7, dtype=torch.float64)
    want = gradients(copy.deepcopy(net).double(), x.double(), direction)
    lay_out(net, channels_last)
    half = copy.deepcopy(net)
    for a, b in zip(gradients(net, laid_out(x, channels_last), direction), want, strict=True):
        assert (a - b).norm() <= 1e-4 * b.norm()
    with torch.autocast("cpu", torch.bfloat16):
        rough = gradients(half, laid_out(x, channels_last), direction)
    a, b = (torch.cat([g.flatten() for g in all_of_them]) for all_of_them in (rough, want))
    assert F.cosine_similarity(a, b, dim=0) > 0.97


@pytest.mark.isa
@BOTH_LAYOUTS
@pytest.mark.parametrize(("c_in", "stride"), [(1, 2), (2, 3), (4, 2), (7, 3), (8, 2), (15, 2), (16, 2)])
def test_gradients_of_narrow_shortcuts(c_in, stride, channels_last):
    """Maps of 72 pixels: with AVX-512 smaller ones stay within the buffer."""
    torch.manual_seed(0)
    layer = conv(c_in, 8, kernel=1, stride=stride)
    x, exact = torch.randn(8, c_in, 72, 72), copy.deepcopy(layer).double()
    direction = torch.randn(8, 8, 72 // stride, 72 // stride)
    lay_out(layer, channels_last)
    (layer(laid_out(x, channels_last)) * laid_out(direction, channels_last)).sum().backward()
    (exact(x.double()) * direction).sum().backward()
    torch.testing.assert_close(layer.weight.grad.double(), exact.weight.grad, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("stride", [2, (1, 3)])
@pytest.mark.parametrize("size", [(8, 6), (7, 5)])
def test_a_strided_pointwise_is_the_convolution(stride, size):
    plain = nn.Conv2d(3, 5, 1, stride=stride).double()
    other = StridedPointwise(3, 5, 1, stride=stride).double()
    other.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(other(x), plain(x), rtol=1e-12, atol=1e-12)


def test_what_breaks_and_what_does_not():
    assert breaks(nn.Conv2d(4, 8, 1, stride=2)) and breaks(nn.Conv2d(4, 8, 1, stride=(1, 2), padding="valid"))
    sound = [
        nn.Conv2d(NARROW, 8, 1, stride=2), nn.Conv2d(4, 8, 1), nn.Conv2d(4, 8, 3, stride=2),
        nn.Conv2d(4, 8, 1, stride=2, padding=1), nn.Conv2d(4, 8, 1, stride=2, groups=2), nn.Linear(4, 8),
    ]  # fmt: skip
    assert not any(map(breaks, sound))


@pytest.mark.parametrize(("name", "stem_stride"), CONV_NETS)
def test_no_net_of_ours_has_one_that_breaks(name, stem_stride):
    for channels in (1, 3):
        net = nets.build(name, classes=7, channels=channels, stem_stride=stem_stride)
        assert not any(map(breaks, net.modules()))


class Narrow(nn.Module):
    """A model from elsewhere with the shortcut that breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.shortcut = nn.Conv2d(4, 8, 1, stride=2)
        self.linear = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(F.relu(self.shortcut(F.relu(self.first(x)))).mean((2, 3)))


def test_models_from_elsewhere_are_mended_and_stay_what_they_were():
    torch.manual_seed(0)
    model, x = Narrow().eval(), torch.randn(2, 3, 8, 8)
    weight, want = model.shortcut.weight, model(x)
    net = nets.wrap(model, stages=["first", "shortcut"])
    assert not any(map(breaks, net.modules()))
    assert model.shortcut.weight is weight and torch.equal(model(x), net(x))
    torch.testing.assert_close(model(x), want)
    again = nets.wrap(copy.deepcopy(model), stages=["first", "shortcut"])
    assert torch.equal(again.trace(x).stages[1], net.trace(x).stages[1])


@BOTH_LAYOUTS
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("name", "stem_stride"), CONV_NETS)
def test_every_map_lies_as_it_was_asked_for(name, stem_stride, channels, channels_last):
    net = nets.build(name, classes=7, channels=channels, stem_stride=stem_stride)
    lay_out(net, not channels_last)  # what an earlier run has left
    lay_out(net, channels_last)
    found = {}
    for part, module in net.named_modules():
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d)):
            module.register_forward_hook(lambda _, __, y, part=part: found.update({part: y}))
    trace = net.trace(laid_out(inputs(name, height=16, width=16)[:, :1], channels_last))
    maps = [*found.values(), *trace.stages, *trace.active, *([] if trace.stem is None else [trace.stem])]
    told = [lies(x) for x in maps if x.shape[1] > 1 and x[0, 0].numel() > 1]  # the others are in both layouts at once
    assert len(told) >= len(trace.stages) and set(told) == {channels_last}


@BOTH_LAYOUTS
def test_one_channel_or_one_pixel_is_laid_out_too(channels_last):
    """Torch's own `contiguous` leaves both as they are, and they are contiguous to the next convolution."""
    for shape, strides in (((2, 1, 3, 4), (12, 1, 4, 1)), ((2, 3, 1, 1), (3, 1, 3, 3))):
        x = torch.randn(shape)
        y = laid_out(x, channels_last)
        assert torch.equal(x, y) and y.stride() == (strides if channels_last else x.stride())
        assert laid_out(y, False).stride() == x.stride()
    stem, x = nn.Conv2d(1, 4, 3), torch.randn(2, 1, 6, 6)
    lay_out(stem, channels_last)
    assert lies(stem(x)) is channels_last


def test_the_weights_stay_the_same_and_keep_their_place():
    net = make("resnet8x0.25")
    before = {name: (p, p.detach().clone()) for name, p in net.named_parameters()}
    lay_out(net, True)
    assert all(p is before[name][0] and torch.equal(p, before[name][1]) for name, p in net.named_parameters())
