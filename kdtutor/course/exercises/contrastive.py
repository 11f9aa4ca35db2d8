"""Exercises of the lesson on contrast: who is a negative, the other classes' part of KL, correlation, z-scores."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import generator
from ..exercise import Exercise
from ..prediction import Prediction


def _may_be_negative(labels: Tensor, row: int) -> Tensor:
    return labels != labels[row]


def _nckd(z_s: Tensor, z_t: Tensor, labels: Tensor, T: float) -> Tensor:
    label = F.one_hot(labels, z_s.shape[1]).bool()
    log_q, log_p = (F.log_softmax((z / T)[~label].view(len(z), -1), dim=1) for z in (z_s, z_t.detach()))  # B K-1
    return T**2 * (log_p.exp() * (log_p - log_q)).sum(1).mean()


def _pearson(a: Tensor, b: Tensor) -> Tensor:
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))


def _z_scores(z: Tensor) -> Tensor:
    centred = z - z.mean(1, keepdim=True)
    return centred / centred.square().mean(1, keepdim=True).sqrt()


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _splits() -> list[tuple[Tensor, int]]:
    """Images of the middle, the first and the last class, and of one among few."""
    labels = torch.tensor([1, 0, 2, 1, 2, 0, 1, 2])
    return [(labels, row) for row in (0, 1, 4)] + [(torch.tensor([3, 3, 7]), 2)]


def _logits() -> list[tuple[Tensor, Tensor, Tensor, float]]:
    cases = []
    for B, K, T in ((4, 5, 2.0), (7, 3, 4.0), (1, 6, 1.0)):
        z_s, z_t = 2 * torch.randn(2, B, K, generator=generator(B))
        cases.append((z_s.requires_grad_(), z_t, torch.randint(K, (B,), generator=generator(K)), T))
    return cases


def _rows() -> list[tuple[Tensor, Tensor]]:
    pairs = [torch.randn(2, B, K, generator=generator(B)) + 1.5 for B, K in ((4, 6), (3, 9), (5, 3))]
    return [(a.requires_grad_(), b) for a, b in pairs]


def _samples() -> list[tuple[Tensor]]:
    sizes = ((4, 6, 1.0, 0.0), (3, 9, 20.0, 5.0), (5, 3, 0.001, 0.0))
    return [
        ((scale * torch.randn(B, K, generator=generator(B)) + shift).requires_grad_(),) for B, K, scale, shift in sizes
    ]


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _without_itself(labels: Tensor, row: int) -> Tensor:
    return torch.arange(len(labels)) != row


def _parts(z_s: Tensor, z_t: Tensor, T: float) -> tuple[Tensor, Tensor]:
    return F.log_softmax(z_s / T, dim=1), F.log_softmax(z_t.detach() / T, dim=1)


def _not_renormalised(z_s: Tensor, z_t: Tensor, labels: Tensor, T: float) -> Tensor:
    """The classes that are not the label, with their probabilities among all classes."""
    log_q, log_p = _parts(z_s, z_t, T)
    others = ~F.one_hot(labels, z_s.shape[1]).bool()
    return T**2 * (log_p.exp() * (log_p - log_q) * others).sum(1).mean()


def _weighed(z_s: Tensor, z_t: Tensor, labels: Tensor, T: float) -> Tensor:
    """(1 - p_label) · NCKD, as it stands in KL."""
    total = torch.zeros(())
    for b in range(len(labels)):
        one = _nckd(z_s[b : b + 1], z_t[b : b + 1], labels[b : b + 1], T)
        total = total + one * (1 - F.softmax(z_t[b] / T, 0)[labels[b]]) / len(labels)
    return total


def _zeroed(z_s: Tensor, z_t: Tensor, labels: Tensor, T: float) -> Tensor:
    """The label's logit is multiplied by 0, which leaves it a class with logit 0."""
    others = 1 - F.one_hot(labels, z_s.shape[1])
    log_q, log_p = _parts(z_s * others, z_t * others, T)
    return T**2 * (log_p.exp() * (log_p - log_q)).sum(1).mean()


def _tckd(z_s: Tensor, z_t: Tensor, labels: Tensor, T: float) -> Tensor:
    q, p = (x.exp().gather(1, labels[:, None])[:, 0] for x in _parts(z_s, z_t, T))
    return T**2 * (p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()).mean()


def _whole(z_s: Tensor, z_t: Tensor, labels: Tensor, T: float) -> Tensor:
    log_q, log_p = _parts(z_s, z_t, T)
    return T**2 * (log_p.exp() * (log_p - log_q)).sum(1).mean()


def _scaled(z: Tensor, dim: int | None = 1, correction: int = 0, inside: float = 0.0, outside: float = 0.0) -> Tensor:
    centred = z - (z.mean() if dim is None else z.mean(dim, keepdim=True))
    variance = z.var(correction=correction) if dim is None else z.var(dim, correction=correction, keepdim=True)
    return centred / ((variance + inside).sqrt() + outside)


may_be_negative = Exercise(
    "may_be_negative",
    _may_be_negative,
    _splits,
    mistakes={
        "images of the same class are among the negatives; CRD's code leaves them out": _without_itself,
        "all images are negatives, the image itself too: it would be pushed away from its own positive": (
            lambda labels, row: torch.ones(len(labels), dtype=torch.bool)
        ),
        "these are the images of the same class, which are not negatives": lambda labels, row: labels == labels[row],
        "these are the rows; return True or False for every image": lambda labels, row: (
            (labels != labels[row]).nonzero().flatten()
        ),
        "the label is compared with the row's number; compare it with the row's label": lambda labels, row: (
            labels != row
        ),
    },
    hints=(
        "Two images of one class are hardly negatives of each other. What is the class of image `row`?",
        "labels[row] is that class; compare it with all labels at once.",
    ),
    hidden=lambda: [(torch.tensor([2, 2, 0, 1, 0]), row) for row in range(5)],
    minutes=3,
    contract="labels (N,) and a row → booleans (N,)",
)

nckd = Exercise(
    "nckd",
    _nckd,
    _logits,
    mistakes={
        "the probabilities are those among all K classes; take the softmax over the K - 1 others": _not_renormalised,
        "this is (1 - p)·NCKD, as it stands in KL; leave the weight out": _weighed,
        "the label's logit is multiplied by 0 and stays a class with logit 0; leave it out": _zeroed,
        "this is TCKD, the label's part": _tckd,
        "this is KL over all classes; leave the label out": _whole,
        "the factor T² is missing": lambda z_s, z_t, labels, T: _nckd(z_s, z_t, labels, T) / T**2,
        "it sums over the samples; take their mean": lambda z_s, z_t, labels, T: (
            _nckd(z_s, z_t, labels, T) * len(labels)
        ),
        "the teacher's first choice is left out; it has to be the label": lambda z_s, z_t, labels, T: _nckd(
            z_s, z_t, z_t.argmax(1), T
        ),
    },
    hints=(
        "Leave the label's column out of both, then it is KD's loss over K - 1 classes.",
        "F.one_hot(labels, K).bool() marks the label; z[~marked].view(B, K - 1) are the others, in their order.",
        "log_softmax of what is left, and T² · Σ p̂_t (log p̂_t - log p̂_s), mean over the samples.",
    ),
    samples=(0, 1, 2),
    minutes=8,
    contract="logits (B, K) twice, labels (B,) and T → a scalar",
)

pearson = Exercise(
    "pearson",
    _pearson,
    _rows,
    mistakes={
        "the means are not taken away: this is the cosine": lambda a, b: F.cosine_similarity(a, b, dim=1),
        "it correlates over the samples (dim=0); take the classes, dim=1": lambda a, b: _pearson(a.T, b.T),
        "this is the covariance; divide by both lengths": lambda a, b: (
            (a - a.mean(1, keepdim=True)) * (b - b.mean(1, keepdim=True))
        ).mean(1),
        "the mean of the whole batch is taken away; take each row's own": lambda a, b: F.cosine_similarity(
            a - a.mean(), b - b.mean(), dim=1
        ),
        "only one of the two is centred when lengths are taken; both have to be": lambda a, b: F.cosine_similarity(
            a - a.mean(1, keepdim=True), b, dim=1
        ),
        "this is 1 - ρ, the loss; return ρ": lambda a, b: 1 - _pearson(a, b),
        "it averages over the samples; return one number for each": lambda a, b: _pearson(a, b).mean(),
    },
    hints=(
        "Take each row's mean away, in a and in b; keepdim=True keeps the shapes together.",
        "What is left of a row is a vector. ρ is the cosine of the two vectors.",
    ),
    samples=(0, 1),
    minutes=5,
    contract="rows (B, K) twice → correlations (B,)",
)

z_scores = Exercise(
    "z_scores",
    _z_scores,
    _samples,
    mistakes={
        "it divides by √(Σ/(K-1)), torch.std's default; the exercise asks for √(Σ/K)": lambda z: _scaled(
            z, correction=1
        ),
        "mean and deviation run over the samples (dim=0); take the classes, dim=1": lambda z: _scaled(z, 0),
        "mean and deviation are those of the whole batch; take each sample's own": lambda z: _scaled(z, None),
        "the mean is not taken away": lambda z: z / z.var(1, correction=0, keepdim=True).sqrt(),
        "it divides by the variance; take its root": lambda z: (
            (z - z.mean(1, keepdim=True)) / z.var(1, correction=0, keepdim=True)
        ),
        "a small number is added to the variance, under the root: 1e-5 there is 0.003 beside a deviation of 0.001": (
            lambda z: _scaled(z, inside=1e-5)
        ),
        "the number that is added to the deviation is too large: a sample of small logits shrinks": (
            lambda z: _scaled(z, outside=1e-5)
        ),
    },
    hints=(
        "Take each sample's mean away. The deviation is the root of the mean square of what is left.",
        "z.std(1) divides by K - 1. Either correction=0, or write the root of the mean square yourself.",
    ),
    samples=(0,),
    minutes=4,
    contract="logits (B, K) → z-scores (B, K)",
)

what_kl_sees = Prediction(
    "what_kl_sees",
    {
        "KL: 3 added to all logits of a sample": (False, "a softmax does not see what all its logits have in common"),
        "KL: all logits of a sample doubled": (True, "doubled logits are sharper probabilities"),
        "z-scores: 3 added to all logits of a sample": (False, "the mean is taken away"),
        "z-scores: all logits of a sample doubled": (False, "the deviation doubles with them, and divides them"),
        "z-scores: 1 added to the logit of the label": (True, "it moves beside the others"),
        "z-scores: two logits exchanged": (True, "a z-score belongs to its class; mean and deviation stay"),
        "NCKD: 1 added to the logit of the label": (False, "the label is left out before the softmax"),
        "NCKD: 1 added to the logit of another class": (True, "it takes probability from the other others"),
    },
    hints=(
        "Write the softmax after the change: which factor cancels?",
        "The last explorer of the lesson has a shift and a scale.",
    ),
    minutes=4,
    contract="{change of the student's logits: True if the loss sees it, else False}",
)
