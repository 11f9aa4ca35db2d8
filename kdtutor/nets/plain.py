"""Plain nets (He et al. 2016, Deep Residual Learning, §4.2): CIFAR ResNets without their shortcuts."""

from .resnet import resnet, two_convolutions
from .trace import Staged


def plain(depth: int, multiplier: float, classes: int, channels: int, stem_stride: int) -> Staged:
    """6n + 2 layers, one after the other: what a ResNet of this depth computes beside its shortcuts.

    A deep and thin one is hard to train from scratch, which is what hints (Romero et al. 2015) are for.

    >>> plain(8, 1.0, classes=10, channels=3, stem_stride=1).widths
    (16, 32, 64)
    """
    return resnet(depth, multiplier, classes, channels, stem_stride, block=two_convolutions)
