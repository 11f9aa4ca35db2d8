"""What `wrap` needs to know about a traced model: its nodes by name, which overwrite their input, cuts between two."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise

import torch
from torch import nn
from torch.fx import Graph, Node
from torch.nn import functional as F

from ..errors import UnknownName, require

_RELU_MODULES = (nn.ReLU, nn.ReLU6)
_RELU_CALLS = (F.relu, F.relu6, F.relu_, torch.relu, torch.relu_, "relu", "relu_")
_OVERWRITING = (operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.setitem)
_VIEWS = {"contiguous", "detach", "expand", "flatten", "getitem", "permute", "reshape", "squeeze", "transpose",
          "unflatten", "unsqueeze", "view"}  # fmt: skip
_VIEW_MODULES = (nn.Identity, nn.Flatten, nn.Unflatten, nn.Dropout)


def find(nodes: Mapping[str, Node], name: str, model: str) -> Node:
    """The node called `name`, or the last node of the module called `name`.

    >>> from kdtutor.nets.symbolic import both_graphs
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> find(labelled(both_graphs(net)[False]), "0", "mine").name
    '_0'
    """
    inside = [known for known in nodes if known == name or known.startswith(f"{name}.")]
    if not inside:
        modules = {".".join(known.split(".")[:i]) for known in nodes for i in range(1, known.count(".") + 2)}
        near = get_close_matches(str(name), sorted(modules), n=6, cutoff=0.4) or list(nodes)[-6:]
        raise UnknownName(
            f"{name!r} is not a node of {model}; near it are {', '.join(near)}; nets.node_names(model) lists all."
        )
    return nodes[inside[-1]]


def last_norms(module: nn.Module, graph: Graph, taps: Sequence[Node]) -> tuple[nn.BatchNorm2d | None, ...]:
    """For each tap the batch norm that was computed last before it, after the tap before; None where there is none.

    >>> net = torch.nn.Sequential(torch.nn.BatchNorm2d(8), torch.nn.ReLU())
    >>> graph = torch.fx.symbolic_trace(net).graph
    >>> last_norms(net, graph, [list(graph.nodes)[1]])
    (BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True),)
    """
    norms: list[nn.BatchNorm2d | None] = []
    last: nn.BatchNorm2d | None = None
    for node in graph.nodes:
        if node.op == "call_module" and isinstance(found := module.get_submodule(str(node.target)), nn.BatchNorm2d):
            last = found
        if node in taps:
            norms.append(last)
            last = None
    return tuple(norms)


def first_convolution(module: nn.Module, graph: Graph) -> nn.Conv2d | None:
    """The convolution that is computed first.

    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 1), torch.nn.Conv2d(8, 4, 1))
    >>> first_convolution(net, torch.fx.symbolic_trace(net).graph).out_channels
    8
    """
    called = (module.get_submodule(str(node.target)) for node in graph.nodes if node.op == "call_module")
    parts = (part for block in called for part in block.modules())  # torchvision's convolution and norm are one node
    return next((part for part in parts if isinstance(part, nn.Conv2d)), None)


def ancestors(end: Node, start: Node | None = None) -> set[Node]:
    """`end` and every node that it depends on, not looking past `start` (which is left out).

    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> image, flat, active, *_ = torch.fx.symbolic_trace(net).graph.nodes
    >>> sorted(node.name for node in ancestors(active, image))
    ['_0', '_1']
    """
    found: set[Node] = set()
    ahead = [end]
    while ahead:
        node = ahead.pop()
        if node is not start and node not in found:
            found.add(node)
            ahead += node.all_input_nodes
    return found


def check_order(taps: Sequence[Node], model: str) -> None:
    """Each tap must be computed after the one before it.

    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> _, flat, active, *_ = torch.fx.symbolic_trace(net).graph.nodes
    >>> check_order([flat, active], "mine")  # silent: one is computed after the other
    """
    position = {node: i for i, node in enumerate(taps[0].graph.nodes)} if taps else {}
    for first, second in pairwise(taps):
        message = f"{label(second)!r} is not computed after {label(first)!r} in {model}; list stages in order"
        require(position[first] < position[second], message)


def labelled(graph: Graph) -> dict[str, Node]:
    """The nodes by the names that the user knows, in the order in which they are computed.

    >>> from kdtutor.nets.symbolic import both_graphs
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> list(labelled(both_graphs(net)[False]))
    ['input', '0', '1']
    """
    return {node.meta["label"]: node for node in graph.nodes if "label" in node.meta}


def label(node: Node) -> str:
    """The node's name as the user knows it.

    >>> from kdtutor.nets.symbolic import both_graphs
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> [label(node) for node in both_graphs(net)[False].nodes]
    ['input', '0', '1', 'output']
    """
    return str(node.meta.get("label", node.name))


def protect(module: nn.Module, tap: Node) -> None:
    """Let in-place operations on `tap` work on a copy, or a tapped pre-activation would be read after its ReLU.

    >>> net = torch.nn.Sequential(torch.nn.BatchNorm2d(8), torch.nn.ReLU(inplace=True))
    >>> traced = torch.fx.symbolic_trace(net)
    >>> protect(traced, list(traced.graph.nodes)[1])
    >>> [node.name for node in traced.graph.nodes]
    ['input_1', '_0', 'clone', '_1', 'output']
    """
    users = [node for node in tap.graph.nodes if node in tap.users and node.op != "output"]
    overwriting = [_overwrites(module, user) for user in users]
    if any(overwriting):
        with tap.graph.inserting_after(tap):
            copy = tap.graph.call_method("clone", (tap,))
        copy.meta["label"] = label(tap)
        for user in users[overwriting.index(True) :]:
            user.replace_input_with(tap, copy)


def cut(graph: Graph, start: Node | None, end: Node) -> Graph:
    """The part of `graph` that leads from `start` (None: from the images) to `end`.

    Raises `ConfigError` where the part needs a tensor from before `start`.

    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> graph = torch.fx.symbolic_trace(net).graph
    >>> [node.name for node in cut(graph, None, list(graph.nodes)[1]).nodes]
    ['input_1', '_0', 'output']
    """
    needed = ancestors(end, start)
    part = Graph()
    copies: dict[Node, Node] = {}
    if start is not None:
        earlier = set(list(graph.nodes)[: list(graph.nodes).index(start)]) & needed
        crossing = [node for node in earlier if node.op != "get_attr" and node.users.keys() & needed - earlier]
        require(
            not crossing,
            f"{label(end)!r} cannot be computed from {label(start)!r} alone: it also needs "
            f"{', '.join(sorted(repr(label(node)) for node in crossing))}; choose stages that everything flows through",
        )
        copies[start] = part.placeholder("h")
    for node in graph.nodes:
        if node in needed:
            copies[node] = part.node_copy(node, copies.__getitem__)
    part.output(copies[end])
    return part


def check_active(module: nn.Module, start: Node, end: Node, is_map: bool = True) -> None:
    """Raises `ConfigError` if what leads to `end` reads `start` otherwise than through a ReLU, or if `start` is not a
    map but tokens, or has its channels last.

    >>> net = torch.nn.Sequential(torch.nn.BatchNorm2d(8), torch.nn.ReLU())
    >>> _, norm, active, _ = torch.fx.symbolic_trace(net).graph.nodes
    >>> check_active(net, norm, active)  # silent: it is read by a ReLU
    """
    through = is_relu(module, start) or all(is_relu(module, user) for user in _readers(start, ancestors(end, start)))
    wrong = "not read through a ReLU" if is_map else "no map (B, C, H, W) in the model itself"
    require(
        is_map and through,
        f"{label(start)!r} is {wrong}, so {label(end)!r} cannot be computed from its active map; "
        "only the whole forward pass and its trace are available for such a stage",
    )


def relu_follows(module: nn.Module, node: Node) -> bool:
    """Whether a ReLU reads the node, or made it.

    >>> net = torch.nn.Sequential(torch.nn.BatchNorm2d(8), torch.nn.ReLU(), torch.nn.Flatten())
    >>> [relu_follows(net, node) for node in list(torch.fx.symbolic_trace(net).graph.nodes)[1:4]]
    [True, True, False]
    """
    return is_relu(module, node) or any(is_relu(module, user) for user in _readers(node, set(node.graph.nodes)))


def _readers(node: Node, needed: set[Node]) -> list[Node]:
    """Needed nodes that read `node`, looking through copies of it."""
    readers: list[Node] = []
    for user in node.users:
        if user in needed:
            readers += _readers(user, needed) if user.target == "clone" else [user]
    return readers


def calls(module: nn.Module, node: Node, kinds: tuple[type, ...]) -> bool:
    """Whether the node is a call of a layer of one of these kinds.

    >>> net = torch.nn.Sequential(torch.nn.Flatten())
    >>> [calls(net, node, (torch.nn.Flatten,)) for node in torch.fx.symbolic_trace(net).graph.nodes]
    [False, True, False]
    """
    return node.op == "call_module" and isinstance(module.get_submodule(str(node.target)), kinds)


def is_relu(module: nn.Module, node: Node) -> bool:
    """Whether the node is a ReLU, or one that is cut at 6.

    >>> net = torch.nn.Sequential(torch.nn.ReLU())
    >>> [is_relu(net, node) for node in torch.fx.symbolic_trace(net).graph.nodes]
    [False, True, False]
    """
    if node.op == "call_module":
        called = module.get_submodule(str(node.target))
        while isinstance(called, nn.Sequential) and called:  # torchvision's convolution, norm and ReLU as one node
            called = called[-1]
        return isinstance(called, _RELU_MODULES)
    return node.op.startswith("call_") and node.target in _RELU_CALLS


def _overwrites(module: nn.Module, node: Node) -> bool:
    """Whether the node, or one that reads a view made by it, changes its input; when in doubt, yes: it costs a copy."""
    if node.op == "call_module":
        called = module.get_submodule(str(node.target))
        inplace, view = getattr(called, "inplace", False), isinstance(called, _VIEW_MODULES)
    else:
        name = str(getattr(node.target, "__name__", node.target))
        flagged = any(value is True for value in (*node.args[1:], node.kwargs.get("inplace")))
        inplace = flagged or node.target in _OVERWRITING or (name.endswith("_") and not name.endswith("__"))
        view = name in _VIEWS
    return bool(inplace) or (view and any(_overwrites(module, user) for user in node.users))
