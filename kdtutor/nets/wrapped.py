"""A `Net` whose trace is read from the graphs of a model from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from jaxtyping import Float
from torch import Tensor, fx, nn

from . import dense, graphs, heads, layers
from .maps import View, kinds
from .symbolic import both_graphs, compiled
from .trace import Net, Trace


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
