"""Stages that are found by themselves: where the resolution of a model's maps changes."""

from __future__ import annotations

import math
import operator
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.fx import Graph, Node
from torch.nn import functional as F

from ..errors import require
from .graphs import ancestors, calls, is_relu, label
from .heads import is_dropout, last_weights, weights
from .maps import Kind, kinds

MATRICES = (2, 4)  # dimensions of what a linear layer multiplies by, and a convolution; what is added may have 3
PARTS = 4  # stages of a net of one resolution
SHRINKS = 0.7  # a map whose side is less than this part of another's has another resolution; 147 of 149 is the same
_SUMS = (operator.add, operator.iadd, torch.add, "add", "add_")
_IDLE = (F.pad, "contiguous")
_POOLINGS = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_POOLING_CALLS = (F.adaptive_avg_pool2d, F.adaptive_max_pool2d, torch.mean, "mean")


class Found(NamedTuple):
    """The nodes of a stem, None if there is none, and of stages."""

    stem: str | None
    stages: list[str]


def find_stages(model: nn.Module, graph: Graph, logits: Node, images: Float[Tensor, "B C H W"]) -> Found:
    """Stem and stages of a model, told by the sizes of its maps in a pass over `images`.

    A stage ends with the last map of its resolution, before its ReLU if it has passed one. Of all tensors only those
    count that everything flows through: the sum after a residual branch, not what is in the branch; and none after the
    pooling of the whole map, nor a resolution at which nothing but pooling happens.

    The first resolution is the stem's. Where residual blocks follow at it (patches, ResNets for small images), they
    are the first stage, and the stem ends before them. A net of one resolution, a ViT, has its blocks split into 4
    parts as equal as can be: of 12 blocks the stages end with the 3rd, 6th, 9th and 12th.

    Raises:
        ConfigError: there is no such map.

    >>> from kdtutor.nets.symbolic import both_graphs
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 8, 2, 2), nn.ReLU(), nn.Flatten())
    >>> graph = both_graphs(model.append(nn.Linear(32, 2)))[False]
    >>> find_stages(model, graph, list(graph.nodes)[-2], torch.zeros(1, 3, 4, 4))
    Found(stem='0', stages=['2'])
    """
    known = kinds(model, graph, images) if images.ndim == 4 else {}
    needed = ancestors(logits)
    order = [node for node in graph.nodes if node in known and node in needed]
    levels = _levels(_maps(model, _passed_by_all(order), known, logits), known)
    name = type(model).__name__
    require(bool(levels), f"{name} computes no map (B, C, H, W) that all flows through; name its stages")
    products = [i for i, node in enumerate(order) if _is_product(model, node)]
    at = {node: i for i, node in enumerate(order)}

    def computed(first: Node | None, last: Node) -> int:
        """How many convolutions and linear layers there are after `first` up to `last`."""
        return sum((-1 if first is None else at[first]) < i <= at[last] for i in products)

    ends = [_before_relu(model, level[-1], level) for level in levels]
    ends = [end for before, end in zip([None, *ends], ends, strict=False) if computed(before, end)]
    blocks = _blocks(levels[0], known)
    if blocks or len(ends) == 1:
        begin = [node for node in levels[0] if computed(None, node) <= 1]
        stem = _before_relu(model, begin[-1], begin) if begin else None
    else:
        stem = ends.pop(0)
    if len(levels) == 1 and len(blocks) > 1:
        parts = min(PARTS, len(blocks))
        ends = [blocks[math.ceil(len(blocks) * i / parts) - 1] for i in range(1, parts + 1)]
    return Found(None if stem is None or stem in ends else label(stem), [label(end) for end in ends])


def _passed_by_all(order: list[Node]) -> list[Node]:
    """Nodes that no path leads around."""
    at = {node: i for i, node in enumerate(order)}
    passed, reach = [], 0
    for i, node in enumerate(order):
        if reach <= i:
            passed.append(node)
        reach = max([reach, *(at[user] for user in node.users if user in at)])
    return passed


def _maps(model: nn.Module, passed: list[Node], known: dict[Node, Kind], logits: Node) -> list[Node]:
    """The maps among the nodes, up to the pooling of the whole map or the layer of the logits."""
    head = last_weights(model, logits)
    maps = []
    for node in passed[1:]:
        called = calls(model, node, _POOLINGS) or node.target in _POOLING_CALLS
        if called or head.intersection(weights(model, node)):
            break
        if known[node].order != "none":
            maps.append(node)
    return maps


def _levels(maps: list[Node], known: dict[Node, Kind]) -> list[list[Node]]:
    """The maps by resolution, as long as it sinks."""
    levels: list[list[Node]] = []
    side = math.inf
    for node in maps:
        now = math.sqrt(math.prod(known[node].grid))
        if now * SHRINKS > side:
            break
        if now < SHRINKS * side:
            levels.append([])
            side = now
        levels[-1].append(node)
    return levels


def _before_relu(model: nn.Module, node: Node, level: list[Node]) -> Node:
    """The node, or what its ReLU reads; dropout, padding and copies after it are not part of the map."""

    def idle(model: nn.Module, node: Node) -> bool:
        return is_dropout(model, node) or node.target in _IDLE

    for passes in (idle, is_relu):
        while passes(model, node) and node.all_input_nodes[0] in level:
            node = node.all_input_nodes[0]
    return node


def _blocks(level: list[Node], known: dict[Node, Kind]) -> list[Node]:
    """The end of each residual block: the last of the sums that one module makes of what was computed."""
    sums = [node for node in level if node.target in _SUMS and sum(read in known for read in node.all_input_nodes) > 1]
    return [list(block)[-1] for _, block in groupby(sums, lambda node: label(node).rpartition(".")[0])]


def _is_product(model: nn.Module, node: Node) -> bool:
    """Whether it multiplies by a matrix or by filters."""
    if node.op == "call_module":
        return any(own.ndim in MATRICES for own in model.get_submodule(str(node.target)).parameters())
    read = [attrgetter(str(each.target))(model) for each in node.all_input_nodes if each.op == "get_attr"]
    return any(each.ndim in MATRICES for each in read) and node.target not in _SUMS
