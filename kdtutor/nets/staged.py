"""A net that is made of a stem, stages, a pool and a classifier, as all architectures of the course are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from .trace import Net, Trace


class Staged(Net):
    """A net made of four kinds of module; an architecture only supplies these.

    stem: images → the stem's map. stages: the first reads the stem as it is, each later one the active map of the
    stage before it; each ends before its last ReLU. pool: the last active map → embedding. classifier: → logits.
    """

    def __init__(
        self,
        stem: nn.Module,
        stages: Iterable[nn.Module],
        pool: nn.Module,
        classifier: nn.Linear,
        *,
        widths: Sequence[int],
        stem_width: int | None,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.ModuleList(stages)
        self.pool = pool
        self.classifier = classifier
        self.name = "net"
        self.config = {}
        self.card = {}
        self.widths = tuple(widths)
        self.stem_width = stem_width
        self.embedding_dim = classifier.in_features
        self.num_classes = classifier.out_features
        self.head_names = frozenset({"classifier"})

    def trace(self, x: Float[Tensor, "B ..."]) -> Trace:
        stem = self.stem(x)
        active: list[Tensor] = []
        stages: list[Tensor] = []
        h = stem
        for stage in self.stages:
            stages.append(stage(h))
            active.append(h := F.relu(stages[-1]))
        embedding = self.pool(h)
        trace = Trace(
            stem if self.stem_width is not None else None, tuple(stages), embedding, self.classifier(embedding)
        )
        vars(trace)["active"] = tuple(active)  # the ReLUs that the pass has computed anyway fill the cache
        return trace

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        self._check_segment(h, i)
        if i == len(self.stages):
            logits: Tensor = self.classifier(self.pool(h))
            return logits
        made: Tensor = self.stages[i](self.stem(h) if i == 0 else h)
        return made

    def embed(self, h: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        self._check_segment(h, len(self.stages))
        made: Tensor = self.pool(h if self.stages else self.stem(h))
        return made

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        self._check_embedding(e)
        made: Tensor = self.classifier(e)
        return made

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        within = [[m for m in stage.modules() if isinstance(m, nn.BatchNorm2d)] for stage in self.stages]
        return tuple(norms[-1] if norms else None for norms in within)
