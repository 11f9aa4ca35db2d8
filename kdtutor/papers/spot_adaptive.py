"""Spot-Adaptive Knowledge Distillation (Song, Chen, Ye, Song; TIP 2022): where to distil, decided sample by sample."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..data import Batch, Source
from ..errors import choose, require
from ..nets import Net, Trace
from ..train import Around, Distiller, Phase, Recipe, Spot, accuracy, descend, eval_mode, task_loss, weighted_sum
from ..train.checks import same_classes
from ..train.distiller import Layer
from ..train.objective import Terms
from .decisions import TAU, decide, gumbel
from .generated import Generated
from .hinton import kd_loss
from .routing import adapter, advance, at, places, sized

__all__ = [
    "STRATEGIES", "TAU", "SpotAdaptive", "Strategy", "decide", "gumbel", "half_penalty", "routing_loss", "same_family",
]  # fmt: skip

Strategy = Literal["adaptive", "always", "random", "anti", "never"]
STRATEGIES = ("adaptive", "always", "random", "anti", "never")
HEAD_START = 10.0  # on the logits of "distil", where the nets are of one family; the authors' number
AGENT_RATE, AGENT_DECAY = 0.5, 1e-3  # learning rate beside the student's, and weight decay; likewise
PHASE = "distil at chosen spots"


def routing_loss(
    z: Float[Tensor, "B K"], z_s: Float[Tensor, "B K"], batch: Batch, gamma: float = 1.0
) -> Float[Tensor, ""]:
    """Cross-entropy of the routed logits z (§3.2), times gamma where it is above the student's own, divided by gamma
    where it is below: the authors' code punishes routes that do worse than the student alone. Gradients reach z only.
    """
    routed = task_loss(z, batch.labels)
    with torch.no_grad():
        own = task_loss(z_s, batch.labels)
        factor = torch.where(routed > own, gamma, torch.where(routed < own, 1 / gamma, 1.0))
    return routed * factor


def half_penalty(decisions: Float[Tensor, " B"]) -> Float[Tensor, ""]:
    """max(0, B/2 - Σ decisions): the authors' code wants half of a batch distilled at the logits, at the least."""
    return F.relu(len(decisions) / 2 - decisions.sum())


def same_family(student: Net, teacher: Net) -> bool:
    """Whether both names begin with the same letters: resnet20 and resnet56 do, resnet20 and vgg13 do not."""
    letters = [re.match(r"[^\d]*", net.name) for net in (student, teacher)]
    return letters[0] is not None and letters[1] is not None and letters[0][0] == letters[1][0]


class SpotAdaptive(Around):
    """Any method, told for each sample at which of its spots the student is to learn: cross-entropy + alpha ·
    `kd_loss` + Σ weight · spot loss, where every loss sees the chosen samples alone and counts by their share.

    strategy: who chooses. "adaptive": a policy, one linear layer on both embeddings. It is trained, with adapters, in a
    routing network made of both nets: where a sample is to be distilled, its route takes the teacher's segment,
    elsewhere the student's; what the route gets wrong is `routing_loss`. "anti": the same policy, and the student
    learns where it says no. "random": fair coins. "always", "never": every sample, no sample.

    A spot that reads two layers (FSP's) counts where both are chosen. The inner method's weights of its spots are kept;
    its weights of task and logits, and its phases, but for those of preparation, are not.

    gamma, penalty: two terms of the authors' code that the paper does not have: the factor in `routing_loss` (2 for
    attention, RKD and VID, 1 for the others) and the weight of `half_penalty`.
    tau, final_tau: temperature of the decisions, constant as in the authors' code; with `final_tau` it falls
    geometrically from `tau` to that over the epochs, as the paper anneals.
    head_start: added to the policy's logits for "distil" at the start; default: 10 for nets of one family, else 0.
    learning_teacher: whether the teacher learns its own task in the same steps, from wherever it stands.
    """

    tau: Float[Tensor, ""]

    def __init__(
        self,
        inner: Distiller,
        strategy: Strategy = "adaptive",
        alpha: float = 1.0,
        T: float = 4.0,
        gamma: float = 2.0,
        penalty: float = 1.0,
        tau: float = TAU,
        final_tau: float | None = None,
        head_start: float | None = None,
        learning_teacher: bool = False,
    ) -> None:
        super().__init__(
            inner, strategy=strategy, alpha=alpha, T=T, gamma=gamma, penalty=penalty, tau=tau, final_tau=final_tau,
            head_start=head_start, learning_teacher=learning_teacher,
        )  # fmt: skip
        require(
            not isinstance(inner, Generated),
            f"{type(inner).__name__} makes images, and spots are chosen for images that are there: "
            f"wrap it the other way round, {type(inner).__name__}(SpotAdaptive(method), generator)",
        )
        require(
            inner.teacher is not None and bool(inner.spots()),
            f"{type(inner).__name__} has no teacher or no spots; there is nothing to choose from",
        )
        assert inner.teacher is not None
        choose("strategy", strategy, STRATEGIES)
        require(alpha >= 0, f"alpha={alpha}: the weight of the logits must not be negative")
        require(T > 0, f"T={T}: the temperature must be positive (1 leaves the probabilities as they are)")
        require(gamma >= 1, f"gamma={gamma}: the factor on the routing loss must be at least 1 (1 leaves it out)")
        require(penalty >= 0, f"penalty={penalty}: the weight of the penalty must not be negative (0 leaves it out)")
        for name, value in (("tau", tau), ("final_tau", tau if final_tau is None else final_tau)):
            require(value > 0, f"{name}={value}: the temperature of the decisions must be positive")
        student, teacher = inner.student, inner.teacher
        if alpha:
            same_classes(student, teacher, ", so set alpha=0")
        self.strategy, self.alpha, self.T, self.gamma, self.penalty = strategy, alpha, T, gamma, penalty
        self.first_tau, self.final_tau, self.learning_teacher = tau, final_tau, learning_teacher
        self.first_epoch, self.epochs = 0, 1  # as `phases` plans
        self.register_buffer("tau", torch.tensor(float(tau)))
        self.places = places(inner)
        if self.routes:
            between = self.places[:-1]
            self.policy = nn.Linear(teacher.embedding_dim + student.embedding_dim, 2 * len(self.places))
            self.to_teacher = nn.ModuleList(adapter(p, student, p.student, teacher, p.teacher) for p in between)
            self.to_student = nn.ModuleList(adapter(p, teacher, p.teacher, student, p.student) for p in between)
            start = (HEAD_START if same_family(student, teacher) else 0.0) if head_start is None else head_start
            with torch.no_grad():
                self.policy.bias[::2] += start
        teacher.requires_grad_(learning_teacher)
        self.train(student.training)

    @property
    def routes(self) -> bool:
        """Whether there is a policy, and a routing network to train it in."""
        return self.strategy in ("adaptive", "anti")

    def train(self, mode: bool = True) -> "SpotAdaptive":
        super().train(mode)
        if getattr(self, "learning_teacher", False) and self.teacher is not None:
            self.teacher.train(mode)
        return self

    def weights(self) -> dict[str, float]:
        inner = self.inner.weights()
        spots = {spot.name: inner.get(spot.name, 1.0) for spot in self.spots()}
        return {"task": 1.0, "kd": self.alpha, **spots}

    def terms(self) -> tuple[str, ...]:
        return (*super().terms(), "task", "kd")

    def phases(self, epochs: int) -> tuple[Phase, ...]:
        before = self.preparation(epochs)
        self.first_epoch = sum(phase.epochs for phase in before)
        self.epochs = epochs - self.first_epoch
        require(self.epochs >= 1, f"epochs={epochs}: at least one must be left after the preparation")
        return (*before, Phase(PHASE, self.epochs, self.inner.losses, self.weights(), self.strategy != "never"))

    def start_epoch(self, epoch: int, source: Source, seed: int) -> None:
        super().start_epoch(epoch, source, seed)
        if self.final_tau is not None:
            share = max(0, epoch - self.first_epoch) / max(1, self.epochs - 1)
            self.tau.fill_(self.first_tau * (self.final_tau / self.first_tau) ** share)

    def agent(self) -> list[nn.Parameter]:
        """The parameters of policy and adapters; none without a routing network."""
        parts = (self.policy, self.to_teacher, self.to_student) if self.routes else ()
        return [p for part in parts for p in part.parameters()]

    def parameter_groups(self, phase: Phase) -> dict[str, list[nn.Parameter]]:
        assert self.teacher is not None
        groups = super().parameter_groups(phase)
        if phase.name != PHASE:
            return groups
        learns = set(self.teacher.parameters())
        student = [p for p in groups["student"] if p not in learns]
        own = {"agent": self.agent(), "teacher": [p for p in self.teacher.parameters() if p.requires_grad]}
        return {"student": student, **{name: group for name, group in own.items() if group}}

    def recipe_for(self, group: str, recipe: Recipe) -> Recipe:
        if group == "agent":
            return replace(recipe, lr=AGENT_RATE * recipe.lr, weight_decay=AGENT_DECAY)
        return super().recipe_for(group, recipe)

    def policy_logits(self, s: Trace, t: Trace) -> Float[Tensor, "B spots 2"]:
        """What the policy says of each sample; index 0 is "distil". Its inputs are cut off: it learns by routes."""
        read = torch.cat([t.embedding.detach(), s.embedding.detach()], 1)
        made: Tensor = self.policy(read).unflatten(1, (len(self.places), 2))
        return made

    def route(
        self, images: Float[Tensor, "B ..."], t: Trace, decisions: Float[Tensor, "B spots"]
    ) -> Float[Tensor, "B K"]:
        """The logits of the routing network. Both nets are in eval mode; gradients reach the decisions and adapters.

        At each place a sample goes on with what it came with, or with what the other net made, through an adapter:
        h_t = a · g_t + (1 - a) · adapter(g_s), h_s = (1 - a) · g_s + a · adapter(g_t).
        """
        assert self.teacher is not None
        with eval_mode(self.student), eval_mode(self.teacher):
            first = self.places[0]
            with torch.no_grad():  # nothing has been decided before the first place, so no gradient is needed there
                g_s = advance(self.student, images, 0, first.student)
                g_t = at(t, first.teacher) if self._as_in_eval else advance(self.teacher, images, 0, first.teacher)
            for i, (here, there) in enumerate(pairwise(self.places)):
                a = decisions[:, i].view(-1, *[1] * (g_s.ndim - 1))
                h_t = a * g_t + (1 - a) * sized(self.to_teacher[i](g_s), g_t)
                h_s = (1 - a) * g_s + a * sized(self.to_student[i](g_t), g_s)
                g_s = advance(self.student, h_s, here.student, there.student)
                g_t = advance(self.teacher, h_t, here.teacher, there.teacher)
        last = decisions[:, -1:]
        return (1 - last) * g_s + last * g_t

    @property
    def _as_in_eval(self) -> bool:
        """Whether the teacher's trace is that of eval mode, not of train mode or of a method with a way of its own."""
        return not self.learning_teacher and type(self.inner).teach is Distiller.teach

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        if phase.name != PHASE:
            return self.inner.step(batch, phase, optimisers)
        t_learning = self._teacher_trace(batch) if phase.needs_teacher else None
        t = t_learning.detach() if t_learning is not None else None
        s = self.student.trace(batch.images)
        chosen, told = self._chosen(s, t, batch, optimisers)
        terms = {"task": task_loss(s.logits, batch.labels), **self._spot_terms(s, t, batch, chosen)}
        total = weighted_sum(terms, phase.weights, self.terms())
        descend(total, optimisers["student"])
        if t_learning is not None and self.learning_teacher:
            told["teacher"] = task_loss(t_learning.logits, batch.labels)
            descend(told["teacher"], optimisers["teacher"])
        return {**terms, **told, "loss": total.detach(), "train_accuracy": accuracy(s.logits, batch.labels)}

    def _teacher_trace(self, batch: Batch) -> Trace | None:
        assert self.teacher is not None
        return self.teacher.trace(batch.images) if self.learning_teacher else self.teach(batch.images)

    def _chosen(
        self, s: Trace, t: Trace | None, batch: Batch, optimisers: Mapping[str, torch.optim.Optimizer]
    ) -> tuple[Bool[Tensor, "B spots"], Terms]:
        """Which samples learn at which place; the agent, where there is one, takes its step. And what to tell of it."""
        size = (len(s), len(self.places))
        if not self.routes:
            draws = torch.rand(size, generator=self.noise) < 0.5 if self.strategy == "random" else torch.ones(size) > 0
            return draws.to(s.logits.device) if t is not None else torch.zeros(size) > 0, {}
        assert t is not None
        logits = self.policy_logits(s, t)
        decisions = decide(logits, self.tau, gumbel(*logits.shape, generator=self.noise))
        z = self.route(batch.images, t, decisions)
        routing, penalty = routing_loss(z, s.logits, batch, self.gamma), half_penalty(decisions[:, -1])
        self._descend(routing + self.penalty * penalty, optimisers["agent"])
        distilled = decisions.detach() > 0.5
        chosen = ~distilled if self.strategy == "anti" else distilled
        said = F.softmax(logits.detach(), 2)[..., 0]
        rates = {f"rate_{p.name}": chosen[:, i].float().mean() for i, p in enumerate(self.places)}
        probabilities = {f"probability_{p.name}": said[:, i].mean() for i, p in enumerate(self.places)}
        return chosen, {"routing": routing.detach(), "penalty": penalty.detach(), **rates, **probabilities}

    def _descend(self, loss: Float[Tensor, ""], optimiser: torch.optim.Optimizer) -> None:
        """One step of policy and adapters. The student's weights are passed through, and no gradient of theirs made."""
        agent = self.agent()
        for parameter, gradient in zip(agent, torch.autograd.grad(loss, agent), strict=True):
            parameter.grad = gradient
        optimiser.step()

    def _logits(self) -> tuple[Spot, ...]:
        """The logits' own spot, unless they are left out; where the inner method has one called so, that one counts."""
        return (Spot("kd", lambda s, t: kd_loss(s.logits, t.logits, self.T), ("logits",)),) if self.alpha else ()

    def _spot_terms(self, s: Trace, t: Trace | None, batch: Batch, chosen: Bool[Tensor, "B spots"]) -> Terms:
        """The logits' and every spot's loss on the samples chosen at its layers, times their share of the batch."""
        if t is None:
            return {}
        column: dict[Layer, int] = {place.layer: i for i, place in enumerate(self.places)}
        losses = {spot.name: spot for spot in (*self._logits(), *self.spots())}
        masks = [chosen[:, [column[layer] for layer in spot.layers]].all(1) for spot in losses.values()]
        counts = torch.stack([mask.sum() for mask in masks]).tolist()  # one wait for the GPU
        terms: Terms = {}
        for (name, spot), mask, count in zip(losses.items(), masks, counts, strict=True):
            if count == 0:
                terms[name] = s.logits.new_zeros(())
                continue
            everyone = count == len(s)
            self.inner.look_at(batch if everyone else batch[mask])
            value = spot.loss(s, t) if everyone else spot.loss(s[mask], t[mask])
            terms[name] = value * (count / len(s))
        return terms
