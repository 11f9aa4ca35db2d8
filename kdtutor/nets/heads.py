"""Which nodes hold a model's logits: the output that it returns, of the same head in training as in evaluation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import is_dataclass
from typing import Any

import torch
from torch import nn
from torch.fx import Graph, Node
from torch.fx.node import map_arg
from torch.nn import functional as F

from ..errors import ConfigError, require
from .dense import main_output
from .graphs import find, label, labelled

_DROPOUTS = (F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout, torch.dropout)
_DROPOUT_MODULES = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.Identity)
_SOFTMAX = {"softmax", "sigmoid"}  # a log_softmax is as good as the logits: a softmax of it is the same
_SOFTMAX_MODULES = (nn.Softmax, nn.Sigmoid)
ADVICE = "name the node of its logits: wrap(model, logits={})"


def returned_logits(model: nn.Module, graphs: dict[bool, Graph]) -> dict[bool, Node]:
    """The one tensor that the model returns in evaluation, and the one of those returned in training that is the same.

    The same is what is computed by the same operations from the images or, where training computes them otherwise
    (drops whole layers, say), from the same last weights.

    Raises:
        ConfigError: evaluation returns something else than one tensor, or training returns none, or several, that is
            the same. Which head is meant is then for the user to say.

    >>> from kdtutor.nets.symbolic import both_graphs
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> returned_logits(net, both_graphs(net))[True].name
    '_1'
    """
    name = type(model).__name__
    end = main_output(output(graphs[False]).args[0])
    if not isinstance(end, Node) or _unpacked(end) != [end]:
        raise ConfigError(
            f"{name} returns {_listed(_unpacked(end))} in evaluation, not one tensor; " + _advice(_unpacked(end))
        )
    _warn_of_probabilities(model, end)
    candidates = _unpacked(output(graphs[True]).args[0])
    for whole in (True, False):
        known: dict[str, int] = {}
        want = _numbers(model, graphs[False], known, whole)[end]
        numbers = _numbers(model, graphs[True], known, whole)
        same = list(dict.fromkeys(node for node in candidates if numbers[node] == want))
        if len(same) == 1 or (same and whole):
            return {True: same[0], False: end}
    raise ConfigError(
        f"{name} returns {_listed(candidates)} in training and {label(end)!r} in evaluation, so its logits are not the "
        f"same output in both; " + _advice([end] if label(end) in labelled(graphs[True]) else candidates)
    )


def named(model: nn.Module, graphs: dict[bool, Graph], name: str) -> dict[bool, Node]:
    """The node called `name` in each mode; it must be computed from the same weights in both.

    Raises:
        UnknownName: one of the graphs has no such node. ConfigError: in training the name is another node's.

    >>> from kdtutor.nets.symbolic import both_graphs
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> named(net, both_graphs(net), "0")[False].name
    '_0'
    """
    kind = type(model).__name__
    found = {mode: find(labelled(graphs[mode]), name, kind + " in training" * mode) for mode in (False, True)}
    training, evaluation = (sorted(last_weights(model, found[mode])) for mode in (True, False))
    require(
        training == evaluation,
        f"{name!r} of {kind} is computed from {_few(training)} in training, but from {_few(evaluation)} in evaluation; "
        "name a module, or a node that means the same in both",
    )
    return found


def named_logits(model: nn.Module, graphs: dict[bool, Graph], name: str) -> dict[bool, Node]:
    """As `named`, for logits.

    >>> from kdtutor.nets.symbolic import both_graphs
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> named_logits(net, both_graphs(net), "1")[False].name
    '_1'
    """
    found = named(model, graphs, name)
    _warn_of_probabilities(model, found[False])
    return found


def output(graph: Graph) -> Node:
    """The node that returns what the model answers.

    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> output(torch.fx.symbolic_trace(net).graph).args[0].name
    '_2'
    """
    end: Node = next(node for node in reversed(graph.nodes) if node.op == "output")
    return end


def _unpacked(value: Any) -> list[Node]:
    """The nodes in what a model returns: a tensor, or a tuple, list, dict or data class of such."""
    if isinstance(value, Node):
        kind = value.target
        if isinstance(kind, type) and (issubclass(kind, tuple) or is_dataclass(kind)):
            return _unpacked([*value.args, *value.kwargs.values()])
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [node for part in parts for node in _unpacked(part)]


def _warn_of_probabilities(model: nn.Module, end: Node) -> None:
    """Warn of probabilities: every loss applies a softmax to them once more."""
    if end.op == "call_module":
        soft = isinstance(model.get_submodule(str(end.target)), _SOFTMAX_MODULES)
    else:
        soft = end.op != "placeholder" and str(getattr(end.target, "__name__", end.target)) in _SOFTMAX
    if soft:
        before = label(end.all_input_nodes[0])
        warnings.warn(
            f"{label(end)!r} of {type(model).__name__} holds probabilities, but distillation reads logits; "
            f"name the node before it: wrap(model, logits={before!r})",
            stacklevel=2,
        )


def _numbers(model: nn.Module, graph: Graph, known: dict[str, int], whole: bool) -> dict[Node, int]:
    """A number for each node, the same for nodes that compute the same, in whichever graph; dropout counts as nothing.

    `whole`: the same from the images on; otherwise from the last weights on: a node that has weights is known by them.
    """
    numbers: dict[Node, int] = {}
    for node in graph.nodes:
        if is_dropout(model, node) and node.all_input_nodes:
            numbers[node] = numbers[node.all_input_nodes[0]]
            continue
        own = weights(model, node)
        read = own if own and not whole else map_arg((node.args, node.kwargs), lambda n: f"%{numbers[n]}")
        numbers[node] = known.setdefault(f"{node.op} {node.target!r} {read!r}", len(known))
    return numbers


def is_dropout(model: nn.Module, node: Node) -> bool:
    """Whether the node is a dropout, or does nothing.

    >>> net = torch.nn.Sequential(torch.nn.Dropout())
    >>> [is_dropout(net, node) for node in torch.fx.symbolic_trace(net).graph.nodes]
    [False, True, False]
    """
    if node.op == "call_module":
        return isinstance(model.get_submodule(str(node.target)), _DROPOUT_MODULES)
    return node.target in _DROPOUTS


def weights(model: nn.Module, node: Node) -> list[str]:
    """Names of the weights that the node itself reads, or of its layer.

    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 2))
    >>> [weights(net, node) for node in torch.fx.symbolic_trace(net).graph.nodes]
    [[], ['0'], []]
    """
    if node.op == "call_module":
        module = model.get_submodule(str(node.target))
        return [str(node.target)] if next(module.parameters(), None) is not None else []
    return [str(read.target) for read in node.all_input_nodes if read.op == "get_attr"]


def last_weights(model: nn.Module, node: Node) -> set[str]:
    """The weights, or layers, computed with last, on every path that leads to the node.

    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 2), torch.nn.ReLU())
    >>> last_weights(net, list(torch.fx.symbolic_trace(net).graph.nodes)[-2])
    {'1'}
    """
    found: set[str] = set()
    ahead, seen = [node], set[Node]()
    while ahead:
        node = ahead.pop()
        if node not in seen:
            seen.add(node)
            own = weights(model, node)
            found.update(own)
            ahead += () if own else node.all_input_nodes
    return found


def _advice(nodes: Sequence[Node]) -> str:
    return ADVICE.format(repr(label(nodes[0])) if nodes else "…")


def _listed(nodes: Sequence[Node]) -> str:
    return "(" + _few([label(node) for node in nodes]) + ")" if nodes else "no tensor"


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:4])) or "the images alone"
    return shown + (f" and {len(names) - 4} more" if len(names) > 4 else "")
