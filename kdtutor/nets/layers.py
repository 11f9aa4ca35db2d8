"""What several architectures share: a few layers, what nets for images begin and end with, and how weights start."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from jaxtyping import Float
from torch import Tensor, fx, nn

from ..errors import ConfigError, ShapeError, require
from .layout import mend
from .staged import Staged


class Images(nn.Module):
    """Checks a batch of images and repeats one channel where `channels` are expected."""

    def __init__(self, channels: int, smallest: int = 1, largest: int | None = None) -> None:
        super().__init__()
        self.channels, self.smallest, self.largest = channels, smallest, largest

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B channels H W"]:
        return as_images(x, self.channels, self.smallest, self.largest)


@fx.wrap  # one step of a graph, since it decides by the shape, which is unknown while a model is traced
def as_images(
    x: Float[Tensor, "B C H W"], channels: int, smallest: int = 1, largest: int | None = None
) -> Float[Tensor, "B channels H W"]:
    """The batch x as (B, channels, H, W); a 1-channel batch is repeated over the channels.

    Raises:
        ConfigError: the pixels are integers. ShapeError: wrong dimensions, channels or size (in pixels).

    >>> as_images(torch.zeros(2, 1, 8, 8), channels=3).shape  # grey, repeated
    torch.Size([2, 3, 8, 8])
    """
    shape = tuple(x.shape)
    require(x.ndim == 4, f"expected images (B, {channels}, H, W), got {shape}", ShapeError)
    require(
        x.shape[1] in (1, channels),
        f"expected images with {channels} channels (or 1, which is repeated), got {shape}; build the net with "
        f"channels={x.shape[1]}",
        ShapeError,
    )
    require(x.is_floating_point(), f"expected floating-point images, got {x.dtype}: normalise them first", ConfigError)
    small, large = min(x.shape[2:]), max(x.shape[2:])
    require(small >= smallest, f"images must be at least {smallest} pixels high and wide, got {shape}", ShapeError)
    if largest is not None:
        require(large <= largest, f"images must be at most {largest} pixels high and wide, got {shape}", ShapeError)
    return x.expand(-1, channels, -1, -1)


def named(**modules: nn.Module) -> nn.Sequential:
    """A Sequential whose parts have names, so that weights on disk can be read.

    >>> list(dict(named(conv=torch.nn.Identity(), relu=torch.nn.ReLU()).named_children()))
    ['conv', 'relu']
    """
    return nn.Sequential(OrderedDict(modules))


def conv(c_in: int, c_out: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size (divided by the stride), without bias: a batch norm follows.

    >>> conv(3, 8, stride=2)(torch.zeros(1, 3, 8, 8)).shape
    torch.Size([1, 8, 4, 4])
    """
    made = nn.Conv2d(c_in, c_out, kernel, stride=stride, padding=kernel // 2, bias=False)
    mend(made)
    return made


def average_pool() -> nn.Sequential:
    """(B, C, H, W) → (B, C), the mean over space.

    >>> average_pool()(torch.zeros(2, 8, 4, 4)).shape
    torch.Size([2, 8])
    """
    return named(average=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())


def image_stem(channels: int, width: int, stride: int, kernel: int = 3) -> nn.Sequential:
    """Images (B, `channels`, H, W) → a map of `width` channels, before its ReLU.

    >>> image_stem(3, 16, stride=2)(torch.zeros(1, 3, 8, 8)).shape
    torch.Size([1, 16, 4, 4])
    """
    return named(images=Images(channels), conv=conv(channels, width, kernel, stride=stride), norm=nn.BatchNorm2d(width))


def pooled(
    stem: nn.Module,
    stages: Iterable[nn.Module],
    widths: Sequence[int],
    classes: int,
    stem_width: int,
    kind: type[Staged] = Staged,
) -> Staged:
    """Stem and stages, the mean of the last active map over space, and a linear layer with `classes` logits.

    >>> net = pooled(torch.nn.Conv2d(3, 4, 1), [torch.nn.Conv2d(4, 8, 1)], [8], classes=2, stem_width=4)
    >>> net(torch.zeros(5, 3, 6, 6)).shape
    torch.Size([5, 2])
    """
    classifier = nn.Linear(widths[-1], classes)
    return kind(stem, stages, average_pool(), classifier, widths=widths, stem_width=stem_width)


def scaled(width: int, multiplier: float) -> int:
    """`width` times `multiplier`, at least one channel.

    >>> scaled(64, 0.25), scaled(1, 0.25)
    (16, 1)
    """
    return max(1, round(width * multiplier))


def initialise(net: nn.Module) -> None:
    """Start as the distillation zoo does: convolutions normal with variance 2 / fan_out (He et al. 2015, §2.2) and
    bias 0, batch norms 1 and 0; linear layers keep PyTorch's start.

    >>> net = torch.nn.Sequential(torch.nn.BatchNorm2d(2))
    >>> initialise(net)
    >>> net[0].weight.tolist()
    [1.0, 1.0]
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d) and not module.weight.is_meta:  # nothing is drawn there
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
