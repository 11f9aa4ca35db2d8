"""Who chooses the samples that learn at each place: everybody, a coin, a policy, its opposite, nobody."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from ..data import Batch
from ..data.pinned import onto
from ..nets import Trace
from ..train import Spot
from ..train.objective import Terms
from .routing import Place


class Chooser(Protocol):
    """Says for each sample and place whether the sample learns there.

    `decisions` are those of the policy, 1 for "distil"; for a chooser that asks no policy zeros on the CPU, where its
    answer is known without a wait.
    """

    asks_policy: bool

    def choose(self, decisions: Float[Tensor, "B spots"], noise: torch.Generator) -> Bool[Tensor, "B spots"]:
        """Whether each sample learns at each place."""


class Always:
    """Every sample at every place."""

    asks_policy = False

    def choose(self, decisions: Float[Tensor, "B spots"], noise: torch.Generator) -> Bool[Tensor, "B spots"]:
        """True everywhere."""
        return torch.ones_like(decisions, dtype=torch.bool)


class Coin:
    """Fair coins, drawn from `noise`."""

    asks_policy = False

    def choose(self, decisions: Float[Tensor, "B spots"], noise: torch.Generator) -> Bool[Tensor, "B spots"]:
        """Heads or tails for each."""
        return (torch.rand(decisions.shape, generator=noise) < 0.5).to(decisions.device)


class Policy:
    """Where the policy says so."""

    asks_policy = True

    def choose(self, decisions: Float[Tensor, "B spots"], noise: torch.Generator) -> Bool[Tensor, "B spots"]:
        """The decisions as they are."""
        return decisions > 0.5


class Anti:
    """Where the policy says no."""

    asks_policy = True

    def choose(self, decisions: Float[Tensor, "B spots"], noise: torch.Generator) -> Bool[Tensor, "B spots"]:
        """The decisions turned round."""
        return ~(decisions > 0.5)


class Never:
    """No sample at any place."""

    asks_policy = False

    def choose(self, decisions: Float[Tensor, "B spots"], noise: torch.Generator) -> Bool[Tensor, "B spots"]:
        """False everywhere."""
        return torch.zeros_like(decisions, dtype=torch.bool)


CHOOSERS: dict[str, type[Chooser]] = {
    "adaptive": Policy, "always": Always, "random": Coin, "anti": Anti, "never": Never,
}  # fmt: skip
"""By the name of the strategy."""


def rates(places: Sequence[Place], chosen: Bool[Tensor, "B spots"], logits: Float[Tensor, "B spots 2"]) -> Terms:
    """The share of the chosen at each place, and the policy's mean probability of "distil" there.

    >>> from kdtutor.papers.routing import Place
    >>> told = rates([Place("logits", 4, 4)], torch.tensor([[True], [False]]), torch.zeros(2, 1, 2))
    >>> {name: round(x.item(), 2) for name, x in told.items()}
    {'rate_logits': 0.5, 'probability_logits': 0.5}
    """
    said = F.softmax(logits, 2)[..., 0]
    return {
        f"{what}_{place.name}": x[:, i].float().mean()
        for what, x in (("rate", chosen), ("probability", said))
        for i, place in enumerate(places)
    }


def chosen_terms(
    spots: Iterable[Spot],
    places: Sequence[Place],
    chosen: Bool[Tensor, "B spots"],
    s: Trace,
    t: Trace,
    batch: Batch,
    look_at: Callable[[Batch], None],
) -> Terms:
    """The loss of every spot on the samples that are chosen at all of its layers, times their share of the batch.

    `look_at` is told which samples they are before the loss sees their traces. A GPU is waited for once, to read
    `chosen`; not at all where that is on the CPU.

    >>> trace = kd.nets.build("mlp8", classes=2).trace(torch.zeros(2, 2))
    >>> batch = kd.data.Batch(torch.zeros(2, 2), *[torch.zeros(2).long()] * 2)
    >>> spots, places = [Spot("kd", lambda s, t: torch.tensor(3.0), ("logits",))], [Place("logits", 2, 2)]
    >>> chosen_terms(spots, places, torch.tensor([[True], [False]]), trace, trace, batch, len)["kd"].item()
    1.5
    """
    column = {place.layer: i for i, place in enumerate(places)}
    spots = tuple(spots)
    yes = chosen.tolist()  # the wait
    learning = {
        spot.layers: [b for b, at in enumerate(yes) if all(at[column[layer]] for layer in spot.layers)]
        for spot in spots
    }
    # Spots of the same layers see the same traces, so that what they share is computed once.
    parts = {layers: _some(rows, s, t, batch) for layers, rows in learning.items() if rows}
    terms: Terms = {}
    for spot in spots:
        if spot.layers not in parts:
            terms[spot.name] = s.logits.new_zeros(())
            continue
        some_s, some_t, samples = parts[spot.layers]
        look_at(samples)
        terms[spot.name] = spot.loss(some_s, some_t) * (len(learning[spot.layers]) / len(s))
    return terms


def _some(rows: list[int], s: Trace, t: Trace, batch: Batch) -> tuple[Trace, Trace, Batch]:
    """Some samples of both traces and of the batch; everything as it is where all are meant."""
    if len(rows) == len(s):
        return s, t, batch
    samples = onto(torch.tensor(rows), s.logits)
    return s[samples], t[samples], batch[samples]
