"""Any torchvision or timm classifier, of images or of pixels, as a `Net`, through torchvision's feature extraction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn

from ..errors import ConfigError, ShapeError, require
from . import dense, graphs, heads, layers
from .admitted import blank, check_model
from .auto import find_stages
from .layout import mend
from .maps import View, kinds
from .modes import modes_kept
from .symbolic import both_graphs, compiled
from .trace import Net, Trace


def wrap(
    model: nn.Module,
    stages: Sequence[str] | Literal["auto"] = (),
    embedding: str | None = None,
    logits: str | None = None,
    stem: str | None = None,
    *,
    example: Float[Tensor, "B ..."] | None = None,
) -> Net:
    """A classifier from elsewhere as a `Net`. It shares the model's weights: to train one is to train the other.

    Name a stage by the node *before* its ReLU ("layer1.1.add" in torchvision's ResNets), so that AB and OFD read
    pre-activations; a node after a ReLU ("layer1") serves every method that reads active maps. Of a node that no ReLU
    follows the active map is the node itself. With stages="auto" stem and stages are found where the resolution
    changes, see `find_stages`; `stages_of` shows them. Tokens (B, N, C) of a transformer are read as maps, without the
    class token, and maps with the channels last as maps.

    Args:
        model: any classifier that torch.fx can trace.
        stages: nodes, or modules for their last node, in the order in which they are computed, see `node_names`; or
            "auto".
        embedding: node of the embedding, flattened to (B, D); default: what the last linear layer reads, or of a model
            whose logits a convolution computes the mean over the pixels of what that reads.
        logits: node of the logits (B, K) or (B, K, H, W); default: what the model returns, of several outputs the one
            that is called "out", as in torchvision's segmentation models.
        stem: node of the map before the first stage; with "auto" it is found.
        example: images to measure the widths with; default: one of zeros, of the size that the model names or 224².

    Raises:
        UnknownName: the model has no such node. ConfigError: it cannot be traced, or a default does not apply to it.
        ShapeError: a stage is not a map, or the logits are neither (B, K) nor (B, K, H, W).

    >>> from torch import nn
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    >>> wrap(model, stages=["0"], example=torch.zeros(1, 3, 8, 8)).trace(torch.zeros(5, 3, 8, 8)).stages[0].shape
    torch.Size([5, 4, 6, 6])
    """
    check_model(model)
    mend(model)
    text = f"stages is the text {stages!r}; expected a list of nodes, or 'auto'"
    require(stages == "auto" or not isinstance(stages, str), text)
    named = [] if stages == "auto" else list(stages)
    net = Wrapped(model, {"stages": named, "embedding": embedding, "logits": logits, "stem": stem})
    with modes_kept(model), torch.no_grad():
        model.eval()
        first = graphs.first_convolution(model, net.graphs[False])
        net.channels = first.in_channels if first is not None else None
        images = blank(model, net.channels) if example is None else example
        read = _first_pass(net, images)
        if stages == "auto":
            found = find_stages(model, net.graphs[False], net._nodes["logits"], net._images(images))
            net.ask(stages=found.stages, stem=stem or found.stem)
        if net.taps:
            net.look(net._images(images))
            read = net.read(images)
        _measure(net, model, images, read)
        net.example = tuple(net._images(images).shape)
    return net


def node_names(model: nn.Module) -> list[str]:
    """Names of all operations of a model, in the order in which they are computed: what `wrap` can read.

    >>> node_names(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 3)))
    ['input', '0', '1']
    """
    return list(graphs.labelled(both_graphs(model)[False]))


class Wrapped(Net):
    """A `Net` whose trace is read from a traced model; made by `wrap`.

    It has the model's own parts and weights, under the model's names, and its mode is the model's. Copied and pickled
    is the model; it is traced anew.
    """

    model: nn.Module

    def __init__(self, model: nn.Module, asked: dict[str, Any]) -> None:
        mode = model.training
        vars(self)["model"] = model  # not by assignment, or every weight would be found a second time, under "model."
        super().__init__()
        self.training = mode
        self._parameters, self._buffers, self._modules = model._parameters, model._buffers, model._modules
        self._non_persistent_buffers_set = model._non_persistent_buffers_set
        self.name = type(model).__name__
        self.channels: int | None = None
        self.embedding_shape: tuple[int, ...] = ()  # as the model has it, before it is flattened
        self.averages = False  # whether the embedding is the mean over the pixels of a map
        self.views: tuple[View | None, ...] = ()  # of each of `taps`: what makes a map of it
        self.relus: tuple[bool, ...] = ()  # of each of `taps`: whether a ReLU follows
        self.example: tuple[int, ...] = ()  # the shape of the images with which it was measured
        self.card = {}
        self.asked: dict[str, Any] = {}
        self.ask(**asked)

    def ask(self, **asked: Any) -> None:
        """Let the graphs return other nodes."""
        self.asked = {**self.asked, **asked}
        self.config = {"wrapped": self.name, **self.asked}
        self._read_graphs()
        self.head_names = frozenset(heads.last_weights(self.model, self._nodes["logits"]))

    def look(self, images: Float[Tensor, "B ..."]) -> None:
        """Learn from a pass in evaluation what the taps hold: maps in which order, and what a ReLU follows."""
        known = kinds(self.model, self._graph, images) if images.ndim == 4 else {}
        self.views = tuple(known[tap].view if tap in known else None for tap in self.taps)
        self.relus = tuple(graphs.relu_follows(self.model, tap) for tap in self.taps)

    def _read_graphs(self) -> None:
        self.graphs = _tapped(self.model, **self.asked)
        self.passes = {mode: compiled(self.model, graph) for mode, graph in self.graphs.items()}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("graphs", "passes")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]  # torch's own
        self._read_graphs()

    @property
    def training(self) -> bool:
        """The mode of the model within."""
        return self.model.training

    @training.setter
    def training(self, mode: bool) -> None:
        self.model.training = mode

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Also reads files of former versions, in which every name starts with "extractor."."""
        own = self.state_dict()
        for name in [name for name in state_dict if name.startswith(f"{prefix}extractor.")]:
            plain = name.removeprefix(f"{prefix}extractor.")
            if plain in own and name.removeprefix(prefix) not in own:
                state_dict[prefix + plain] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def read(self, x: Float[Tensor, "B ..."]) -> dict[str, Any]:
        """What the graph of the present mode returns: stem and stages, as maps, embedding and logits."""
        read = cast(dict[str, Any], self.passes[self.training](self.model, self._images(x)))
        if any(self.views):
            stem = [] if read["stem"] is None else [read["stem"]]
            maps = [view(h) if view else h for view, h in zip(self.views, [*stem, *read["stages"]], strict=True)]
            read |= {"stem": maps[0] if stem else None, "stages": maps[len(stem) :]}
        return read

    def trace(self, x: Float[Tensor, "B ..."]) -> Trace:
        read = self.read(x)
        return Trace(
            read["stem"], tuple(read["stages"]), self._embedding(read["embedding"]), read["logits"], self.relus
        )

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        """As `Net.run`; also raises `ConfigError` where a stage is not read through a ReLU, or is bypassed."""
        self._check_segment(h, i)
        stages = self._nodes["stages"]
        return self._segment(h, [None, *stages][i], [*stages, self._nodes["logits"]][i])

    def embed(self, h: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        self._check_segment(h, len(self.widths))
        return self._embedding(self._segment(h, [None, *self._nodes["stages"]][-1], self._nodes["embedding"]))

    def _embedding(self, read: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        return dense.as_embedding(read, self.averages)

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        self._check_embedding(e)
        dense.check_classifies(self.name, self.averages)
        part = graphs.cut(self._graph, self._nodes["embedding"], self._nodes["logits"])
        made: Tensor = fx.Interpreter(self.model, graph=part).run(e.unflatten(1, self.embedding_shape))
        return made

    @property
    def taps(self) -> list[fx.Node]:
        """The nodes of the stem, if there is one, and of the stages."""
        stem = self._nodes["stem"]
        return [*([] if stem is None else [stem]), *self._nodes["stages"]]

    @property
    def _nodes(self) -> dict[str, Any]:
        """The nodes that the graph of the present mode returns."""
        return cast(dict[str, Any], heads.output(self._graph).args[0])

    @property
    def _graph(self) -> fx.Graph:
        return self.graphs[self.training]

    def _segment(self, h: Float[Tensor, "B ..."], start: fx.Node | None, end: fx.Node) -> Float[Tensor, "B ..."]:
        """From the active map of `start` (None: from the images) to `end`."""
        part = graphs.cut(self._graph, start, end)
        views = dict(zip(self.taps, self.views, strict=False))
        if start is not None:
            graphs.check_active(self.model, start, end, views.get(start) is None)
        made: Tensor = fx.Interpreter(self.model, graph=part).run(self._images(h) if start is None else h)
        view = views.get(end)
        return made if view is None else view(made)

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        return graphs.last_norms(self.model, self._graph, self._nodes["stages"])

    def _images(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B ..."]:
        return x if self.channels is None else layers.as_images(x, self.channels)


def _tapped(
    model: nn.Module, stages: Sequence[str], embedding: str | None, logits: str | None, stem: str | None
) -> dict[bool, fx.Graph]:
    """The model's graph of each mode, returning what a `Trace` holds."""
    both = both_graphs(model)
    name = type(model).__name__
    ends = heads.named_logits(model, both, logits) if logits else heads.returned_logits(model, both)
    first, named = stem and heads.named(model, both, stem), embedding and heads.named(model, both, embedding)
    maps = [heads.named(model, both, stage) for stage in stages]
    for mode, graph in both.items():
        read: dict[str, Any] = {
            "stem": first[mode] if first else None,
            "stages": [node[mode] for node in maps],
            "embedding": named[mode] if named else dense.read_by_last_layer(model, ends[mode]),
            "logits": ends[mode],
        }
        taps = [*([first[mode]] if first else []), *read["stages"]]
        graphs.check_order([*taps, ends[mode]], name)
        heads.output(graph).args = (read,)
        for tap in dict.fromkeys([*taps, read["embedding"], ends[mode]]):
            graphs.protect(model, tap)
    return both


def _measure(net: Wrapped, model: nn.Module, example: Float[Tensor, "B ..."], read: dict[str, Any]) -> None:
    """Learn widths from what was read of an example in evaluation, and check that it is what a trace should hold."""
    shape = tuple(getattr(read["logits"], "shape", ()))
    message = f"the logits of {net.name} have shape {shape}, expected (B, K), or (B, K, H, W) of pixels"
    require(len(shape) in (2, 4), f"{message}; name their node: wrap(model, logits=…)", ShapeError)
    net.per_pixel = len(shape) == 4
    one = shape[2:] == (1, 1) != example.shape[2:]
    require(not one, f"{message} as large as the images; of whole images flatten them to (B, K)", ShapeError)
    net.averages = net.per_pixel or (net.asked["embedding"] is None and read["embedding"].ndim == 4)
    if net.asked["logits"] is None:
        _check_faithful(net, model, example)
    maps = read["stages"] if read["stem"] is None else (read["stem"], *read["stages"])
    for h in maps:
        message = f"a stage of {net.name} has shape {tuple(h.shape)}, expected a map (B, C, H, W); leave it out"
        require(h.ndim == 4, message, ShapeError)
    net.widths = tuple(stage.shape[1] for stage in read["stages"])
    net.stem_width = None if read["stem"] is None else read["stem"].shape[1]
    net.embedding_shape = tuple(read["embedding"].shape[1:])
    net.embedding_dim, net.num_classes = net._embedding(read["embedding"]).shape[1], shape[1]


def _first_pass(net: Wrapped, example: Float[Tensor, "B ..."]) -> dict[str, Any]:
    """What the net reads of the example; learns whether the first convolution reads the images' own channels."""
    own = example.shape[1] if example.ndim == 4 and net.channels is not None else net.channels
    errors: list[Exception] = []
    for channels in dict.fromkeys([net.channels, own] if own in (1, net.channels) else [own]):
        net.channels = channels
        try:
            return net.read(example)
        except Exception as error:  # again the model's own code
            errors.append(error)
    raise ConfigError(
        f"{net.name} cannot read a batch {tuple(example.shape)} ({str(errors[0])[:120]}); pass some of your images, "
        "wrap(model, example=images), or another size: build(name, size=…)"
    ) from errors[0]


def _check_faithful(net: Wrapped, model: nn.Module, example: Float[Tensor, "B ..."]) -> None:
    """The graph must compute the logits that the model returns, whatever it draws at random in evaluation, too."""
    state = torch.get_rng_state()
    returned = dense.main_output(model(net._images(example)))
    torch.set_rng_state(state)
    logits = net.read(example)["logits"]
    torch.set_rng_state(state)
    require(
        torch.allclose(returned, logits, rtol=0, atol=0, equal_nan=True),
        f"{net.name} returns other numbers than its graph computes: they depend on more than the images, or torch.fx "
        "does not see an operation; such a model cannot be wrapped",
    )
