"""What nets for images begin and end with: a convolution with a norm, and a mean over space before one linear layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import nn

from .layers import Images, average_pool, conv, named
from .trace import Staged


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
