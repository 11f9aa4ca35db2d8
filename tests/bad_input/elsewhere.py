"""Nets from elsewhere: their names, functions that make them, their weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from kdtutor import ConfigError, DataError, ShapeError, UnknownName, nets

from .kinds import Bad, text

MOBILENET = "torchvision.mobilenet_v3_small"
MODULE = """
from torch import nn
four = 4
def small(num_classes): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, num_classes))
def two(): return small(2)
def number(classes): return classes
def fails(num_classes): raise RuntimeError("no such luck")
"""


def made_by(function: str, content: str = MODULE, **options: Any) -> Callable[[Path], Any]:
    """A net of a function in a file of one's own."""
    return lambda tmp: nets.build(f"{text(tmp / 'own.py', content)}:{function}", classes=3, size=8, **options)


def loaded(value: Any, **options: Any) -> Callable[[Path], Any]:
    """Weights that torch.save has written, into a ResNet with 3 classes."""

    def call(tmp: Path) -> Any:
        torch.save(value() if callable(value) else value, tmp / "w.pt")
        return nets.load_weights(nets.build("resnet8", classes=3), tmp / "w.pt", **options)

    return call


def weights_of(name: str, **options: Any) -> Callable[[], Any]:
    return lambda: nets.build(name, **options).state_dict()


def card_with_code(tmp: Path) -> Path:
    told = dict.fromkeys(("data", "recipe", "seed", "command"), "…") | {"accuracy": 0.5, "correct": 1, "total": 2}
    return nets.save_teacher(made_by("small")(tmp), "mine", told, tmp)


BAD: dict[str, Bad] = {
    "a name of two nets": Bad(
        lambda _: nets.full_name("vgg16"), UnknownName, ("'vgg16'", "kdtutor.vgg16", "torchvision.vgg16"),
    ),
    "a name that nobody knows": Bad(
        lambda _: nets.full_name("resnt18"), UnknownName, ("'resnt18'", "Did you mean 'torchvision.resnet18'"),
    ),
    "a net of kdtutor's own that is none": Bad(
        lambda _: nets.full_name("kdtutor.resnet21"), UnknownName, ("'kdtutor.resnet21' is not a known net",),
    ),
    "a classifier that torchvision lacks": Bad(
        lambda _: nets.build("torchvision.resnet81"), UnknownName,
        ("'resnet81' is not a known torchvision classifier", "Did you mean 'resnet18'?", "list_models()"),
    ),
    "channels that torchvision does not read": Bad(
        lambda _: nets.build(MOBILENET, channels=5), ConfigError, (MOBILENET, "reads 3 channels", "not 5"),
    ),
    "a stem that torchvision decides on": Bad(
        lambda _: nets.build(MOBILENET, stem_stride=1), ConfigError, ("stem_stride is 1", "its own stem"),
    ),
    "a size that patches do not divide": Bad(
        lambda _: nets.build("torchvision.vit_b_16", classes=2, size=50), ConfigError,
        ("torchvision.vit_b_16 cannot be made", "images of 50 pixels", "patch size"),
    ),
    "images too small for the net": Bad(
        lambda _: nets.build("torchvision.alexnet", classes=2, size=16), ConfigError,
        ("cannot read a batch (1, 3, 16, 16)", "size=…"),
    ),
    "no size": Bad(lambda _: nets.build(MOBILENET, size=0), ConfigError, ("size is 0", "at least 1")),
    "stages of a net that has its own": Bad(
        lambda _: nets.build("resnet8", stages=["layer1"]), ConfigError, ("resnet8 has stages of its own", "layer1"),
    ),
    "stages as one text": Bad(
        lambda _: nets.build(MOBILENET, stages="features"), ConfigError, ("the text 'features'", "a list", "'auto'"),
    ),
    "a factory without a function": Bad(lambda _: nets.build("mynets:"), ConfigError, ("'mynets:'", "module:function")),
    "a factory's module that is not there": Bad(
        lambda _: nets.build("no_such_module:make"), UnknownName, ("'no_such_module'", "a path that ends in .py"),
    ),
    "a factory's file that is not there": Bad(
        lambda tmp: nets.build(f"{tmp}/own.py:make"), DataError, ("there is no file", "own.py"),
    ),
    "a factory's file with an error": Bad(
        made_by("small", content="def small(:"), ConfigError, ("own.py cannot be imported", "SyntaxError"),
    ),
    "a factory that the module lacks": Bad(made_by("smal"), UnknownName, ("no function 'smal'", "'small'")),
    "a factory that is a number": Bad(made_by("four"), UnknownName, ("'four'", "is int, not a function")),
    "a factory that fails": Bad(made_by("fails"), ConfigError, ("fails", "RuntimeError: no such luck")),
    "a factory that makes no model": Bad(made_by("number"), ConfigError, ("returns int", "nn.Module")),
    "a factory of other classes": Bad(made_by("two"), ConfigError, ("of 2 classes, not 3", "num_classes")),
    "a card that names code": Bad(
        lambda tmp: nets.teacher(card_with_code(tmp)), ConfigError, ("own.py:small'", "any code", "if you trust it"),
    ),
    "absent weights": Bad(
        lambda tmp: nets.load_weights(nets.build("mlp8"), tmp / "w.pt"), DataError, ("no file of weights", "w.pt"),
    ),
    "weights that are text": Bad(
        lambda tmp: nets.load_weights(nets.build("mlp8"), text(tmp / "w.safetensors", "hello")), DataError,
        ("w.safetensors is damaged, or no file of weights", "state dict"),
    ),
    "a model where weights are expected": Bad(
        loaded(lambda: nn.Linear(2, 2)), DataError, ("could run code and is not read", "model.state_dict()"),
    ),
    "a checkpoint without weights": Bad(
        loaded({"epoch": 3}), DataError, ("holds no state dict, but a dict of epoch", "under state_dict"),
    ),
    "weights for other classes": Bad(
        loaded(weights_of("resnet8", classes=5)), ShapeError,
        ("classifies other classes than resnet8", "classifier.weight is (5, 64), expected (3, 64)", 'head="anew"'),
    ),
    "weights of a deeper net": Bad(
        loaded(weights_of("resnet14", classes=3)), ShapeError,
        ("another architecture than resnet8", "which the net has not", "stages.0.block2"),
    ),
    "weights of a wider net": Bad(
        loaded(weights_of("resnet8x2", classes=3), head="anew"), ShapeError,
        ("another architecture than resnet8", "stem.conv.weight is (32, 3, 3, 3), expected (16, 3, 3, 3)"),
    ),
    "another way with the head": Bad(
        loaded(weights_of("resnet8", classes=3), head="new"), UnknownName, ("'new'", "Did you mean 'anew'?"),
    ),
    "a model whose maps nobody can find": Bad(
        lambda _: nets.wrap(nn.Sequential(nn.Linear(2, 2)), stages="auto", example=torch.zeros(1, 2)), ConfigError,
        ("Sequential computes no map", "name its stages"),
    ),
}  # fmt: skip
