"""Nets without batch norm: LeNet-5 for digits and a multilayer perceptron for points in the plane."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, fx, nn
from torch.nn import functional as F

from ..errors import ConfigError, ShapeError, require
from .layers import Images, named, scaled
from .staged import Staged

LENET_SIZE = 32  # pixels; 5×5 convolutions without padding and two poolings leave 1×1


class Pad(nn.Module):
    """Zeros around the image up to `LENET_SIZE` pixels, equally on both sides (28 → 32: two)."""

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C h w"]:
        return _padded(x)


class Points(nn.Module):
    """(B, F) points as (B, F, 1, 1) maps."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B F 1 1"]:
        return _as_points(x, self.features)


@fx.wrap  # as `as_images` is, for the same reason
def _padded(x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C h w"]:
    height, width = (LENET_SIZE - size for size in x.shape[2:])
    return F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))


@fx.wrap
def _as_points(x: Float[Tensor, "B ..."], features: int) -> Float[Tensor, "B F 1 1"]:
    message = f"expected points (B, {features}), got {tuple(x.shape)}"
    require(x.shape[1:] in ((features,), (features, 1, 1)), message, ShapeError)
    require(x.is_floating_point(), f"expected floating-point points, got {x.dtype}", ConfigError)
    return x.reshape(-1, features, 1, 1)


def lenet(multiplier: float, classes: int, channels: int) -> Staged:
    """LeNet-5 (LeCun et al. 1998, §II.B, with ReLU and max pooling), for images of up to 32 × 32 pixels.

    Three 5×5 convolutions (6, 16, 120 channels: the stages; there is no stem), two poolings, linear 120 → 84 → K.
    Every width is multiplied by `multiplier`; the embedding is the 84 numbers before the last layer, after ReLU.
    Weights start as PyTorch starts them.

    >>> lenet(1.0, classes=10, channels=1).num_classes
    10
    """
    widths = [scaled(width, multiplier) for width in (6, 16, 120)]
    hidden = scaled(84, multiplier)
    return Staged(
        stem=named(images=Images(channels, largest=LENET_SIZE), pad=Pad()),
        stages=[
            named(conv=nn.Conv2d(channels, widths[0], 5)),
            named(pool=nn.MaxPool2d(2), conv=nn.Conv2d(widths[0], widths[1], 5)),
            named(pool=nn.MaxPool2d(2), conv=nn.Conv2d(widths[1], widths[2], 5)),
        ],
        pool=named(flatten=nn.Flatten(), linear=nn.Linear(widths[2], hidden), relu=nn.ReLU()),
        classifier=nn.Linear(hidden, classes),
        widths=widths,
        stem_width=None,
    )


def mlp(width: int, classes: int, features: int) -> Staged:
    """Three hidden layers of `width` neurons on points (B, features); each layer is a stage.

    A stage is a pre-activation vector (B, width), kept as a map (B, width, 1, 1) so that every method can read it.

    >>> mlp(16, classes=2, features=2)(torch.zeros(5, 2)).shape
    torch.Size([5, 2])
    """
    widths = [width] * 3
    net = Staged(
        stem=Points(features),
        stages=[
            named(flatten=nn.Flatten(), linear=nn.Linear(c_in, width), map=nn.Unflatten(1, (width, 1, 1)))
            for c_in in (features, width, width)
        ],
        pool=nn.Flatten(),
        classifier=nn.Linear(width, classes),
        widths=widths,
        stem_width=None,
    )
    for layer in net.stages.modules():
        if isinstance(layer, nn.Linear):  # without batch norm PyTorch's own start is too small: He et al. 2015, §2.2
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return net
