"""A net that can answer early: a small classifier after each of its stages but the last."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import ConfigError, ShapeError, require
from .counts import count_multiply_adds
from .dense import check_classifies
from .trace import Net, Trace


class Answer(NamedTuple):
    """What one exit answers: the features (B, D) that its classifier reads, and the logits (B, K)."""

    features: Float[Tensor, "B D"]
    logits: Float[Tensor, "B K"]


def separable(c_in: int, c_out: int) -> nn.Sequential:
    """A 3×3 convolution of each channel alone, which halves the map, and a 1×1 convolution between channels.

    >>> separable(4, 8)(torch.zeros(2, 4, 6, 6)).shape
    torch.Size([2, 8, 3, 3])
    """
    return nn.Sequential(
        nn.Conv2d(c_in, c_in, 3, stride=2, padding=1, groups=c_in, bias=False),
        nn.Conv2d(c_in, c_out, 1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
    )


class Exit(nn.Module):
    """A bottleneck that turns a stage's active map into features of the deepest classifier's size, and a classifier.

    widths: the channels of the map, of the stages that the exit passes over, and last the features. Each step is a
    `separable` convolution, so that the map is as small at the end as the last stage's, for little arithmetic.
    """

    def __init__(self, widths: Sequence[int], classes: int) -> None:
        super().__init__()
        steps = [separable(c_in, c_out) for c_in, c_out in pairwise(widths)]
        self.bottleneck = nn.Sequential(*steps, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, h: Float[Tensor, "B C H W"]) -> Answer:
        features = self.bottleneck(h)
        return Answer(features, self.classifier(features))


class MultiExit(Net):
    """Any net with two stages or more, and an `Exit` after each stage but the last.

    As a `Net` it is the net within: its trace and its logits are the deepest classifier's, so that every method teaches
    it, and every function reads it. `answers` are those of all exits, and `at` is one of them as a net of its own.
    `nets.build(name, exits=True)` makes one that a card can build again.

    Raises `ConfigError` for a net with fewer stages, or one that answers for each pixel.
    """

    def __init__(self, net: Net) -> None:
        super().__init__()
        kind = type(net).__name__
        told = f"exits are put into a net, made by nets.build, nets.wrap or nets.teacher; this is of type {kind}"
        require(isinstance(net, Net), told)
        check_classifies(net.name, net.per_pixel)
        require(not isinstance(net, MultiExit), f"{net.name} has exits already")
        told = f"{net.name} has {len(net.widths)} stages; an exit stands between two stages, so it takes at least 2"
        require(len(net.widths) >= 2, told)
        self.net = net
        self.exits = nn.ModuleList(
            Exit((*net.widths[i:-1], net.embedding_dim), net.num_classes) for i in range(len(net.widths) - 1)
        )
        self.name, self.config, self.card = f"{net.name} with exits", {**net.config, "exits": True}, {}
        self.widths, self.stem_width = net.widths, net.stem_width
        self.embedding_dim, self.num_classes = net.embedding_dim, net.num_classes
        self.head_names = frozenset(f"net.{name}" for name in net.head_names)

    def trace(self, x: Float[Tensor, "B ..."]) -> Trace:
        return self.net.trace(x)

    def answers(self, trace: Trace) -> tuple[Answer, ...]:
        """Of every exit, from a trace of this net; the last is the net's own."""
        early = [self._exit(i)(trace.active[i]) for i in range(len(self.exits))]
        return (*early, Answer(trace.embedding, trace.logits))

    def at(self, number: int) -> Net:
        """Exit 1, 2, … as a net that stops there, with the same weights; the last exit is the net within."""
        last = len(self.widths)
        require(1 <= number <= last, f"exit {number} does not exist: {self.name} has exits 1 to {last}")
        return self.net if number == last else UpToExit(self, number)

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        return self.net.run(h, i)

    def embed(self, h: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        return self.net.embed(h)

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        return self.net.classify(e)

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        return self.net.norms

    def _exit(self, i: int) -> Exit:
        found = self.exits[i]
        assert isinstance(found, Exit)
        return found


class UpToExit(Net):
    """The first stages of a net with exits, and the exit after them; made by `MultiExit.at`."""

    def __init__(self, whole: MultiExit, number: int) -> None:
        super().__init__()
        self.net, self.exit = whole.net, whole._exit(number - 1)
        self.name = f"{whole.net.name} up to exit {number}"
        self.config, self.card = {"exit": number, "of": whole.config}, {}
        self.widths, self.stem_width = whole.widths[:number], None
        self.embedding_dim, self.num_classes = whole.embedding_dim, whole.num_classes
        self.head_names = frozenset({"exit.classifier"})
        self.train(whole.training)

    def trace(self, x: Float[Tensor, "B ..."]) -> Trace:
        stages: list[Tensor] = []
        for i in range(len(self.widths)):
            x = F.relu(stages[-1]) if stages else x
            stages.append(self.net.run(x, i))
        features, logits = self.exit(F.relu(stages[-1]))
        return Trace(None, tuple(stages), features, logits)

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        self._check_segment(h, i)
        logits: Tensor = self.exit(h).logits if i == len(self.widths) else self.net.run(h, i)
        return logits

    def embed(self, h: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        self._check_segment(h, len(self.widths))
        made: Tensor = self.exit(h).features
        return made

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        self._check_embedding(e)
        logits: Tensor = self.exit.classifier(e)
        return logits

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        return self.net.norms[: len(self.widths)]


def first_sure(logits: Float[Tensor, "E B K"], threshold: float) -> Int[Tensor, " B"]:
    """The first of E exits whose largest probability reaches `threshold`, for each sample; the last where none does.

    threshold: a probability, so 0 lets every sample leave at the first exit. Raises `ConfigError` for other numbers.

    >>> sure, unsure = torch.tensor([9.0, 0.0]), torch.tensor([0.1, 0.0])
    >>> first_sure(torch.stack([torch.stack([sure, unsure]), torch.stack([sure, sure])]), threshold=0.9)
    tensor([0, 1])
    """
    _check_threshold(threshold)
    require(logits.ndim == 3, f"logits of the shape {tuple(logits.shape)}; expected (exits, B, K)", ShapeError)
    sure = F.softmax(logits, 2).amax(2) >= threshold  # E B
    sure[-1] = True
    return sure.int().argmax(0)


@torch.no_grad()
def early_exit(
    net: MultiExit, x: Float[Tensor, "B ..."], threshold: float
) -> tuple[Float[Tensor, "B K"], Int[Tensor, " B"]]:
    """The logits of each sample at the first exit that is sure of it, and the number of that exit, counted from 0.

    A stage is run only on the samples that are still on their way: what has left costs no more.

    >>> net, x = kd.nets.build("resnet8x0.25", classes=10, exits=True).eval(), torch.rand(4, 3, 32, 32)
    >>> early_exit(net, x, threshold=0.0)[1]
    tensor([0, 0, 0, 0])
    """
    _check_threshold(threshold)
    _check_exits(net)
    left = torch.full((len(x),), len(net.exits), device=x.device)
    logits = x.new_empty(len(x), net.num_classes)
    rest = torch.arange(len(x), device=x.device)
    h = net.run(x, 0)
    for i, leave in enumerate(net.exits):
        h = F.relu(h)
        said = leave(h).logits
        sure = F.softmax(said, 1).amax(1) >= threshold
        logits[rest[sure]], left[rest[sure]] = said[sure], i
        rest, h = rest[~sure], h[~sure]
        if not len(rest):
            return logits, left
        h = net.run(h, i + 1)
    logits[rest] = net.run(F.relu(h), len(net.widths))
    return logits, left


def exit_costs(net: MultiExit, x: Float[Tensor, "1 ..."]) -> tuple[int, ...]:
    """Multiply-adds of an image that leaves at exit 1, 2, …: the stages up to there, and every exit on the way, since
    each has been asked whether it is sure.

    >>> net = kd.nets.build("resnet8x0.25", classes=10, exits=True)
    >>> exit_costs(net, torch.zeros(1, 3, 32, 32))
    (435872, 678208, 907744)
    """
    _check_exits(net)
    with torch.no_grad():
        maps = net.trace(x).active
        heads = [count_multiply_adds(leave, maps[i]) for i, leave in enumerate(net.exits)]
    stops = [count_multiply_adds(net.at(i + 1), x) for i in range(len(net.widths))]
    before = [0, *accumulate(heads)]
    return tuple(stop + asked for stop, asked in zip(stops, before, strict=True))


def _check_exits(net: Net) -> None:
    told = (
        f"{getattr(net, 'name', type(net).__name__)} has no exits; build it with exits=True, or put nets.MultiExit(net)"
    )
    require(isinstance(net, MultiExit), f"{told} around it")


def _check_threshold(threshold: float) -> None:
    told = f"threshold={threshold}: expected a probability, 0…1, which the largest of the softmax is compared with"
    require(0 <= threshold <= 1, told, ConfigError)
