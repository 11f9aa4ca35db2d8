"""Exercises of the lesson on data-free adversarial distillation: the distance, its gradient, the generator's turn."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction
from ..rules import by_hand

Loss = Callable[[Tensor, Tensor], Tensor]


def _discrepancy(z_s: Tensor, z_t: Tensor) -> Tensor:
    return (z_s - z_t).abs().mean()


def _discrepancy_gradient(z_s: Tensor, z_t: Tensor) -> Tensor:
    return torch.sign(z_s - z_t) / z_s.numel()


def _generation_loss(W_s: Tensor, W_t: Tensor, x: Tensor) -> Tensor:
    return -(x @ W_s - x @ W_t).abs().mean()


def _turns(steps: int, k: int, batch: int) -> tuple[int, int, int]:
    generator_steps = steps // k
    return generator_steps, steps * batch, generator_steps * batch


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _randn(*shape: int, seed: int) -> Tensor:
    return drawn(seed, shape)[0]


def _logits(grad: bool = True) -> list[tuple[Tensor, Tensor]]:
    pairs = [(_randn(B, K, seed=B), 2 * _randn(B, K, seed=K + 50)) for B, K in ((3, 5), (1, 4), (6, 10))]
    pairs.append((pairs[2][0].double()[:, :6], pairs[2][1].double()[:, :6]))  # as many samples as classes
    return [(z_s.requires_grad_(grad), z_t.requires_grad_(grad)) for z_s, z_t in pairs]


def _linear_nets() -> list[tuple[Tensor, Tensor, Tensor]]:
    sizes = ((4, 6, 3), (1, 5, 7))
    nets = [(_randn(F, K, seed=B), _randn(F, K, seed=9), _randn(B, F, seed=F)) for B, F, K in sizes]
    nets.append((nets[0][0].double(), nets[0][1].double(), nets[0][2].double()[:2]))
    return [(W_s, W_t, x.requires_grad_()) for W_s, W_t, x in nets]


# -- mistakes ---------------------------------------------------------------------------------------------------------

discrepancy = Exercise(
    "discrepancy",
    _discrepancy,
    _logits,
    mistakes={
        "differences are squared here; the paper takes their size, and later you will see why": lambda s, t: (
            (s - t).square().mean()
        ),
        "the sum over the classes is not divided by K": lambda s, t: (s - t).abs().sum(1).mean(),
        "it is a sum over everything; take the mean over batch and classes": lambda s, t: (s - t).abs().sum(),
        "without a size, differences of both signs cancel": lambda s, t: (s - t).mean(),
        "these are probabilities; the paper compares the logits": lambda s, t: _discrepancy(s.softmax(1), t.softmax(1)),
        "the teacher's side is detached; a generator needs the gradient of both": lambda s, t: _discrepancy(
            s, t.detach()
        ),
    },
    hints=("The difference, its size, the mean over all B · K numbers.", "(z_s - z_t).abs() … and then .mean()."),
    samples=(0, 1),
    minutes=3,
    contract="logits (B, K) twice → the mean over B and K of |z_s - z_t|, with gradients to both",
)

discrepancy_gradient = Exercise(
    "discrepancy_gradient",
    _discrepancy_gradient,
    lambda: _logits(grad=False),
    mistakes={
        "the sign is wrong: where the student is too high, the distance grows with z_s": lambda s, t: (
            -_discrepancy_gradient(s, t)
        ),
        "the mean is missing: divide by B · K": lambda s, t: torch.sign(s - t),
        "only the batch is averaged here; the mean runs over the classes too": lambda s, t: torch.sign(s - t) / len(s),
        "this shrinks with the difference, as that of a square; the gradient of a size does not": lambda s, t: (
            2 * (s - t) / s.numel()
        ),
    },
    hints=("The derivative of |d| is the sign of d.", "torch.sign, and the mean is a division by B · K = z_s.numel()."),
    rules=(by_hand,),
    samples=(0, 1),
    minutes=4,
    contract="z_s, z_t (B, K) → the gradient of the discrepancy with respect to z_s, without autograd",
)

generation_loss = Exercise(
    "generation_loss",
    _generation_loss,
    _linear_nets,
    mistakes={
        "the sign is the student's: minimising this would make images on which both agree": lambda s, t, x: (
            -_generation_loss(s, t, x)
        ),
        "the teacher's answer is detached: half of the way back to the image is cut": lambda s, t, x: (
            -(x @ s - (x @ t).detach()).abs().mean()
        ),
        "the student's answer is detached: half of the way back to the image is cut": lambda s, t, x: (
            -((x @ s).detach() - x @ t).abs().mean()
        ),
        "the image is detached: nothing comes back to the generator": lambda s, t, x: (
            _generation_loss(s, t, x.detach()) + 0 * x.sum()
        ),
        "it is a sum over everything; take the mean over batch and classes": lambda s, t, x: (
            -(x @ s - x @ t).abs().sum()
        ),
    },
    hints=(
        "The logits of a linear net are x @ W. What does the generator want to become large?",
        "An optimiser minimises. So the loss is minus the discrepancy, with nothing detached.",
    ),
    samples=(2,),
    minutes=5,
    contract="weights (F, K) of a linear student and a linear teacher, images x (B, F) → what the generator minimises",
)

turns = Exercise(
    "turns",
    _turns,
    [(500, 5, 64), (7, 5, 2), (4, 5, 10), (12, 1, 3), (250, 5, 512)],
    mistakes={
        "after the last student steps that are no full k, the generator has not moved": lambda n, k, b: (
            -(-n // k),
            n * b,
            -(-n // k) * b,
        ),
        "the student gets fresh images in every one of its steps": lambda n, k, b: (n // k, n // k * b, n // k * b),
        "the generator moves once after k steps, not k times": lambda n, k, b: (n * k, n * b, n * k * b),
        "in its own step the generator draws images of its own": lambda n, k, b: (n // k, n * b, 0),
    },
    hints=("After k steps of the student one of the generator: how often does k fit into the steps?",),
    hidden=[(300, 4, 32), (11, 3, 5), (2, 6, 8), (9, 1, 7)],
    minutes=3,
    contract="student steps, k, batch → (steps of the generator, images the student learnt from, images of its steps)",
)

keeps_apart = Prediction(
    "keeps_apart",
    {
        "3 added to all logits of both": (True, "the differences stay"),
        "3 added to all logits of the student": (False, "logits are compared, and not what a softmax keeps of them"),
        "both multiplied by 2": (False, "the differences double"),
        "student and teacher exchanged": (True, "a difference has the same size both ways"),
        "classes of both shuffled alike": (True, "the mean does not ask for the order"),
        "every image twice in the batch": (True, "it is a mean over the batch"),
        "a class added on which both agree": (False, "a zero more in the mean over the classes"),
    },
    hints=("Write the mean of |z_s - z_t| and apply the change.", "Over what is the mean taken?"),
    minutes=4,
    contract="{change: True if the discrepancy stays exactly as it is, else False}",
)
