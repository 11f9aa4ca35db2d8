"""Exercises of the lesson on data-free learning: two losses, another base of the logarithm, a prediction, a memory."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction
from ..rules import without


def _one_hot_loss(z_t: Tensor) -> Tensor:
    return -z_t.log_softmax(1).amax(1).mean()


def _balance_loss(z_t: Tensor) -> Tensor:
    log_mean = z_t.log_softmax(1).logsumexp(0) - math.log(len(z_t))
    return (log_mean.exp() * log_mean).sum()


def _natural_weight(weight: float, base: float) -> float:
    return weight / math.log(base)


def _survivors(memory: int, batch: int, updates: int) -> float:
    return (1 - batch / memory) ** updates


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _logits(vanishing: bool) -> list[tuple[Tensor]]:
    """Two batches; in another one a class has no probability at all in single precision."""
    found = [3 * drawn(B, (B, K))[0] for B, K in ((5, 4), (8, 10), (1, 3))]
    found.append(found[1].double()[:, :8])  # as many samples as classes
    if vanishing:
        found.append(torch.tensor([[200.0, 0.0, 198.0], [199.0, -10.0, 200.0]]))
    return [(z_t.requires_grad_(),) for z_t in found]


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _mean_entropy(sign: float) -> Callable[[Tensor], Tensor]:
    return lambda z_t: sign * (z_t.softmax(1) * z_t.log_softmax(1)).sum(1).mean()


def _naive(z_t: Tensor) -> Tensor:
    p = z_t.softmax(1).mean(0)
    return (p * p.log()).sum()


one_hot_loss = Exercise(
    "one_hot_loss",
    _one_hot_loss,
    lambda: _logits(vanishing=False),
    mistakes={
        "the logarithm is missing": lambda z_t: -z_t.softmax(1).amax(1).mean(),
        "the sign is wrong: a sure teacher should have the smaller loss": lambda z_t: -_one_hot_loss(z_t),
        "it takes the largest logit; the probability depends on the others too": lambda z_t: -z_t.amax(1).mean(),
        "the softmax runs over the batch; it belongs over the classes, dim 1": lambda z_t: (
            -z_t.log_softmax(0).amax(0).mean()
        ),
        "the batch is summed; take its mean": lambda z_t: _one_hot_loss(z_t) * len(z_t),
        "it takes the least likely class; the teacher's answer is the largest one": lambda z_t: (
            -z_t.log_softmax(1).amin(1).mean()
        ),
        "the logarithm is the one to base 10; here it is the natural one": lambda z_t: (
            _one_hot_loss(z_t) / math.log(10)
        ),
    },
    hints=(
        "The label is the teacher's own answer, so its probability is the largest one of the row.",
        "z_t.log_softmax(1) gives the logarithms of all probabilities; amax(1) the largest of each row.",
    ),
    rules=(without("argmax", "cross_entropy", "nll_loss", sentence="by argmax or F.cross_entropy; do without them"),),
    samples=(0,),
    minutes=4,
    contract="the teacher's logits (B, K) → -log of its largest probability, mean over the batch, in nats",
)

balance_loss = Exercise(
    "balance_loss",
    _balance_loss,
    lambda: _logits(vanishing=True),
    mistakes={
        "this is right while every class has some probability; where one has none, 0 · log 0 is not a number": _naive,
        "this is the mean of the entropies: every image for itself. First the mean over the batch, then p log p": (
            _mean_entropy(1)
        ),
        "every image for itself, and the sign is wrong": _mean_entropy(-1),
        "the sign is wrong: a generator that makes all classes alike should have the smallest loss": lambda z_t: (
            -_balance_loss(z_t)
        ),
        "the logarithm is the one to base 10; here it is the natural one": lambda z_t: (
            _balance_loss(z_t) / math.log(10)
        ),
        "it is divided by the number of classes; the authors' code does not": lambda z_t: (
            _balance_loss(z_t) / z_t.shape[1]
        ),
    },
    hints=(
        "Mean over the batch first: a vector of K shares. Then Σ p log p.",
        "log(mean of p) = logsumexp of the log-probabilities over the batch - log B: finite for any logits.",
        "log_mean = z_t.log_softmax(1).logsumexp(0) - math.log(len(z_t)); then (log_mean.exp() * log_mean).sum().",
    ),
    samples=(0,),
    minutes=7,
    contract="the teacher's logits (B, K) → Σ p̄ log p̄ of the batch's mean probabilities p̄, finite whatever the logits",
)

natural_weight = Exercise(
    "natural_weight",
    _natural_weight,
    [(5.0, 10.0), (1.0, 2.0), (20.0, 10.0), (3.0, math.e)],
    mistakes={
        "the other way round: a logarithm to base 10 is smaller than the natural one, so is the weight here": (
            lambda weight, base: weight * math.log(base)
        ),
        "the weight does not stay: the two logarithms differ by a factor": lambda weight, base: weight,
        "this is log10 of the base; the factor between the two is its natural logarithm": lambda weight, base: (
            weight / math.log10(base)
        ),
    },
    hints=(
        "Write log to base b by natural logarithms.",
        "log_b(p) = ln(p) / ln(b): the product of weight and loss has to stay the same.",
    ),
    hidden=[(2.0, 5.0), (0.5, 3.0), (7.0, 12.0)],
    minutes=3,
    contract="the weight of a loss that was given with logarithms to a base → its weight with natural ones",
)

same_imbalance = Prediction(
    "same_imbalance",
    {
        "100 added to every logit": (True, "a softmax does not notice a constant"),
        "100 added to the logits of one class": (False, "that class takes all of the probability"),
        "the images in another order": (True, "it begins with a mean over the batch"),
        "two classes exchanged": (True, "the sum does not ask for the order of its terms"),
        "every image twice in the batch": (True, "the mean stays the same"),
        "all logits doubled": (False, "every image becomes surer, and the mean of the probabilities moves"),
        "half of the images left out": (False, "the mean is over other images"),
    },
    hints=(
        "What is computed first: the probabilities of each image, then their mean over the batch.",
        "Which of these changes alter that mean, but for the order of its entries?",
    ),
    minutes=4,
    contract="{change: True if the entropy loss stays exactly as it is for any logits, else False}",
)

survivors = Exercise(
    "survivors",
    _survivors,
    [(4096, 64, 1), (4096, 64, 64), (4096, 64, 125), (256, 64, 3), (640, 64, 0), (1000, 10, 50)],
    mistakes={
        "this would be so if the oldest images went first; a random one goes, whatever its age": (
            lambda memory, batch, updates: max(0.0, 1 - batch * updates / memory)
        ),
        "this is the share that is gone": lambda memory, batch, updates: 1 - _survivors(memory, batch, updates),
        "one update replaces a whole batch, not one image": lambda memory, batch, updates: (1 - 1 / memory) ** updates,
        "this is what stays after a single update": lambda memory, batch, updates: 1 - batch / memory,
    },
    hints=(
        "In one update an image survives with probability 1 - B/M.",
        "The updates are independent of each other: multiply.",
    ),
    hidden=[(2048, 32, 7), (100, 50, 4), (512, 1, 0), (300, 20, 33)],
    minutes=4,
    contract="M images, B of which are replaced at random in each update, and a number of updates → the share of the "
    "images that is expected to be still there",
)
