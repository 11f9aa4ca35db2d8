"""What the tensors of a traced model are as maps (B, C, H, W): as they are, with the channels last, or as tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn
from torch.fx import Graph, Node

MOST_EXTRA = 16  # tokens that stand for no place: for the class, for distillation, registers
_TURNING = {"movedim", "permute", "swapaxes", "transpose"}
_TURNING_MODULES = {"Permute"}

View = Callable[[Tensor], Tensor]
"""Makes a map (B, C, H, W) of a tensor that holds one in another order."""


def channels_first(x: Float[Tensor, "B H W C"]) -> Float[Tensor, "B C H W"]:
    """A map whose channels come last, as a map.

    >>> channels_first(torch.zeros(2, 4, 4, 8)).shape
    torch.Size([2, 8, 4, 4])
    """
    return x.permute(0, 3, 1, 2)


def tokens_as_map(x: Float[Tensor, "B N C"], grid: tuple[int, int]) -> Float[Tensor, "B C H W"]:
    """Tokens as a map of the size `grid`: its pixels are the last H · W tokens, row by row. Those before them, such as
    the class token, stand for no place and are left out.

    >>> tokens_as_map(torch.arange(5.0).reshape(1, 5, 1), (2, 2))
    tensor([[[[1., 2.],
              [3., 4.]]]])
    """
    places = x[:, x.shape[1] - grid[0] * grid[1] :]
    return torch.unflatten(places.transpose(1, 2), 2, grid)


@dataclass(frozen=True)
class Kind:
    """What a tensor holds: its shape, the height and width of the map, and in which order.

    `order` is "map", "channels last" or "tokens"; "none" where it is no map, as windows are, or scores of attention.
    """

    shape: tuple[int, ...]
    grid: tuple[int, int]
    order: str = "none"
    last: bool = False  # where channels are in maps of four dimensions
    turned: bool = False  # whether dimensions have changed places on the way

    @property
    def view(self) -> View | None:
        """What makes a map of the tensor; None if it is one."""
        known: dict[str, View] = {"channels last": channels_first, "tokens": partial(tokens_as_map, grid=self.grid)}
        return known.get(self.order)

    @property
    def channels(self) -> int:
        """Of the map."""
        return self.shape[1] if self.order == "map" else self.shape[-1]


def kinds(model: nn.Module, graph: Graph, images: Float[Tensor, "B C H W"]) -> dict[Node, Kind]:
    """What each tensor is that is computed from the images, told by its shape in a pass over `images`.

    The axes of a map that are to each other as the sides of the images are its height and width: of a tensor (B, 8, 8,
    32) the channels come last, if its dimensions have been turned before. Tokens (B, N, C) are a map as large as that
    from which they come, after at most `MOST_EXTRA` others.

    >>> from kdtutor.nets.symbolic import both_graphs
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 2, 2), torch.nn.Flatten(), torch.nn.Linear(16, 2))
    >>> [kind.order for kind in kinds(net, both_graphs(net)[False], torch.zeros(1, 3, 4, 4)).values()]
    ['map', 'map', 'none', 'none']
    """
    shapes = _shapes(model, graph, images)
    found: dict[Node, Kind] = {}
    for node in graph.nodes:
        inputs = [found[read] for read in node.all_input_nodes if read in found]
        if node.op == "placeholder":
            found[node] = Kind(shapes[node], (images.shape[2], images.shape[3]), "map")
        elif inputs and node in shapes and node.op != "output":
            turned = any(kind.turned for kind in inputs) or _turns(model, node)
            before = [replace(kind, shape=shapes[node], order="none", turned=turned) for kind in inputs]
            found[node] = _kind(before, images.shape)
    return found


def _kind(before: list[Kind], images: tuple[int, ...]) -> Kind:
    """What a tensor is that is computed from others, told by what those were."""
    first = before[0]
    shape = first.shape
    if len(shape) == 4 and shape[0] == images[0]:
        as_map, as_last = _fits(shape[2:], images), first.turned and _fits(shape[1:3], images)
        last = first.last if as_map == as_last else as_last
        if as_map or as_last:
            grid = shape[1:3] if last else shape[2:]
            return replace(first, grid=grid, order="channels last" if last else "map", last=last)
    if len(shape) == 3 and shape[0] == images[0]:
        for kind in before:
            if 0 <= shape[1] - kind.grid[0] * kind.grid[1] <= MOST_EXTRA:
                return replace(kind, order="tokens")
    return first


def _fits(grid: tuple[int, ...], images: tuple[int, ...]) -> bool:
    """Whether height and width are to each other as those of the images, up to less than a pixel."""
    height, width = images[2:]
    return abs(grid[0] * width - grid[1] * height) < max(height, width)


def _turns(model: nn.Module, node: Node) -> bool:
    if node.op == "call_module":
        return type(model.get_submodule(str(node.target))).__name__ in _TURNING_MODULES
    return str(getattr(node.target, "__name__", node.target)) in _TURNING


def _shapes(model: nn.Module, graph: Graph, images: Tensor) -> dict[Node, tuple[int, ...]]:
    """The shape of each tensor that a pass computes; () for several tensors in one value."""
    seen: dict[Node, tuple[int, ...]] = {}

    class Shapes(fx.Interpreter):
        def run_node(self, n: Node) -> Any:
            value = super().run_node(n)
            if isinstance(value, Tensor):
                seen[n] = tuple(value.shape)
            elif isinstance(value, (tuple, list)) and any(isinstance(part, Tensor) for part in value):
                seen[n] = ()
            return value

    Shapes(model, graph=graph).run(images)
    return seen
