"""Any torchvision or timm classifier as a `Net`, through torchvision's feature extraction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn

from ..errors import ConfigError, ShapeError, require
from . import graphs
from .layers import as_images
from .layout import mend
from .trace import Net, Trace


def wrap(
    model: nn.Module,
    stages: Sequence[str] = (),
    embedding: str | None = None,
    logits: str | None = None,
    stem: str | None = None,
    *,
    example: Float[Tensor, "B C H W"] | None = None,
) -> Net:
    """A classifier from elsewhere as a `Net`. It shares the model's weights: to train one is to train the other.

    Name a stage by the node *before* its ReLU ("layer1.1.add" in torchvision's ResNets), so that AB and OFD read
    pre-activations; a node after a ReLU ("layer1") serves every method that reads active maps. A transformer has no
    maps (B, C, H, W): its `stages` stay empty, its embedding and logits are read.

    Args:
        model: any classifier that torch.fx can trace.
        stages: nodes, or modules for their last node, in the order in which they are computed; see `node_names`.
        embedding: node of the embedding, flattened to (B, D); default: what the last linear layer reads.
        logits: node of the logits (B, K); default: what the model returns.
        stem: node of the map before the first stage.
        example: images to measure the widths with; default: one of zeros, of the size that the model names or 224².

    Raises:
        UnknownName: the model has no such node. ConfigError: it cannot be traced, or a default does not apply to it.
        ShapeError: a stage is not a map, or the logits are not (B, K).
    """
    require(not isinstance(model, Net), "the model is a Net already: use it as it is")
    if example is None:
        example = _blank(model)
    with _modes_kept(model):
        extractor = _extractor(model)
        for graph in (extractor.train_graph, extractor.eval_graph):
            _read(extractor, graph, stages, embedding, logits, stem)
        extractor.graph = extractor.train_graph if extractor.training else extractor.eval_graph  # compiles it anew
    mend(extractor)
    name = type(model).__name__
    asked = {"stages": list(stages), "embedding": embedding, "logits": logits, "stem": stem}
    net = Wrapped(extractor, name, _channels(model), {"wrapped": name, **asked})
    with _modes_kept(net), torch.no_grad():
        net.eval()
        _measure(net, model, example, logits is None)
    return net


def node_names(model: nn.Module) -> list[str]:
    """Names of all operations of a model, in the order in which they are computed: what `wrap` can read."""
    with _modes_kept(model):
        return list(_nodes(_extractor(model).eval_graph))


class Wrapped(Net):
    """A `Net` whose trace is read from a traced model; made by `wrap`."""

    def __init__(self, extractor: fx.GraphModule, name: str, channels: int | None, config: dict[str, Any]) -> None:
        super().__init__()
        self.extractor = extractor
        self.training = extractor.training
        self.name = name
        self.channels = channels
        self.embedding_shape: tuple[int, ...] = ()  # as the model has it, before it is flattened
        self.config = config
        self.card = {}

    def trace(self, x: Float[Tensor, "B C H W"]) -> Trace:
        read = self.extractor(self._images(x))
        return Trace(read["stem"], tuple(read["stages"]), read["embedding"].flatten(1), read["logits"])

    def run(self, h: Tensor, i: int) -> Tensor:
        """As `Net.run`; also raises `ConfigError` where a stage is not read through a ReLU, or is bypassed."""
        self._check_segment(h, i)
        stages = self._read["stages"]
        return self._segment(h, [None, *stages][i], [*stages, self._read["logits"]][i])

    def embed(self, h: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D"]:
        self._check_segment(h, len(self.widths))
        return self._segment(h, [None, *self._read["stages"]][-1], self._read["embedding"]).flatten(1)

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        self._check_embedding(e)
        part = graphs.cut(self.extractor.graph, self._read["embedding"], self._read["logits"])
        return fx.Interpreter(self.extractor, graph=part).run(e.unflatten(1, self.embedding_shape))

    @property
    def _read(self) -> dict[str, Any]:
        """The nodes that the graph of the present mode returns."""
        return cast(dict[str, Any], _output(self.extractor.graph).args[0])

    def _segment(self, h: Tensor, start: fx.Node | None, end: fx.Node) -> Tensor:
        """From the active map of `start` (None: from the images) to `end`."""
        part = graphs.cut(self.extractor.graph, start, end)
        if start is not None:
            graphs.check_active(self.extractor, start, end)
        return fx.Interpreter(self.extractor, graph=part).run(self._images(h) if start is None else h)

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        return graphs.last_norms(self.extractor, self.extractor.graph, self._read["stages"])

    def _images(self, x: Tensor) -> Tensor:
        return x if self.channels is None else as_images(x, self.channels)


def _extractor(model: nn.Module) -> Any:
    """The model's graphs for training and for evaluation, over its own weights; they return every node by name."""
    import kdtutor_torchvision

    kdtutor_torchvision.ensure()  # torch calls it too, unless its plug-ins are switched off
    from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

    try:
        train, evaluation = get_graph_node_names(model, suppress_diff_warning=True)
        return create_feature_extractor(
            model, train_return_nodes=train, eval_return_nodes=evaluation, suppress_diff_warning=True
        )
    except Exception as error:  # tracing runs the model's own code, which may raise anything
        raise ConfigError(f"torch.fx cannot trace this {type(model).__name__}: {error}") from error


def _output(graph: fx.Graph) -> fx.Node:
    return next(node for node in reversed(graph.nodes) if node.op == "output")


def _nodes(graph: fx.Graph) -> dict[str, fx.Node]:
    return dict(cast(dict[str, fx.Node], _output(graph).args[0]))


def _read(
    extractor: fx.GraphModule,
    graph: fx.Graph,
    stages: Sequence[str],
    embedding: str | None,
    logits: str | None,
    stem: str | None,
) -> None:
    """Make the graph return what a `Trace` holds instead of every node."""
    nodes = _nodes(graph)
    model = type(extractor).__name__
    for name, node in nodes.items():
        node.meta["label"] = name

    def find(name: str) -> fx.Node:
        return graphs.find(nodes, name, model)

    end = find(logits) if logits else list(nodes.values())[-1]
    read: dict[str, Any] = {
        "stem": find(stem) if stem else None,
        "stages": [find(stage) for stage in stages],
        "embedding": find(embedding) if embedding else graphs.read_by_last_linear(extractor, end),
        "logits": end,
    }
    taps = [*([read["stem"]] if stem else []), *read["stages"]]
    graphs.check_order([*taps, end], model)
    _output(graph).args = (read,)
    graph.eliminate_dead_code()
    for tap in dict.fromkeys([*taps, read["embedding"], end]):
        graphs.protect(extractor, tap)
    graph.lint()


def _measure(net: Wrapped, model: nn.Module, example: Tensor, returned: bool) -> None:
    """Learn the widths from one pass, and check that the trace is what it should be."""
    try:
        trace = net.trace(example)
    except Exception as error:  # again the model's own code
        raise ConfigError(
            f"{net.name} cannot read a batch {tuple(example.shape)} ({error}); pass some of your images: "
            "wrap(model, example=images)"
        ) from error
    if returned:
        output = model(net._images(example))
        same = isinstance(output, Tensor) and output.shape == trace.logits.shape and torch.equal(output, trace.logits)
        require(same, f"{net.name} does not return its last node; name the node of its logits: wrap(model, logits=…)")
    shape = tuple(trace.logits.shape)
    require(trace.logits.ndim == 2, f"the logits of {net.name} have shape {shape}, expected (B, K)", ShapeError)
    maps = trace.stages if trace.stem is None else (trace.stem, *trace.stages)
    for h in maps:
        message = f"a stage of {net.name} has shape {tuple(h.shape)}, expected a map (B, C, H, W); leave it out"
        require(h.ndim == 4, message, ShapeError)
    net.widths = tuple(stage.shape[1] for stage in trace.stages)
    net.stem_width = None if trace.stem is None else trace.stem.shape[1]
    net.embedding_shape = tuple(net.extractor(net._images(example))["embedding"].shape[1:])
    net.embedding_dim, net.num_classes = trace.embedding.shape[1], trace.logits.shape[1]


def _channels(model: nn.Module) -> int | None:
    """Channels of the images, as the first convolution tells; None without convolutions."""
    return next((module.in_channels for module in model.modules() if isinstance(module, nn.Conv2d)), None)


def _blank(model: nn.Module) -> Tensor:
    """One image of zeros that the model can read."""
    channels = _channels(model)
    if channels is None:
        raise ConfigError(f"{type(model).__name__} has no convolution; pass a batch of yours: wrap(model, example=x)")
    size = getattr(model, "image_size", 224)  # torchvision's transformers
    card = getattr(model, "pretrained_cfg", None)  # timm
    height, width = card["input_size"][1:] if isinstance(card, dict) and "input_size" in card else (size, size)
    return next(model.parameters()).new_zeros(1, channels, height, width)


@contextmanager
def _modes_kept(model: nn.Module) -> Iterator[None]:
    """Leave every part of the model in the mode, training or evaluation, in which it was found."""
    modes = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        model.train(modes[model])  # a traced model changes its graph with its mode
        for module, mode in modes.items():
            module.training = mode
