"""The routing network of spot-adaptive distillation: two nets joined place by place, in which a policy learns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..nets import Net, Trace
from ..train import Distiller, eval_mode
from ..train.distiller import Layer
from .adapters import pooled
from .fitnets import Regressor

HEAD_START = 10.0  # on the logits of "distil", where the nets are of one family; the authors' number


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
        """stage1, stage2, …, embedding or logits."""
        return f"stage{self.layer}" if isinstance(self.layer, int) else self.layer


def places(inner: Distiller) -> tuple[Place, ...]:
    """The layers that the spots of `inner` read, in order, and the logits; stages pair with the teacher's from the
    end.

    >>> student, teacher = (kd.nets.build("resnet8", classes=10) for _ in "st")
    >>> [place.name for place in places(kd.papers.get("AT")(student, teacher))]
    ['stage1', 'stage2', 'stage3', 'logits']
    """
    assert inner.teacher is not None
    n_s, n_t = len(inner.student.widths), len(inner.teacher.widths)
    layers = {layer for spot in inner.spots() for layer in spot.layers}
    stages = sorted(layer for layer in layers if isinstance(layer, int))
    found = [Place(i, i, max(1, i + n_t - n_s)) for i in stages]
    if "embedding" in layers:
        found.append(Place("embedding", n_s + 1, n_t + 1))
    return (*found, Place("logits", n_s + 2, n_t + 2))


def advance(net: Net, h: Float[Tensor, "B ..."], start: int, stop: int) -> Float[Tensor, "B ..."]:
    """From position `start` of a net to position `stop`, see `Place`.

    >>> net = kd.nets.build("resnet8", classes=10).eval()
    >>> advance(net, torch.zeros(2, 3, 32, 32), 0, 1).shape
    torch.Size([2, 16, 32, 32])
    """
    stages = len(net.widths)
    if start == 0 and stop > stages:  # nothing is routed on the way: also for a net that shows no segments
        return at(net.trace(h), stop)
    for i in range(start, stop):
        h = F.relu(net.run(h, i)) if i < stages else net.embed(h) if i == stages else net.classify(h)
    return h


def at(trace: Trace, position: int) -> Float[Tensor, "B ..."]:
    """What a trace holds at a position above 0.

    >>> trace = kd.nets.build("resnet8", classes=10).eval().trace(torch.zeros(2, 3, 32, 32))
    >>> at(trace, 1).shape
    torch.Size([2, 16, 32, 32])
    """
    if position <= len(trace.active):
        return trace.active[position - 1]
    return trace.logits if position > len(trace.active) + 1 else trace.embedding


def adapter(place: Place, source: Net, start: int, goal: Net, stop: int) -> nn.Module:
    """What brings one net's tensor to the other's width: 1×1 convolution, norm and ReLU for maps, else linear.

    >>> student, teacher = (kd.nets.build("resnet8", classes=10) for _ in "st")
    >>> place = places(kd.papers.get("AT")(student, teacher))[0]
    >>> adapter(place, student, place.student, teacher, place.teacher)(torch.zeros(2, 16, 8, 8)).shape
    torch.Size([2, 16, 8, 8])
    """
    if place.layer == "embedding":
        return nn.Linear(source.embedding_dim, goal.embedding_dim)
    return Regressor(source.widths[start - 1], goal.widths[stop - 1])


def sized(x: Float[Tensor, "B C *size"], like: Float[Tensor, "B D *to"]) -> Float[Tensor, "B C *to"]:
    """A map brought to another one's height and width by averages; smaller ones are repeated.

    >>> sized(torch.ones(1, 2, 8, 8), torch.zeros(1, 3, 4, 4)).shape
    torch.Size([1, 2, 4, 4])
    """
    return pooled(x, (like.shape[2], like.shape[3]), "avg") if x.ndim == 4 else x


def policy(student: Net, teacher: Net, spots: int, head_start: float | None = None) -> nn.Linear:
    """One linear layer on both embeddings, with two logits for each spot. `head_start` is added to those of "distil",
    by default 10 where the nets are of one family.

    >>> student, teacher = (kd.nets.build("resnet8", classes=10) for _ in "st")
    >>> policy(student, teacher, spots=4).weight.shape
    torch.Size([8, 128])
    """
    made = nn.Linear(teacher.embedding_dim + student.embedding_dim, 2 * spots)
    start = (HEAD_START if same_family(student, teacher) else 0.0) if head_start is None else head_start
    with torch.no_grad():
        made.bias[::2] += start
    return made


def same_family(student: Net, teacher: Net) -> bool:
    """Whether both names begin with the same letters: resnet20 and resnet56 do, resnet20 and vgg13 do not.

    >>> a, b = kd.nets.build("resnet8", classes=10), kd.nets.build("lenet5", classes=10)
    >>> same_family(a, a), same_family(a, b)
    (True, False)
    """
    letters = [re.match(r"[^\d]*", net.name) for net in (student, teacher)]
    return letters[0] is not None and letters[1] is not None and letters[0][0] == letters[1][0]


def routed(
    student: Net,
    teacher: Net,
    places: Sequence[Place],
    adapters: Sequence[tuple[nn.Module, nn.Module]],
    images: Float[Tensor, "B C H W"],
    decisions: Float[Tensor, "B spots"],
    t: Trace | None = None,
) -> Float[Tensor, "B K"]:
    """The logits of the routing network. Both nets are in eval mode; gradients reach the decisions and adapters.

    At each place a sample goes on with what it came with, or with what the other net made, through an adapter, of which
    there is one to the teacher and one to the student everywhere but at the logits, the last place:

        h_t = a · g_t + (1 - a) · adapter(g_s),    h_s = (1 - a) · g_s + a · adapter(g_t).

    `t`: the teacher's trace of the images in eval mode; it spares the teacher's first segment.

    >>> net = kd.nets.build("resnet8", classes=10).eval()
    >>> routed(net, net, [Place("logits", 5, 5)], [], torch.zeros(2, 3, 32, 32), torch.ones(2, 1)).shape
    torch.Size([2, 10])
    """
    first = places[0]
    with eval_mode(student), eval_mode(teacher):
        with torch.no_grad():  # nothing has been decided before the first place, so no gradient is needed there
            g_s = advance(student, images, 0, first.student)
            g_t = advance(teacher, images, 0, first.teacher) if t is None else at(t, first.teacher)
        for i, (here, there) in enumerate(pairwise(places)):
            to_teacher, to_student = adapters[i]
            a = decisions[:, i].view(-1, *[1] * (g_s.ndim - 1))
            h_t = a * g_t + (1 - a) * sized(to_teacher(g_s), g_t)
            h_s = (1 - a) * g_s + a * sized(to_student(g_t), g_s)
            g_s = advance(student, h_s, here.student, there.student)
            g_t = advance(teacher, h_t, here.teacher, there.teacher)
    last = decisions[:, -1:]
    return (1 - last) * g_s + last * g_t
