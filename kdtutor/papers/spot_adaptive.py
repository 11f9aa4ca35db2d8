"""Spot-Adaptive Knowledge Distillation (Song, Chen, Ye, Song; TIP 2022): where to distil, decided sample by sample."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..data import Batch, Data, Source
from ..errors import choose, require
from ..nets import Trace
from ..train import (
    Around,
    Distiller,
    Phase,
    Recipe,
    Spot,
    descend_alone,
    minimise,
)
from ..train.checks import same_classes
from ..train.distiller import check_task
from ..train.objective import Terms, scores
from ..train.shares import traced
from .choosers import CHOOSERS, chosen_terms, rates
from .decisions import TAU, annealed, decide, gumbel
from .generated import Generated
from .hinton import check_temperature
from .routing import adapter, places, policy, routed, same_family
from .tensors import softened_divergence

__all__ = [
    "STRATEGIES", "TAU", "SpotAdaptive", "Strategy", "decide", "gumbel", "half_penalty", "routing_loss", "same_family",
]  # fmt: skip

Strategy = Literal["adaptive", "always", "random", "anti", "never"]
STRATEGIES = ("adaptive", "always", "random", "anti", "never")
AGENT_RATE, AGENT_DECAY = 0.5, 1e-3  # learning rate beside the student's, and weight decay; the authors'
PHASE = "distil at chosen spots"


def routing_loss(
    z: Float[Tensor, "B K"], z_s: Float[Tensor, "B K"], batch: Batch, gamma: float = 1.0
) -> Float[Tensor, ""]:
    """Cross-entropy of the routed logits z (§3.2), times gamma where it is above the student's own, divided by gamma
    where it is below: the authors' code punishes routes that do worse than the student alone. Gradients reach z only.

    >>> y = kd.data.Batch(torch.zeros(1, 1, 1, 1), torch.tensor([0]), torch.tensor([0]))
    >>> bad, good = torch.tensor([[0.0, 3.0]]), torch.tensor([[3.0, 0.0]])
    >>> round((routing_loss(bad, good, y, gamma=2.0) / routing_loss(bad, good, y, gamma=1.0)).item(), 4)
    2.0
    """
    routed = batch.task.loss(z, batch.labels)
    with torch.no_grad():
        own = batch.task.loss(z_s, batch.labels)
        factor = torch.where(routed > own, gamma, torch.where(routed < own, 1 / gamma, 1.0))
    return routed * factor


def half_penalty(decisions: Float[Tensor, " B"]) -> Float[Tensor, ""]:
    """max(0, B/2 - Σ decisions): the authors' code wants half of a batch distilled at the logits, at the least.

    >>> half_penalty(torch.tensor([1.0, 0.0, 0.0, 0.0])).item(), half_penalty(torch.ones(4)).item()
    (1.0, 0.0)
    """
    return F.relu(len(decisions) / 2 - decisions.sum())


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
        check_temperature(T)
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
        self.chooser = CHOOSERS[strategy]()
        if self.routes:
            between = self.places[:-1]
            self.policy = policy(student, teacher, len(self.places), head_start)
            self.to_teacher = nn.ModuleList(adapter(p, student, p.student, teacher, p.teacher) for p in between)
            self.to_student = nn.ModuleList(adapter(p, teacher, p.teacher, student, p.student) for p in between)
        teacher.requires_grad_(learning_teacher)
        self.train(student.training)

    @property
    def routes(self) -> bool:
        """Whether there is a policy, and a routing network to train it in."""
        return self.chooser.asks_policy

    def train(self, mode: bool = True) -> "SpotAdaptive":
        super().train(mode)
        if getattr(self, "learning_teacher", False) and self.teacher is not None:
            self.teacher.train(mode)
        return self

    def weights(self) -> dict[str, float]:
        if self.strategy == "never":
            return {"task": 1.0}
        inner, spots = self.inner.weights(), {spot.name for spot in self.spots()}
        logits = {spot.name: spot.weight for spot in self._logits()}
        return {"task": 1.0, **logits, **{name: weight for name, weight in inner.items() if name in spots}}

    def check(self, data: Data) -> None:
        check_task(self, data)
        super().check(data)

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
            self.tau.fill_(annealed(self.first_tau, self.final_tau, share))

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
        """The logits of the routing network, see `routed`; `t` is the teacher's trace of the images."""
        assert self.teacher is not None
        adapters = list(zip(self.to_teacher, self.to_student, strict=True))
        in_eval_mode = not self.learning_teacher and type(self.inner).teacher_trace is Distiller.teacher_trace
        return routed(self.student, self.teacher, self.places, adapters, images, decisions, t if in_eval_mode else None)

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        if phase.name != PHASE:
            return self.inner.step(batch, phase, optimisers)
        whole = self._teacher_trace(batch) if phase.needs_teacher else None
        s = traced(self.student.trace, batch.images)
        terms, recorded = {"task": batch.task.loss(s.logits, batch.labels)}, Terms()
        if whole is not None:
            t = whole.detach()
            chosen, recorded = self._chosen(s, t, batch, optimisers)
            spots = {spot.name: spot for spot in (*self._logits(), *self.spots())}
            terms |= chosen_terms(spots.values(), self.places, chosen, s, t, batch, self.look_at)
        loss = minimise(terms, phase.weights, optimisers["student"])
        if whole is not None and self.learning_teacher:
            recorded["teacher"] = minimise(
                {"task": batch.task.loss(whole.logits, batch.labels)}, {}, optimisers["teacher"]
            )
        return {**terms, **recorded, "loss": loss, **scores(s.logits, batch)}

    def _teacher_trace(self, batch: Batch) -> Trace | None:
        """With its gradient where the teacher learns, too."""
        assert self.teacher is not None
        return traced(self.teacher.trace, batch.images) if self.learning_teacher else self.answers(batch)

    def _chosen(
        self, s: Trace, t: Trace, batch: Batch, optimisers: Mapping[str, torch.optim.Optimizer]
    ) -> tuple[Bool[Tensor, "B spots"], Terms]:
        """Which samples learn at which place, and what to record of it; the agent, if there is one, takes its step."""
        if not self.routes:
            return self.chooser.choose(torch.zeros(len(s), len(self.places)), self.noise), {}
        logits = self.policy_logits(s, t)
        decisions = decide(logits, self.tau, gumbel(*logits.shape, generator=self.noise))
        z = self.route(batch.images, t, decisions)
        routing, penalty = routing_loss(z, s.logits, batch, self.gamma), half_penalty(decisions[:, -1])
        descend_alone(routing + self.penalty * penalty, optimisers["agent"])
        chosen = self.chooser.choose(decisions.detach(), self.noise)
        recorded = {"routing": routing.detach(), "penalty": penalty.detach()}
        return chosen, recorded | rates(self.places, chosen, logits.detach())

    def _logits(self) -> tuple[Spot, ...]:
        """The logits' own spot, unless they are left out; where the inner method has one called so, that one counts."""
        kd = Spot("kd", lambda s, t: softened_divergence(s.logits, t.logits, self.T), ("logits",), self.alpha)
        return (kd,) if self.alpha else ()
