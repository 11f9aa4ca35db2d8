"""Two nets joined segment by segment: the parts of spot-adaptive distillation's routing network."""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..nets import Net, Trace
from ..train import Distiller
from ..train.distiller import Layer
from .adapters import pooled
from .fitnets import Regressor


@dataclass(frozen=True)
class Place:
    """A spot of the routing network: how many segments of each net lie before it.

    Position 0 is the image, i the active map of stage i, then come the embedding and the logits.
    """

    layer: Layer
    student: int
    teacher: int

    @property
    def name(self) -> str:
        return f"stage{self.layer}" if isinstance(self.layer, int) else self.layer


def places(inner: Distiller) -> tuple[Place, ...]:
    """The layers that the spots of `inner` read, in order, and the logits; stages pair with the teacher's from the
    end."""
    assert inner.teacher is not None
    n_s, n_t = len(inner.student.widths), len(inner.teacher.widths)
    layers = {layer for spot in inner.spots() for layer in spot.layers}
    stages = sorted(layer for layer in layers if isinstance(layer, int))
    found = [Place(i, i, max(1, i + n_t - n_s)) for i in stages]
    if "embedding" in layers:
        found.append(Place("embedding", n_s + 1, n_t + 1))
    return (*found, Place("logits", n_s + 2, n_t + 2))


def advance(net: Net, h: Float[Tensor, "B ..."], start: int, stop: int) -> Float[Tensor, "B ..."]:
    """From position `start` of a net to position `stop`, see `Place`."""
    stages = len(net.widths)
    for i in range(start, stop):
        h = F.relu(net.run(h, i)) if i < stages else net.embed(h) if i == stages else net.classify(h)
    return h


def at(trace: Trace, position: int) -> Float[Tensor, "B ..."]:
    """What a trace holds at a position above 0."""
    return (*trace.active, trace.embedding, trace.logits)[position - 1]


def adapter(place: Place, source: Net, start: int, goal: Net, stop: int) -> nn.Module:
    """What brings one net's tensor to the other's width: 1×1 convolution, norm and ReLU for maps, else linear."""
    if place.layer == "embedding":
        return nn.Linear(source.embedding_dim, goal.embedding_dim)
    return Regressor(source.widths[start - 1], goal.widths[stop - 1])


def sized(x: Float[Tensor, "B C *size"], like: Float[Tensor, "B D *to"]) -> Float[Tensor, "B C *to"]:
    """A map brought to another one's height and width by averages; smaller ones are repeated."""
    return pooled(x, (like.shape[2], like.shape[3]), "avg") if x.ndim == 4 else x
