"""A model's computation as two graphs, one for training and one for evaluation: torch.fx with torchvision's names."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn

from ..errors import ConfigError
from .layout import StridedPointwise
from .modes import modes_kept


def both_graphs(model: nn.Module) -> dict[bool, fx.Graph]:
    """The graph of each mode, under the mode's value of `model.training`; modes and buffers are left as found.

    A node's `meta["label"]` is its name as torchvision gives it: the path of its module, or of its caller.

    Raises:
        ConfigError: the model cannot be traced.

    >>> sorted(both_graphs(torch.nn.Sequential(torch.nn.ReLU())))
    [False, True]
    """
    # some models decide by a buffer, which then must be known while they are traced; some parts of timm by a shape
    ways = ((True, False), (False, False), (True, True))
    errors: list[Exception] = []
    with modes_kept(model):
        for buffers, opaque in ways:
            try:
                return {mode: _graph(model.train(mode), buffers, opaque) for mode in (True, False)}
            except Exception as error:  # tracing runs the model's own code, which may raise anything
                errors.append(error)
    raise ConfigError(f"torch.fx cannot trace this {type(model).__name__}: {errors[1]}") from errors[1]


def compiled(model: nn.Module, graph: fx.Graph) -> Callable[[nn.Module, Float[Tensor, "B ..."]], Any]:
    """The graph as a function of the model, whose parts it calls, and of the images.

    >>> net = torch.nn.Sequential(torch.nn.ReLU())
    >>> compiled(net, both_graphs(net)[False])(net, torch.tensor([-1.0, 1.0]))
    tensor([0., 1.])
    """
    module = fx.GraphModule(model, graph)
    graph.eliminate_dead_code(lambda node: node.is_impure() or bool(node.meta.get("keeps")))
    graph.lint()
    module.recompile()
    graph.owning_module = None  # the model is the owner: `module` held its weights a second time
    return type(module).forward


@contextmanager
def _buffers_kept(model: nn.Module) -> Iterator[None]:
    """Undo what tracing does to buffers: a model that counts its batches counts while it is traced, too."""
    before = [(m._buffers, name, buffer, buffer.clone()) for m in model.modules() for name, buffer in _buffers_of(m)]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffers, name, buffer, value in before:
                buffers[name] = buffer
                buffer.copy_(value)


def _buffers_of(module: nn.Module) -> list[tuple[str, Any]]:
    return [(name, buffer) for name, buffer in module._buffers.items() if buffer is not None]


def _graph(model: nn.Module, buffers: bool, opaque: bool) -> fx.Graph:
    """The graph of the present mode. `buffers`: what is read from them is read anew in each pass. `opaque`: what timm
    says that torch.fx cannot trace becomes one node each."""
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()  # torch calls it too, unless its plug-ins are switched off
    import torchvision
    from torchvision.models.feature_extraction import NodePathTracer

    class Tracer(NodePathTracer):  # type: ignore[misc]  # torchvision has no types
        proxy_buffer_attributes = buffers

        def create_args_for_root(
            self, root_fn: Any, is_module: bool, concrete_args: Any = None
        ) -> tuple[Any, list[Any]]:
            """Images alone: every other argument keeps its default, as in `model(images)`."""
            first = list(inspect.signature(root_fn).parameters)[1]
            return root_fn, [self.root, self.create_proxy("placeholder", first, (), {})]

        def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
            node: fx.Node = super().create_node(*args, **kwargs)
            node.meta["gradient"] = torch.is_grad_enabled()
            return node

    blocks = [kind for kind in vars(torchvision.ops).values() if inspect.isclass(kind) and issubclass(kind, nn.Module)]
    blocks.remove(torchvision.ops.Conv2dNormActivation)  # a map is read before the ReLU in it
    modules, functions = _opaque() if opaque else ([], [])
    tracer = Tracer(
        leaf_modules=[*blocks, StridedPointwise, *modules],
        autowrap_modules=(math, torchvision.ops),
        autowrap_functions=tuple(functions),
    )
    with _buffers_kept(model), torch.enable_grad():
        graph: fx.Graph = tracer.trace(model)
        _record_assignments(model, graph)
    for node, label in tracer.node_to_qualname.items():
        node.meta["label"] = label
    _thread_overwritten(model, graph)
    _stop_gradients(graph)
    return graph


def _opaque() -> tuple[list[type[nn.Module]], list[Callable[..., Any]]]:
    """The layers and functions that timm, where it is in use, has marked as not to be traced."""
    if "timm" not in sys.modules:
        return [], []
    marked = import_module("timm.layers")
    return marked.get_notrace_modules(), marked.get_notrace_functions()


def _record_assignments(model: nn.Module, graph: fx.Graph) -> None:
    """Where the model has assigned to a buffer, as in `self.mean = 0.9 * self.mean + …`, let the graph do it."""
    end = next(node for node in reversed(graph.nodes) if node.op == "output")
    for path, module in model.named_modules():
        for name, value in _buffers_of(module):
            if isinstance(value, fx.Proxy):
                with graph.inserting_before(end):
                    buffer = graph.get_attr(f"{path}.{name}".lstrip("."))
                    assigned = graph.call_function(_assign, (buffer, value.node))
                buffer.meta.update(gradient=True)
                assigned.meta.update(gradient=True, keeps=True)


def _assign(buffer: Tensor, value: Tensor) -> None:
    buffer.copy_(value.detach())


def _thread_overwritten(model: nn.Module, graph: fx.Graph) -> None:
    """Where a statement such as `self.relu(h)` overwrites h, let what reads h afterwards read its result.

    The values are the same, but only so does the graph tell that they depend on the statement. Statements that
    overwrite a buffer are kept even if nothing reads it: they are what the pass leaves behind.
    """
    for node in graph.nodes:
        if node.all_input_nodes and not node.users and _in_place(model, node):
            overwritten = node.all_input_nodes[0]
            for reader in [user for user in overwritten.users if node < user]:
                reader.replace_input_with(overwritten, node)
            while overwritten.all_input_nodes and _in_place(model, overwritten):
                overwritten = overwritten.all_input_nodes[0]
            node.meta["keeps"] = overwritten.op == "get_attr"


def _in_place(model: nn.Module, node: fx.Node) -> bool:
    """Whether the node surely overwrites its first input and returns it."""
    if node.op == "call_module":
        return getattr(model.get_submodule(str(node.target)), "inplace", False) is True
    name = str(getattr(node.target, "__name__", node.target))
    return node.kwargs.get("inplace") is True or (name.endswith("_") and not name.endswith("__"))


def _stop_gradients(graph: fx.Graph) -> None:
    """Detach what the model computes under `torch.no_grad`, which torch.fx does not record."""
    for node in list(graph.nodes):
        if node.op.startswith("call_") and not node.meta["gradient"]:
            learning = [user for user in node.users if user.meta["gradient"]]
            with graph.inserting_after(node):
                stopped = graph.call_function(_stopped, (node,))
            stopped.meta = {**node.meta, "gradient": True}  # with the label, so that whoever asks for the node reads it
            for user in learning:
                user.replace_input_with(node, stopped)


def _stopped(x: Any) -> Any:
    return x.detach() if isinstance(x, Tensor) else x
