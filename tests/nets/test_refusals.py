"""What no architecture takes: unknown names, numbers out of range, images of the wrong shape, segments too many."""

import pytest
import torch

from kdtutor import nets
from kdtutor.errors import ConfigError, ShapeError, UnknownName
from tests.nets.test_architectures import make

UNKNOWN = [
    ("resnet9", "6n.2 layers: 8, 14, 20"), ("resnet2", "6n.2"), ("resnet", "Did you mean 'resnet8'"),
    ("resnet20x", "Did you mean"), ("Resnet20", "Did you mean 'resnet20'"), ("wrn_17_2", "6n.4 layers: 10, 16, 22"),
    ("wrn_16", "Did you mean 'wrn_16"), ("vgg12", "8, 11, 13, 16, 19 layers"), ("lenet5_third", "Did you mean 'lenet5"),
    ("alexnet", "Choose one like resnet20, .*; nets.NAMES lists more"), ("", "Choose one like"),
    ("plain21", "plain nets have 6n.2"),
    ("cifar_resnet20", "cifar_resnets have 18, 34, 50 layers"), ("mobilenet", "Did you mean 'mobilenetv2"),
    ("shufflenet", "Did you mean 'shufflenetv1'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sentence"), UNKNOWN)
def test_unknown_names(name, sentence):
    with pytest.raises(UnknownName, match=sentence) as caught:
        nets.build(name)
    assert repr(name) in str(caught.value)


BAD = [
    ({"name": "resnet8", "classes": 0}, "classes is 0"),
    ({"name": "resnet8", "classes": True}, "classes is True"),
    ({"name": "resnet8", "channels": 1.5}, "channels is 1.5"),
    ({"name": "resnet8", "stem_stride": -1}, "stem_stride is -1"),
    ({"name": "lenet5", "stem_stride": 2}, "lenet5 has no stem"),
    ({"name": "mlp", "stem_stride": 2}, "mlp has no stem"),
    ({"name": "resnet8x0"}, "multiplier"),
    ({"name": "mobilenetv2x0"}, "multiplier"),
    ({"name": "mlp0"}, "at least 1 neuron"),
]


@pytest.mark.parametrize(("arguments", "sentence"), BAD)
def test_numbers_out_of_range(arguments, sentence):
    with pytest.raises(ConfigError, match=sentence):
        nets.build(**arguments)


WRONG = [
    ("resnet8", torch.zeros(3, 32, 32), ShapeError, r"\(B, 3, H, W\), got \(3, 32, 32\)"),
    ("resnet8", torch.zeros(2, 4, 32, 32), ShapeError, "3 channels .* channels=4"),
    ("resnet8", torch.zeros(2, 3, 8, 8, dtype=torch.uint8), ConfigError, "torch.uint8: normalise"),
    ("vgg8x0.25", torch.zeros(2, 3, 7, 32), ShapeError, "at least 8 pixels"),
    ("lenet5", torch.zeros(2, 3, 28, 33), ShapeError, "at most 32 pixels"),
    ("mlp", torch.zeros(2, 3), ShapeError, r"points \(B, 2\), got \(2, 3\)"),
    ("mlp", torch.zeros(2, 2, dtype=torch.int64), ConfigError, "floating-point"),
]


@pytest.mark.parametrize(("name", "x", "error", "sentence"), WRONG)
def test_wrong_input(name, x, error, sentence):
    with pytest.raises(error, match=sentence):
        make(name)(x)


def test_wrong_segments():
    net = make("resnet8")
    for i in (-1, 4):
        with pytest.raises(ConfigError, match=f"segment {i} does not exist: resnet8 has segments 0 to 3"):
            net.run(torch.zeros(1, 64, 8, 8), i)
    with pytest.raises(ShapeError, match=r"segment 1 of resnet8 reads maps \(B, 16, H, W\), got \(1, 64, 8, 8\)"):
        net.run(torch.zeros(1, 64, 8, 8), 1)
