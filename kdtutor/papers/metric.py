"""Metric learning with and without a teacher: triplets instead of classes, recall instead of accuracy (RKD, §4.1)."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..data import UNLABELLED, Batch, Data, Split
from ..errors import choose, require
from ..nets import Net, Trace
from ..train import Distiller, Phase
from ..train.objective import Terms
from ..train.retrieval import embed, recall_at
from .relational import Relational
from .tensors import full_precision, unit

MARGIN = 0.1
DISTANCE, ANGLE = 1.0, 2.0  # weights of the two losses: github.com/lenscloth/RKD, metric learning
TRIPLETS = ("all", "hard", "semihard", "easy")

Compare = Callable[[Tensor, Tensor], Tensor]


def triplets(margin: float = MARGIN, normalise: bool = True, kind: str = "all") -> Compare:
    """The triplet loss as a function of embeddings (B, D) and labels (B,).

    max(0, ‖a - p‖ - ‖a - n‖ + margin), mean over the triplets of an anchor, a positive of its class and a negative of
    another, that are not yet `margin` apart. pytorch-metric-learning mines and counts them; `kind` is that of its
    `TripletMarginMiner`. Without a label there is no triplet; without a triplet the loss is 0.

    >>> loss = triplets(margin=0.1, normalise=False)
    >>> loss(torch.tensor([[0.0], [0.1], [9.0]]), torch.tensor([0, 0, 1])).item()  # far enough apart already
    0.0
    """
    return _Triplets(margin, normalise, choose("kind of triplet", kind, TRIPLETS))


class _Triplets:
    """What `triplets` returns: a class, so that a method which holds one can be copied and saved."""

    def __init__(self, margin: float, normalise: bool, kind: str) -> None:
        from pytorch_metric_learning.distances import LpDistance
        from pytorch_metric_learning.losses import TripletMarginLoss
        from pytorch_metric_learning.miners import TripletMarginMiner

        distance = LpDistance(normalize_embeddings=normalise)
        self.miner = TripletMarginMiner(margin=margin, type_of_triplets=kind, distance=distance)
        self.loss = TripletMarginLoss(margin=margin, distance=distance)

    @full_precision
    def __call__(self, embeddings: Float[Tensor, "B D"], labels: Int[Tensor, " B"]) -> Float[Tensor, ""]:
        known = labels != UNLABELLED
        embeddings, labels = embeddings[known], labels[known]
        if len(labels) < 3:
            return embeddings.sum() * 0
        with torch.no_grad():
            mined = self.miner(embeddings, labels)
        value: Tensor = self.loss(embeddings, labels, mined)
        return value


class _Metric(Distiller):
    """What both methods of this file share: recall on held-out classes, and no accuracy, for there are no classes."""

    normalise: bool
    mixes = False  # a triplet is of classes

    @property
    def graphable(self) -> bool:
        return False  # which triplets there are depends on the embeddings: a step waits to know how many

    def measure(self, split: Split, data: Data) -> dict[str, float]:
        """Recall@1 of the student's embeddings."""
        return recall_at(embed(self.student, split, data), split.labels, normalise=self.normalise)

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        terms = super().step(batch, phase, optimisers)
        return {name: value for name, value in terms.items() if name != "train_accuracy"}


class Triplets(_Metric):
    """A net alone: the triplet loss of its embeddings. Its last layer takes no part.

    `normalise`: whether embeddings are compared at unit length, in the loss and in the recall.
    """

    def __init__(self, student: Net, margin: float = MARGIN, normalise: bool = True, kind: str = "all") -> None:
        super().__init__(student, margin=margin, normalise=normalise, kind=kind)
        _check_margin(margin)
        self.normalise = normalise
        self._compare = triplets(margin, normalise, kind)

    def weights(self) -> dict[str, float]:
        return {"triplet": 1.0}

    def losses(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        return {"triplet": self._compare(s.embedding, batch.labels)}

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        return (Phase("alone", epochs, self.losses, needs_teacher=False),)


class RelationalMetric(_Metric, Relational):
    """A student whose embeddings are to lie to one another as the teacher's do; no label is needed for that.

    `triplet` weighs the triplet loss on its labels beside it; 0 leaves it out, as the paper does. The teacher's
    embeddings are taken at unit length, the student's only with `normalise`, as in the paper's better variant.
    """

    def __init__(
        self,
        student: Net,
        teacher: Net,
        distance: float = DISTANCE,
        angle: float = ANGLE,
        triplet: float = 0.0,
        margin: float = MARGIN,
        normalise: bool = False,
        kind: str = "all",
    ) -> None:
        super().__init__(student, teacher, distance=distance, angle=angle)
        _check_margin(margin)
        require(triplet >= 0, f"triplet={triplet}: the weight of the triplet loss must not be negative")
        own: dict[str, Any] = {"triplet": triplet, "margin": margin, "normalise": normalise, "kind": kind}
        self.options = {"distance": distance, "angle": angle, **own}
        self.triplet, self.normalise = triplet, normalise
        self._compare = triplets(margin, normalise, kind)

    def embeddings(self, s: Trace, t: Trace) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B E"]]:
        return unit(s.embedding) if self.normalise else s.embedding, unit(t.embedding)

    def task(self, s: Trace, t: Trace | None, batch: Batch) -> Terms:
        """The triplet loss, if asked for; never cross-entropy."""
        return {"triplet": self._compare(s.embedding, batch.labels)} if self.triplet else {}

    def task_weights(self) -> dict[str, float]:
        return {"triplet": self.triplet} if self.triplet else {}


def _check_margin(margin: float) -> None:
    require(margin > 0, f"margin={margin}: the margin of the triplet loss must be positive")
