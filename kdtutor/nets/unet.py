"""U-Net (Ronneberger, Fischer, Brox; MICCAI 2015), for a class of each pixel: down to small maps and up again, with
skip connections between maps of one size."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn
from torch.nn import functional as F

from ..errors import ConfigError
from .dense import check_classifies
from .layers import Images, conv, initialise, named
from .trace import Net, Trace

LEVELS = 4  # resolutions, each half of the one before


class UNet(Net):
    """Four levels of `width`, 2, 4 and 8 times as many channels, each of two 3×3 convolutions with batch norms; then
    three up again, which read the map below, enlarged, and the one beside.

    The seven maps are the stages, before their last ReLU: encoder 1…4, decoder 5…7, the last of which a 1×1 convolution
    turns into logits (B, K, H, W). The embedding is its mean over the pixels.
    """

    per_pixel = True

    def __init__(self, width: int, classes: int, channels: int) -> None:
        super().__init__()
        down = [width * 2**level for level in range(LEVELS)]
        up = down[-2::-1]
        self.images = Images(channels, smallest=2 ** (LEVELS - 1))
        self.encoder = nn.ModuleList(_two_convolutions(*pair) for pair in pairwise([channels, *down]))
        self.decoder = nn.ModuleList(_two_convolutions(3 * c, c) for c in up)
        self.classifier = nn.Conv2d(width, classes, kernel_size=1)
        self.name, self.config, self.card = "net", {}, {}
        self.widths, self.stem_width = (*down, *up), None
        self.embedding_dim, self.num_classes = width, classes
        self.head_names = frozenset({"classifier"})
        initialise(self)

    def trace(self, x: Float[Tensor, "B C H W"]) -> Trace:
        stages: list[Tensor] = []
        active: list[Tensor] = []
        h = self.images(x)
        for level, block in enumerate(self.encoder):
            stages.append(block(F.max_pool2d(h, 2) if level else h))
            active.append(h := F.relu(stages[-1]))
        for block, beside in zip(self.decoder, active[LEVELS - 2 :: -1], strict=True):
            stages.append(block(torch.cat([beside, enlarged(h, beside)], 1)))
            active.append(h := F.relu(stages[-1]))
        trace = Trace(None, tuple(stages), self.embed(h), self.classifier(h))
        vars(trace)["active"] = tuple(active)  # they are computed anyway
        return trace

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        """Raises `ConfigError`: with skip connections no map follows from the one before alone."""
        self._check_segment(h, i)
        raise ConfigError(
            f"segment {i} of {self.name} cannot be computed alone: skip connections read earlier maps; only the whole "
            "forward pass and its trace are available"
        )

    def embed(self, h: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C"]:
        self._check_segment(h, len(self.widths))
        return h.mean((2, 3))

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        """Raises `ConfigError`: what was averaged over the pixels does not tell their classes."""
        self._check_embedding(e)
        check_classifies(self.name, self.per_pixel)
        raise AssertionError("it answers for each pixel")

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        return tuple(block.norm2 for block in (*self.encoder, *self.decoder))


@fx.wrap  # one step of a graph: the size is unknown while a net is traced
def enlarged(h: Float[Tensor, "B C h w"], like: Float[Tensor, "B D H W"]) -> Float[Tensor, "B C H W"]:
    """A map with the height and width of another one, by its nearest pixels.

    >>> enlarged(torch.zeros(1, 8, 2, 2), torch.zeros(1, 4, 5, 4)).shape
    torch.Size([1, 8, 5, 4])
    """
    return F.interpolate(h, size=like.shape[2:], mode="nearest")


def unet(width: int, classes: int, channels: int) -> UNet:
    """A U-Net whose first level has `width` channels.

    >>> net = unet(4, classes=5, channels=3)
    >>> net.widths, net(torch.zeros(2, 3, 32, 32)).shape
    ((4, 8, 16, 32, 16, 8, 4), torch.Size([2, 5, 32, 32]))
    """
    return UNet(width, classes, channels)


def _two_convolutions(c_in: int, c_out: int) -> nn.Sequential:
    return named(
        conv1=conv(c_in, c_out), norm1=nn.BatchNorm2d(c_out), relu=nn.ReLU(),
        conv2=conv(c_out, c_out), norm2=nn.BatchNorm2d(c_out),
    )  # fmt: skip
