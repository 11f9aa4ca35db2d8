"""Several teachers as one: what they answer together is the mean of what each answers."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Classification, Dense, MultiLabel, Regression, Task
from ..data.tasks import task_of
from ..errors import ConfigError, choose, require
from ..precision import full_precision
from .counts import count_parameters
from .dense import check_classifies
from .trace import Net, Trace

Mean = Literal["probabilities", "labels", "logits"]
MEANS: Mapping[str, tuple[type[Task], ...]] = {
    "probabilities": (Classification, Dense),
    "labels": (MultiLabel,),
    "logits": (Task,),
}
"""What may be averaged, and of which tasks."""


class Ensemble(Net):
    """Several nets that answer with the mean of their answers, wherever a teacher is asked for.

        teacher = kd.Ensemble([kd.nets.teacher("digits-resnet14"), other], weights=[2, 1])

    of: "probabilities": the logits are the logarithm of the weighted mean of the softmaxes, of each image or pixel.
        "labels": those whose sigmoid is the weighted mean of the sigmoids, label by label. "logits": the weighted mean
        of the outputs as they are: logits, or the numbers of a regression. By default as the task on the nets' cards
        asks for, "probabilities" where they tell none.
    weights: a positive number for each net; what counts is its share in their sum. By default all count alike.

    Its embedding is all of theirs, one after the other. It shows no stages: a method that matches maps takes one
    teacher. Its card tells what theirs have in common.

    Raises `ConfigError` for less than two nets, for nets whose outputs are not about the same, as far as their cards
    say, and for weights that are none.
    """

    def __init__(self, teachers: Sequence[Net], weights: Sequence[float] | None = None, of: Mean | None = None) -> None:
        super().__init__()
        _check_nets(teachers)
        task = _task(teachers)
        self.of = str(choose("mean of an ensemble", of, MEANS)) if of is not None else _usual(task)
        self.weights = _shares(weights, len(teachers))
        self.teachers = nn.ModuleList(teachers)
        self.name = " + ".join(net.name for net in teachers)
        self.config = {"ensemble": [net.config for net in teachers], "weights": list(self.weights), "of": self.of}
        self.card = _card(teachers)
        self.widths, self.stem_width = (), None
        self.embedding_dim = sum(net.embedding_dim for net in teachers)
        self.num_classes = teachers[0].num_classes
        self.per_pixel = teachers[0].per_pixel
        if task is not None:
            self.check_task(task)

    def check_task(self, task: Task) -> None:
        """Raises `ConfigError` where this mean is none of the answers to `task`."""
        fitting = [name for name, tasks in MEANS.items() if isinstance(task, tasks)]
        told = (
            f"the mean of {self.of} is none for {task}; say what is averaged: kd.Ensemble(teachers, of={fitting[0]!r})"
        )
        require(self.of in fitting, told)

    def extra_repr(self) -> str:
        return f"weights={self.weights}, of={self.of!r}"

    def trace(self, x: Float[Tensor, "B ..."]) -> Trace:
        traces = [net.trace(x) for net in self._nets()]
        embedding = torch.cat([trace.embedding for trace in traces], 1)
        return Trace(None, (), embedding, averaged([trace.logits for trace in traces], self.weights, self.of))

    def run(self, h: Float[Tensor, "B ..."], i: int) -> Float[Tensor, "B ..."]:
        self._check_segment(h, i)
        return self.trace(h).logits

    def embed(self, h: Float[Tensor, "B ..."]) -> Float[Tensor, "B D"]:
        return self.trace(h).embedding

    def classify(self, e: Float[Tensor, "B D"]) -> Float[Tensor, "B K"]:
        check_classifies(self.name, self.per_pixel)
        self._check_embedding(e)
        parts = e.split([net.embedding_dim for net in self._nets()], 1)
        answers = [net.classify(part) for net, part in zip(self._nets(), parts, strict=True)]
        return averaged(answers, self.weights, self.of)

    @property
    def norms(self) -> tuple[nn.BatchNorm2d | None, ...]:
        return ()

    def _nets(self) -> list[Net]:
        return [net for net in self.teachers if isinstance(net, Net)]


@full_precision
def averaged(
    outputs: Sequence[Float[Tensor, "B K *size"]], weights: Sequence[float], of: str = "probabilities"
) -> Float[Tensor, "B K *size"]:
    """The outputs that stand for the weighted mean of several, see `Ensemble`; the weights sum to 1.

    No probability is taken out of its logarithm: where all are sure, the mean stays exact.

    >>> one, other = torch.tensor([[0.9, 0.1]]).log(), torch.tensor([[0.5, 0.5]]).log()
    >>> averaged([one, other], [0.5, 0.5]).exp().round(decimals=4)
    tensor([[0.7000, 0.3000]])
    """
    z = torch.stack(list(outputs))
    share = z.new_tensor(list(weights)).view(-1, *[1] * (z.ndim - 1))
    if of == "logits":
        return (share * z).sum(0)
    if of == "labels":
        yes, no = ((F.logsigmoid(x) + share.log()).logsumexp(0) for x in (z, -z))
        return yes - no
    return (F.log_softmax(z, 2) + share.log()).logsumexp(0)


def _check_nets(teachers: Any) -> None:
    told = f"an ensemble is made of a list of nets; this is a {type(teachers).__name__}"
    require(isinstance(teachers, list | tuple), told)
    for net in teachers:
        told = f"an ensemble is made of nets; one of these is a {type(net).__name__}"
        require(isinstance(net, Net), f"{told}: make it with nets.build, nets.wrap or nets.teacher")
    require(
        len(teachers) >= 2, f"an ensemble of {len(teachers)} is none; give two nets or more, or pass the one itself"
    )
    first = teachers[0]
    for net in teachers[1:]:
        told = f"{first.name} has {first.num_classes} outputs and {net.name} has {net.num_classes}"
        require(net.num_classes == first.num_classes, f"{told}; only nets for the same can answer together")
        told = f"one of {first.name} and {net.name} answers for each pixel, the other for whole images"
        require(net.per_pixel == first.per_pixel, f"{told}; only answers to the same can be averaged")
    named = [net for net in teachers if net.card.get("classes")]
    for net in named[1:]:
        told = f"{named[0].name} and {net.name} name other classes, or in another order, on their cards"
        require(list(net.card["classes"]) == list(named[0].card["classes"]), f"{told}; only the same can be averaged")
    check_same_pixels(teachers)


def check_same_pixels(teachers: Sequence[Net]) -> None:
    """Raises `ConfigError` where nets that are to see the same images were trained on pixels of other statistics.

    >>> check_same_pixels([kd.nets.teacher("digits-resnet14"), kd.nets.teacher("digits-lenet5")])  # silent: they agree
    """
    shown = [net for net in teachers if net.card.get("mean") and net.card.get("std")]
    for net in shown[1:]:
        told = f"{shown[0].name} and {net.name} were trained on pixels of other means or deviations, by their cards"
        same = all(list(net.card[key]) == list(shown[0].card[key]) for key in ("mean", "std"))
        require(same, f"{told}; several nets together are shown the same images")


def _task(teachers: Sequence[Net]) -> Task | None:
    """The task that the cards tell. Raises `ConfigError` where they tell several."""
    known = [task for task in (task_of(net.card) for net in teachers) if task is not None]
    for task in known[1:]:
        units = " in other units" if type(task) is type(known[0]) else ""
        told = f"the nets were trained for {known[0]} and for {task}{units}, by their cards"
        require(task == known[0], f"{told}; only answers to the same can be averaged")
    return known[0] if known else None


def _usual(task: Task | None) -> str:
    if isinstance(task, Regression):
        return "logits"
    return "labels" if isinstance(task, MultiLabel) else "probabilities"


def _shares(weights: Any, count: int) -> tuple[float, ...]:
    """Positive numbers that sum to 1."""
    numbers = positive("weights", weights, count, "; leave out a net without weight")
    return tuple(number / sum(numbers) for number in numbers)


def positive(name: str, numbers: Any, count: int, remedy: str = "") -> tuple[float, ...]:
    """A positive number for each of `count` nets; ones by default. Raises `ConfigError`.

    >>> positive("weights", [2, 1], 2), positive("weights", None, 2)
    ((2.0, 1.0), (1.0, 1.0))
    """
    told = f"{name}={numbers!r:.60}: expected {count} positive numbers, one for each net{remedy}"
    try:
        found = [1.0] * count if numbers is None else [float(number) for number in numbers]
    except (TypeError, ValueError):
        raise ConfigError(told) from None
    require(len(found) == count and all(0 < number < float("inf") for number in found), told)
    return tuple(found)


def _card(teachers: Sequence[Net]) -> dict[str, Any]:
    """What the cards have in common, and all that went into it."""
    cards = [net.card for net in teachers]
    if not all(cards):
        return {}
    common = {key: cards[0][key] for key in CARD if key in cards[0] and all(c.get(key) == cards[0][key] for c in cards)}
    if "data" in cards[0] and "data" not in common:
        common["data"] = " and ".join(sorted({str(card.get("data")) for card in cards}))
    parts = [{key: card.get(key) for key in ("name", "sha256")} for card in cards]
    parameters = sum(map(count_parameters, teachers))
    names = " + ".join(str(card.get("name", net.name)) for card, net in zip(cards, teachers, strict=True))
    return {"name": names, **common, "teachers": parts, "parameters": parameters}


CARD = ("data", "source", "task", "task options", "classes", "mean", "std", "size", "channels")
"""What an ensemble says of its data, where all of its nets do."""
