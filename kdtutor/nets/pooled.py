"""What nets for images begin and end with: a convolution with a norm, and a mean over space before one linear layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import nn

from .layers import Images, average_pool, conv, named
from .trace import Staged


def image_stem(channels: int, width: int, stride: int, kernel: int = 3) -> nn.Sequential:
    """Images (B, `channels`, H, W) → a map of `width` channels, before its ReLU."""
    return named(images=Images(channels), conv=conv(channels, width, kernel, stride=stride), norm=nn.BatchNorm2d(width))


def pooled(
    stem: nn.Module,
    stages: Iterable[nn.Module],
    widths: Sequence[int],
    classes: int,
    stem_width: int,
    kind: type[Staged] = Staged,
) -> Staged:
    """Stem and stages, the mean of the last active map over space, and a linear layer with `classes` logits."""
    classifier = nn.Linear(widths[-1], classes)
    return kind(stem, stages, average_pool(), classifier, widths=widths, stem_width=stem_width)
