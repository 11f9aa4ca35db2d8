"""Exercises of the first lesson: the three functions with which every later lesson looks at a net."""

import torch
from torch import Tensor

from ..cases import generator
from ..exercise import Exercise


def _accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.argmax(dim=1) == labels).float().mean()


def _confusion(labels: Tensor, predictions: Tensor, K: int) -> Tensor:
    counts = torch.zeros(K, K, dtype=torch.long)
    for label, prediction in zip(labels, predictions, strict=True):
        counts[label, prediction] += 1
    return counts


def _entropy(p: Tensor) -> Tensor:
    return torch.where(p > 0, -p * p.clamp(min=1e-30).log(), 0).sum(dim=-1)


def _answers() -> list[tuple[Tensor, Tensor]]:
    rng = generator(0)
    found = []
    for n, K in ((4, 5), (9, 5), (20, 3), (1, 7)):
        logits, labels = torch.randn(n, K, generator=rng), torch.randint(K, (n,), generator=rng)
        labels[0] = logits[0].argmax()  # one answer at least is right
        found.append((logits, labels))
    found.append((found[1][0].double(), found[1][1]))
    return found


accuracy = Exercise(
    "accuracy",
    _accuracy,
    _answers,
    mistakes={
        "this counts the right answers; divide by the number of images": lambda z, y: (z.argmax(1) == y).sum(),
        "argmax runs over the images (dim=0) instead of the classes (dim=1)": lambda z, y: (
            (z.argmax(0)[y] == y).float().mean()
        ),
        "it takes the smallest logit; the prediction is the largest": lambda z, y: (z.argmin(1) == y).float().mean(),
        "this is the share of wrong answers": lambda z, y: (z.argmax(1) != y).float().mean(),
        "this is accuracy in percent; give a share between 0 and 1": lambda z, y: 100 * _accuracy(z, y),
    },
    hints=(
        "The prediction is the class with the largest logit: which function gives its position, and along which dim?",
        "Comparing two tensors of class numbers gives booleans; their mean, as floats, is the share that agree.",
    ),
    samples=(0, 1),
    minutes=3,
    contract="logits (B, K), labels (B,) → the share of right answers, a scalar between 0 and 1",
)

confusion = Exercise(
    "confusion",
    _confusion,
    lambda: [(y, z.argmax(1), z.shape[1]) for z, y in _answers()],
    mistakes={
        "rows and columns are exchanged: row = true class, column = prediction": lambda y, p, K: _confusion(p, y, K),
        "each cell is 0 or 1: several images can fall into the same cell, so add up": lambda y, p, K: (
            _confusion(y, p, K) > 0
        ).long(),
        "there is always a 5 × 5 matrix here; take K": lambda y, p, K: _confusion(y, p, 5)[:5, :5],
        "only the right answers are counted; every pair (i, j) counts": lambda y, p, K: torch.diag(
            _confusion(y, p, K).diagonal()
        ),
        "these are shares; give counts": lambda y, p, K: _confusion(y, p, K) / len(y),
    },
    hints=(
        "Start with K × K zeros and walk through the images: each adds 1 to one cell.",
        "Without a loop: labels · K + predictions is the number of a cell; torch.bincount counts each number.",
    ),
    samples=(0, 1),
    minutes=6,
    contract="labels (N,), predictions (N,), K → (K, K) counts; row = true class, column = prediction",
)

entropy = Exercise(
    "entropy",
    _entropy,
    lambda: [(torch.softmax(z, 1),) for z, _ in _answers()] + [(torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]),)],
    mistakes={
        "0 · log 0 gives NaN; it counts as 0": lambda p: -(p * p.log()).sum(-1),
        "the sign: probabilities have negative logarithms, and entropy is positive": lambda p: -_entropy(p),
        "this is entropy in bits; use the natural logarithm": lambda p: _entropy(p) / torch.log(torch.tensor(2.0)),
        "the mean over the rows is too much: every row keeps its own": lambda p: _entropy(p).mean(),
        "the logarithm is missing": lambda p: -(p * p).sum(-1),
        "the factor p is missing in front of the logarithm": lambda p: -p.clamp(min=1e-30).log().sum(-1),
        "the sum runs over the samples (dim=0) instead of the classes": lambda p: torch.special.entr(p).sum(0),
        "this averages over the classes; the definition sums": lambda p: _entropy(p) / p.shape[-1],
    },
    hints=(
        "One product, one logarithm, one sum over the last dimension, one sign.",
        "For p = 0 the product is NaN. torch.where, or torch.special.entr, takes care of it.",
    ),
    samples=(0,),
    minutes=5,
    contract="probabilities (B, K) → (B,) entropy in nats, -Σ p log p with 0 · log 0 = 0",
)
