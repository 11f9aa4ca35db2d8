"""Data-Free Learning of Student Networks (DAFL; Chen et al., ICCV 2019): the teacher as a fixed discriminator."""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ..data import Batch
from ..data.pinned import onto
from ..errors import ShapeError, require
from ..nets import Generator, Trace
from ..train import Distiller, Phase, Recipe
from ..train.objective import Terms
from .generated import Generated
from .tensors import full_precision, shape

ONE_HOT, ACTIVATION = 1.0, 0.1  # the authors' weights for MNIST
ENTROPY = 5 / math.log(10)  # their 5, given for logarithms to base 10


@full_precision
def one_hot_loss(z_t: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """-1/B Σ_b log max_k softmax(z_t)_bk: cross-entropy with the teacher's own answer (§3.1, equation 3), in nats.

    Small where the teacher is sure. Gradients reach the generator through z_t. Raises `ShapeError` unless (B, K).

    >>> one_hot_loss(torch.tensor([[100.0, 0.0]])).item(), round(one_hot_loss(torch.zeros(1, 2)).item(), 4)
    (0.0, 0.6931)
    """
    _check(z_t, "one_hot_loss, the teacher's logits")
    return F.cross_entropy(z_t, z_t.argmax(1))


@full_precision
def activation_loss(e_t: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    """-mean |e_t| over B and D (equation 4, divided by the size): small where the teacher's features are excited.

    >>> activation_loss(torch.tensor([[1.0, -3.0]])).item()
    -2.0
    """
    _check(e_t, "activation_loss, the teacher's embedding")
    return -e_t.abs().mean()


@full_precision
def entropy_loss(z_t: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """Σ_k p̄_k log p̄_k with p̄ the batch's mean of softmax(z_t) (equation 5), in nats: the negative entropy of the
    classes, from 0 (one class alone) to -log K (all alike).

    The authors' code takes logarithms to base 10, so their weights count 1 / 2.303 here. Computed from logarithms:
    finite, with finite gradients, even where a class's probability is 0 in single precision, or exactly (logit -∞).

    >>> round(entropy_loss(torch.tensor([[50.0, 0.0], [0.0, 50.0]])).item(), 4)  # both classes alike: -log 2
    -0.6931
    """
    _check(z_t, "entropy_loss, the teacher's logits")
    log_p = torch.log_softmax(z_t, 1)
    absent = (log_p == -math.inf).all(0)  # ruled out by every logit: 0 · log 0, and no gradient
    log_mean = torch.where(absent, 0.0, log_p).logsumexp(0) - math.log(len(z_t))
    return (log_mean.exp() * torch.where(absent, 0.0, log_mean)).sum()


class DataFree(Generated):
    """The generator makes what the teacher answers surely, strongly and in all classes alike; `inner` learns from it:

    L_G = one_hot · `one_hot_loss` + activation · `activation_loss` + entropy · `entropy_loss` (§3.1).

    A weight of 0 leaves its loss out. The generator's rate is constant, as in the authors' code.

    `replay` counts the steps of `inner` for each one of the generator. With 1 both take one step on the same images, as
    the authors' code. With more, `inner` learns the other times from images out of a memory of the last `memory`
    images, where a random one is forgotten for each new one: this variant is ours.
    """

    images: Float[Tensor, "memory ..."]

    def __init__(
        self,
        inner: Distiller,
        generator: Generator,
        one_hot: float = ONE_HOT,
        activation: float = ACTIVATION,
        entropy: float = ENTROPY,
        replay: int = 1,
        memory: int = 4096,
        generator_lr: float = 1e-3,
    ) -> None:
        super().__init__(
            inner, generator, generator_lr, one_hot=one_hot, activation=activation, entropy=entropy, replay=replay,
            memory=memory,
        )  # fmt: skip
        self.losses_of_generator = {"one_hot": one_hot, "activation": activation, "entropy": entropy}
        for name, weight in self.losses_of_generator.items():
            require(weight >= 0, f"{name}={weight}: the weight of a loss must not be negative")
        require(any(self.losses_of_generator.values()), "all three weights are 0: the generator would learn nothing")
        require(replay >= 1, f"replay={replay}: the student takes at least one step for each of the generator's")
        require(memory >= 1, f"memory={memory}: the memory holds at least one image")
        self.replay = replay
        self.register_buffer("images", torch.zeros(memory if replay > 1 else 0, *generator.shape))
        self.held = 0  # of the memory's images

    def get_extra_state(self) -> Int[Tensor, " counts"]:
        """What a checkpoint keeps beside weights and buffers: the steps taken, and how full the memory is."""
        return torch.tensor([self.taken, self.held])

    def set_extra_state(self, state: Int[Tensor, " counts"]) -> None:
        self.taken, self.held = state.tolist()

    def recipe_for(self, group: str, recipe: Recipe) -> Recipe:
        told = super().recipe_for(group, recipe)
        return replace(told, schedule="constant") if group == "generator" else told

    def objective(self, s: Trace | None, t: Trace) -> Terms:
        losses = {
            "one_hot": lambda: one_hot_loss(t.logits),
            "activation": lambda: activation_loss(t.embedding),
            "entropy": lambda: entropy_loss(t.logits),
        }
        return {name: losses[name]() for name in self.objective_weights()}

    def objective_weights(self) -> dict[str, float]:
        return {name: weight for name, weight in self.losses_of_generator.items() if weight}

    def step(self, batch: Batch, phase: Phase, optimisers: Mapping[str, torch.optim.Optimizer]) -> Terms:
        fresh = self.taken % self.replay == 0
        self.taken += 1
        if not fresh:
            return self.learn_from(self.remembered(len(batch)), batch.indices, phase, optimisers)
        images = self.generator(batch.images)
        recorded = self.improve(images, optimisers["generator"], look=False)
        if self.replay > 1:
            self.remember(images.detach())
        return {**self.learn_from(images.detach(), batch.indices, phase, optimisers), **recorded}

    def remember(self, images: Float[Tensor, "B C H W"]) -> None:
        """Take images into the memory; once it is full, each in the place of a random one."""
        held, size = self.held, len(self.images)
        images = images[:size]
        free = min(size - held, len(images))
        others = torch.randperm(held, generator=self.noise)[: len(images) - free]
        places = torch.cat([torch.arange(held, held + free), others])
        self.images[onto(places, images)] = images.to(self.images.dtype)
        self.held += free

    def remembered(self, count: int) -> Float[Tensor, "count C H W"]:
        """`count` images out of the memory, drawn evenly and with replacement."""
        rows = torch.randint(self.held, (count,), generator=self.noise)
        return self.images[onto(rows, self.images)]


def _check(x: Tensor, what: str) -> None:
    require(x.ndim == 2 and len(x) > 0, f"{what}: the shape is {shape(x)}; expected (B, ·) with B ≥ 1", ShapeError)
