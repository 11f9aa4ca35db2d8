"""Several nets that know different classes, as one that answers for all of them."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data.words import listed
from ..errors import choose, require
from ..precision import full_precision
from .ensemble import check_same_pixels, positive
from .trace import Net, Trace

Joined = Literal["scores", "centred", "probabilities"]
JOINED = ("scores", "centred", "probabilities")
Classes = tuple[tuple[int, ...], ...]


class Specialists(Net):
    """Nets that each tell some of the classes apart, as one net of all of them:

        both = kd.Specialists([low, high], classes=[range(5), range(5, 10)])

    classes: for each net the numbers of its classes, in the order of its outputs. Together they are 0 … K-1. A class
        may be known to several nets: then its answer is the mean of theirs.
    of: how answers that were never trained side by side come into one row, see `joined`.
    scales: a positive number for each net, which its logits are multiplied by first: 1/T for one that is calibrated by
        a temperature T. By default 1.

    Its embedding is all of theirs, one after the other; `answers` gives back what each net says of its part. Its stages
    are theirs side by side, active, paired from the last, of two sizes the larger average-pooled. (Through `run` each
    net goes on from what it is given of them: exactly as before where no map was pooled.)

    Raises `ConfigError` where a class is missing or has two names, and for what else cannot be put together.
    """

    def __init__(
        self,
        teachers: Sequence[Net],
        classes: Sequence[Sequence[int]],
        of: Joined = "scores",
        scales: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        _check_nets(teachers)
        self.classes = _checked(classes, teachers)
        self.num_classes = 1 + max(k for own in self.classes for k in own)
        self.of = str(choose("way to join answers", of, JOINED))
        self.scales = positive("scales", scales, len(teachers))
        self.teachers = nn.ModuleList(teachers)
        self.name = " and ".join(net.name for net in teachers)
        self.config = {
            "specialists": [net.config for net in teachers], "classes": [list(own) for own in self.classes],
            "of": self.of, "scales": list(self.scales),
        }  # fmt: skip
        self.card = {}
        depth = min(len(net.widths) for net in teachers)
        self.parts = tuple(tuple(net.widths[i - depth] for net in teachers) for i in range(depth))
        self.widths, self.stem_width = tuple(map(sum, self.parts)), None
        self.embedding_dim = sum(net.embedding_dim for net in teachers)

    def extra_repr(self) -> str:
        return f"classes={self.classes}, of={self.of!r}, scales={self.scales}"

    def trace(self, x: Float[Tensor, "B ..."]) -> Trace:
        traces = [net.trace(x) for net in self._nets()]
        depth = len(self.parts)
        stages = [side_by_side([trace.active[i - depth] for trace in traces]) for i in range(depth)]
        embedding = torch.cat([trace.embedding for trace in traces], 1)
        logits = self._joined([trace.logits for trace in traces])
        return Trace(None, tuple(stages), embedding, logits, relus=(False,) * depth)

    def answers(self, embedding: Float[Tensor, "B D"]) -> list[Float[Tensor, "B _k"]]:
        """The logits of each net over its own classes, as it gives them, from the embedding of all."""
        self._check_embedding(embedding)
        parts = embedding.split([net.embedding_dim for net in self._nets()], 1)
        return [net.classify(part) for net, part in zip(self._nets(), parts, strict=True)]

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        self._check_segment(h, i)
        depth = len(self.parts)
        if i == 0:
            trace = self.trace(h)
            return trace.stages[0] if depth else trace.logits
        if i == depth:
            return self.classify(self.embed(h))
        parts = zip(self._nets(), h.split(self.parts[i - 1], 1), strict=True)
        return side_by_side([F.relu(net.run(part, len(net.widths) - depth + i)) for net, part in parts])

    def embed(self, h: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        if not self.parts:
            return self.trace(h).embedding
        parts = zip(self._nets(), h.split(self.parts[-1], 1), strict=True)
        return torch.cat([net.embed(part) for net, part in parts], 1)

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        return self._joined(self.answers(e))

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        return (None,) * len(self.parts)

    def _joined(self, answers: Sequence[Float[Tensor, "B _k"]]) -> Float[Tensor, "B K"]:
        return joined([scale * z for scale, z in zip(self.scales, answers, strict=True)], self.classes, self.of)

    def _nets(self) -> list[Net]:
        return [net for net in self.teachers if isinstance(net, Net)]


@full_precision
def joined(
    answers: Sequence[Float[Tensor, "B _k"]], classes: Sequence[Sequence[int]], of: str = "scores"
) -> Float[Tensor, "B K"]:
    """One row of K answers from several nets, each over its own classes; the mean where several know a class.

    of: "scores": the logits as they are. "centred": each net's without their mean, which its own softmax does not see.
        "probabilities": the logarithms of each net's softmax, so that the largest probability of any net wins.

    >>> low, high = torch.tensor([[4.0, 0.0]]), torch.tensor([[9.0, 8.0]])
    >>> joined([low, high], [[0, 1], [2, 3]]).argmax().item()  # the largest number
    2
    >>> joined([low, high], [[0, 1], [2, 3]], "probabilities").argmax().item()  # the surest net
    0
    """
    blocks = list(answers)
    if of == "centred":
        blocks = [z - z.mean(1, keepdim=True) for z in blocks]
    if of == "probabilities":
        blocks = [F.log_softmax(z, 1) for z in blocks]
    columns: list[list[Tensor]] = [[] for _ in range(1 + max(k for own in classes for k in own))]
    for z, own in zip(blocks, classes, strict=True):
        for column, k in zip(z.unbind(1), own, strict=True):
            columns[k].append(column)
    return torch.stack([column[0] if len(column) == 1 else torch.stack(column).mean(0) for column in columns], 1)


def side_by_side(maps: Sequence[Float[Tensor, "B _C _H _W"]]) -> Float[Tensor, "B D h w"]:
    """The channels of all maps, one map after the other; larger maps are average-pooled to the smallest size.

    >>> side_by_side([torch.zeros(1, 2, 8, 8), torch.zeros(1, 3, 4, 4)]).shape
    torch.Size([1, 5, 4, 4])
    """
    size = min(x.shape[2] for x in maps), min(x.shape[3] for x in maps)
    return torch.cat([x if tuple(x.shape[2:]) == size else F.adaptive_avg_pool2d(x, size) for x in maps], 1)


def _check_nets(teachers: Any) -> None:
    told = f"specialists are a list of nets; this is a {type(teachers).__name__}"
    require(isinstance(teachers, list | tuple), told)
    for net in teachers:
        told = f"specialists are nets; one of these is a {type(net).__name__}"
        require(isinstance(net, Net), f"{told}: make it with nets.build, nets.wrap or nets.teacher")
        told = f"{net.name} answers for each pixel; only answers for whole images are put together"
        require(not net.per_pixel, f"{told}: take a classifier of images")
    require(len(teachers) >= 2, f"{len(teachers)} teacher is no group of specialists; give two or more, or use the one")
    check_same_pixels(teachers)


def _checked(classes: Any, teachers: Sequence[Net]) -> Classes:
    """The classes of each net, as tuples. Raises `ConfigError` unless they fit the nets and are 0 … K-1 together."""
    told = f"classes={classes!r:.60}: expected the numbers of the classes of each of the {len(teachers)} nets"
    listed_all = isinstance(classes, list | tuple) and all(isinstance(own, Sequence) for own in classes)
    require(listed_all and len(classes) == len(teachers), f"{told}, such as [range(5), range(5, 10)]")
    found: list[tuple[int, ...]] = []
    for net, own in zip(teachers, classes, strict=True):
        numbers = all(_is_class(k) for k in own) and len(set(own)) == len(own)
        require(numbers, f"classes {own!r:.40} of {net.name}: expected different numbers, ≥ 0")
        told = f"{net.name} has {net.num_classes} outputs and is given {len(own)} classes, {own!r:.40}"
        require(len(own) == net.num_classes, f"{told}; name one class for each output")
        found.append(tuple(map(int, own)))
    known = {k for own in found for k in own}
    missing = sorted(set(range(max(known) + 1)) - known)
    told = f"no teacher knows class {listed([str(k) for k in missing])}, and the classes go up to {max(known)}"
    require(not missing, f"{told}; add a teacher that does, or number the classes anew without gaps")
    _check_names(found, teachers)
    return tuple(found)


def _check_names(classes: Sequence[Sequence[int]], teachers: Sequence[Net]) -> None:
    """A class has one name, as far as the cards tell. Raises `ConfigError`."""
    names: dict[int, tuple[str, str]] = {}
    for net, own in zip(teachers, classes, strict=True):
        for k, name in zip(own, net.card.get("classes") or (), strict=False):
            known, by = names.setdefault(k, (name, net.name))
            told = f"class {k} is {known!r} for {by} and {name!r} for {net.name}, by their cards"
            require(known == name, f"{told}; give each net its own classes, in the order of its outputs")


def _is_class(k: Any) -> bool:
    return isinstance(k, Integral) and not isinstance(k, bool) and int(k) >= 0  # type: ignore[unreachable]  # True is one
