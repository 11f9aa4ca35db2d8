"""A small vision transformer (Dosovitskiy et al., ICLR 2021), and the same with a distillation token (DeiT).

An image is cut into square patches, each a token; a class token goes along, and what it has become says the class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn
from torch.nn import functional as F

from ..errors import ConfigError, ShapeError, require
from .layers import Images, named, scaled
from .maps import tokens_as_map
from .trace import Net, Trace

SIZE = 28  # pixels: the images of the course
HEADS, HEAD_WIDTH = 3, 16  # DeiT-Ti has 3 heads, of 64 numbers each
DEPTH = 4
EXPANSION = 4  # the hidden layer of a block is so many times as wide as its tokens
STD = 0.3  # of first tokens and positions: a place counts from the first step beside what is there
EPS = 1e-6  # of layer norms: DeiT's models.py


def patches(x: Float[Tensor, "B C H W"], size: int) -> Float[Tensor, "B N D"]:
    """Images as N = (H / size) · (W / size) square patches, row by row; D = C · size² numbers each, as they lie.

    Raises `ShapeError` unless the sides are multiples of `size`.

    >>> patches(torch.arange(16.0).view(1, 1, 4, 4), size=2)[0, 1]  # the second patch of the first row
    tensor([2., 3., 6., 7.])
    """
    B, C, H, W = x.shape
    told = f"images of {H} × {W} pixels cannot be cut into patches of {size} × {size}"
    require(H % size == W % size == 0, f"{told}; the sides have to be multiples of {size}", ShapeError)
    cut = x.reshape(B, C, H // size, size, W // size, size).permute(0, 2, 4, 1, 3, 5)
    return cut.reshape(B, (H // size) * (W // size), C * size**2)


def from_patches(x: Float[Tensor, "B N D"], size: int, grid: tuple[int, int]) -> Float[Tensor, "B C H W"]:
    """The images that were cut into these patches, `grid` high and wide.

    >>> images = torch.rand(2, 3, 8, 4)
    >>> torch.equal(from_patches(patches(images, 4), 4, (2, 1)), images)
    True
    """
    rows, columns = grid
    apart = x.reshape(x.shape[0], rows, columns, -1, size, size).permute(0, 3, 1, 4, 2, 5)
    return apart.reshape(x.shape[0], -1, rows * size, columns * size)


def attention(
    q: Float[Tensor, "B h N d"], k: Float[Tensor, "B h M d"], v: Float[Tensor, "B h M e"]
) -> tuple[Float[Tensor, "B h N e"], Float[Tensor, "B h N M"]]:
    """softmax(q kᵀ / √d) v, and the softmax itself: how much each of N tokens takes of each of M; rows sum to 1.

    >>> alike = torch.zeros(1, 1, 2, 4)
    >>> attention(alike, alike, torch.tensor([[[[1.0], [3.0]]]]))[0].flatten()  # all look alike: the mean
    tensor([2., 2.])
    """
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    return weights @ v, weights


class SelfAttention(nn.Module):
    """Attention of tokens to each other, in several heads side by side."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)

    def looked(self, x: Float[Tensor, "B N D"]) -> tuple[Float[Tensor, "B h N d"], Float[Tensor, "B h N N"]]:
        """What each head makes of the tokens, and how much each token takes of each."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return attention(q, k, v)

    def forward(self, x: Float[Tensor, "B N D"]) -> Float[Tensor, "B N D"]:
        made: Tensor = self.projection(self.looked(x)[0].transpose(1, 2).flatten(2))
        return made


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)): the norms come first, so that nothing stands in the way of x."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=EPS)
        self.attention = SelfAttention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=EPS)
        self.mlp = named(
            linear1=nn.Linear(width, EXPANSION * width), gelu=nn.GELU(), linear2=nn.Linear(EXPANSION * width, width)
        )

    def forward(self, x: Float[Tensor, "B N D"]) -> Float[Tensor, "B N D"]:
        x = x + self.attention(self.norm1(x))
        made: Tensor = x + self.mlp(self.norm2(x))
        return made

    def weights(self, x: Float[Tensor, "B N D"]) -> Float[Tensor, "B h N N"]:
        """How much each token takes of each, in each head."""
        return self.attention.looked(self.norm1(x))[1]


class ViT(Net):
    """Patches, a class token and perhaps a distillation token, through blocks of attention.

    A stage is what a block leaves of the patches, as a map; no ReLU follows it. The stem is the map before the first.
    The embedding is the class token after the last norm, with a distillation token both, one after the other; each of
    the two has a head, and the logits are the mean of both heads', as in the authors' code.

    Positions are learnt for images of `size` pixels; for others they are interpolated, as DeiT does it. Sides that are
    no multiple of the patch get zeros around them.
    """

    def __init__(
        self, patch: int, depth: int, heads: int, classes: int, channels: int, size: int = SIZE, distilled: bool = False
    ) -> None:
        super().__init__()
        width, side = HEAD_WIDTH * heads, -(-size // patch)
        self.patch, self.grid, self.distilled = patch, (side, side), distilled
        self.images = Images(channels)
        self.projection = nn.Linear(channels * patch**2, width)
        self.tokens = nn.Parameter(torch.zeros(1 + distilled, width))  # of the class, and of the teacher
        self.positions = nn.Parameter(torch.zeros(side**2, width))  # a token that is learnt needs none
        self.stages = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.head = nn.Linear(width, classes)
        if distilled:
            self.distillation_head = nn.Linear(width, classes)
        self.name, self.config, self.card = "net", {}, {}
        self.widths, self.stem_width = (width,) * depth, width
        self.embedding_dim, self.num_classes = (1 + distilled) * width, classes
        self.head_names = frozenset({"head", "distillation_head"} if distilled else {"head"})
        _initialise(self)

    def embedded(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B N D"], tuple[int, int]]:
        """The tokens before the first block, those of the patches last, and the height and width of their grid."""
        x = _padded(self.images(x), self.patch)
        grid = (x.shape[2] // self.patch, x.shape[3] // self.patch)
        h = self.projection(patches(x, self.patch)) + _resized(self.positions, self.grid, grid)
        return torch.cat([self.tokens.expand(h.shape[0], -1, -1), h], 1), grid

    def blocks(self) -> list[Block]:
        """The blocks in order, each of which reads and leaves all tokens."""
        return [block for block in self.stages if isinstance(block, Block)]

    def trace(self, x: Float[Tensor, "B C H W"]) -> Trace:
        h, grid = self.embedded(x)
        stem, stages = tokens_as_map(h, grid), list[Tensor]()
        for block in self.blocks():
            h = block(h)
            stages.append(tokens_as_map(h, grid))
        embedding = self.norm(h[:, : len(self.tokens)]).flatten(1)
        return Trace(stem, tuple(stages), embedding, self.classify(embedding), (False,) * (1 + len(stages)))

    def heads(self, e: Float[Tensor, "B D"]) -> tuple[Float[Tensor, "B K"], Float[Tensor, "B K"]]:
        """The logits of the class token and those of the distillation token, from the embedding. Raises `ConfigError`
        where there is no such token."""
        self._check_embedding(e)
        self.require_distilled()
        of_class, of_teacher = e.chunk(2, 1)
        return self.head(of_class), self.distillation_head(of_teacher)

    def require_distilled(self) -> None:
        """Raises `ConfigError` where there is no distillation token."""
        told = f"{self.name} has no distillation token, and so no second head"
        require(self.distilled, f"{told}; take a deit, such as nets.build({self.name.replace('vit', 'deit')!r})")

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        self._check_embedding(e)
        if not self.distilled:
            made: Tensor = self.head(e)
            return made
        z_class, z_distillation = self.heads(e)
        return (z_class + z_distillation) / 2

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        """As `Net.run` for the first segment. Raises `ConfigError` for the others: their maps lack the class token."""
        self._check_segment(h, i)
        self._only_whole(i == 0, f"segment {i}")
        tokens, grid = self.embedded(h)
        return tokens_as_map(self.stages[0](tokens), grid)

    def embed(self, h: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        """Raises `ConfigError`: the embedding is the class token, which no map has."""
        self._check_segment(h, len(self.widths))
        self._only_whole(False, "the embedding")
        raise AssertionError("no map has a class token")

    def _only_whole(self, fine: bool, what: str) -> None:
        told = f"{what} of {self.name} cannot be computed from a map: the class token is missing in it"
        require(fine, f"{told}; only the whole forward pass and its trace are available", ConfigError)

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        return (None,) * len(self.widths)


def vit(
    patch: int, depth: int, multiplier: float, classes: int, channels: int, size: int = SIZE, distilled: bool = False
) -> ViT:
    """A vision transformer with `patch` × `patch` pixels a token and three heads of 16 numbers times `multiplier`.

    >>> net = vit(4, depth=2, multiplier=1, classes=10, channels=1)
    >>> net.widths, net.trace(torch.zeros(5, 1, 28, 28)).stages[0].shape
    ((48, 48), torch.Size([5, 48, 7, 7]))
    """
    return ViT(patch, depth, scaled(HEADS, multiplier), classes, channels, size, distilled)


def _initialise(net: ViT) -> None:
    """Normal numbers, cut off at two (which only concerns large ones), and biases of 0.

    The authors' deviation of 0.02 is made for tokens of 192 numbers and more, and for long training; with 48 numbers,
    blocks would do next to nothing for hundreds of steps. So a layer that reads n numbers has 1 / √n.
    """
    for learnt in (net.tokens, net.positions):
        nn.init.trunc_normal_(learnt, std=STD)
    for module in net.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=module.in_features**-0.5)
            nn.init.zeros_(module.bias)


@fx.wrap  # one step of a graph: the size is unknown while a net is traced
def _padded(x: Float[Tensor, "B C H W"], patch: int) -> Float[Tensor, "B C h w"]:
    """Zeros around the image, so that its sides are multiples of the patch."""
    height, width = (-side % patch for side in x.shape[2:])
    if height == width == 0:
        return x
    return F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))


@fx.wrap
def _resized(positions: Float[Tensor, "N D"], own: Sequence[int], grid: tuple[int, int]) -> Float[Tensor, "n D"]:
    """What is learnt for a grid of patches, for another one."""
    if tuple(own) == grid:
        return positions
    as_map = positions.T.unflatten(1, tuple(own))[None]
    return F.interpolate(as_map, size=grid, mode="bicubic", align_corners=False)[0].flatten(1).T
