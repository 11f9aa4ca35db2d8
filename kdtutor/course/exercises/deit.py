"""Exercises of the lesson on DeiT: patches, attention, the two objectives, and two heads as one."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import drawn
from ..exercise import Exercise
from ..rules import without


def _patchify(x: Tensor, size: int) -> Tensor:
    B, C, H, W = x.shape
    x = x.reshape(B, C, H // size, size, W // size, size)  # B C rows y columns x
    x = x.permute(0, 2, 4, 1, 3, 5)  # B rows columns C y x
    return x.reshape(B, -1, C * size * size)


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    return scores.softmax(dim=-1) @ v


def _hard_objective(z_class: Tensor, z_distillation: Tensor, z_t: Tensor, labels: Tensor) -> Tensor:
    y_t = z_t.argmax(dim=1)
    return (F.cross_entropy(z_class, labels) + F.cross_entropy(z_distillation, y_t)) / 2


def _soft_objective(z_s: Tensor, z_t: Tensor, labels: Tensor, share: float, tau: float) -> Tensor:
    p_t = F.softmax(z_t.detach() / tau, dim=1)
    kl = F.kl_div(F.log_softmax(z_s / tau, dim=1), p_t, reduction="batchmean")
    return (1 - share) * F.cross_entropy(z_s, labels) + share * tau**2 * kl


def _fuse(z_class: Tensor, z_distillation: Tensor) -> Tensor:
    return (z_class.softmax(dim=1) + z_distillation.softmax(dim=1)) / 2


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _images() -> list[tuple[Tensor, int]]:
    a, b, c = drawn(1, (2, 1, 4, 6), (1, 3, 6, 6), (2, 2, 4, 4))
    return [(a, 2), (b, 3), (c, 2)]


def _queries() -> list[tuple[Tensor, ...]]:
    return [
        tuple(2 * x.detach() for x in drawn(2, (2, 3, 5, 4), (2, 3, 5, 4), (2, 3, 5, 4))),
        tuple(drawn(3, (1, 2, 4, 9), (1, 2, 4, 9), (1, 2, 4, 9), grad=True)),
        tuple(drawn(4, (2, 3, 3, 3), (2, 3, 3, 3), (2, 3, 3, 3), double=True)),
    ]


def _answers(heads: int) -> list[tuple[Tensor, ...]]:
    """Logits of some heads and of a teacher, all of which require gradients, and labels."""
    cases = []
    for seed, (B, K) in enumerate(((4, 5), (7, 3), (5, 10)), start=5):
        logits = [(3 * x.detach()).requires_grad_() for x in drawn(seed, *[(B, K)] * (heads + 1))]
        cases.append((*logits, torch.arange(B) * 2 % K))
    return cases


def _soft_cases() -> list[tuple[Tensor, Tensor, Tensor, float, float]]:
    numbers = ((0.1, 3.0), (0.5, 2.0), (0.3, 4.0))
    return [(z_s, z_t, y, *more) for (z_s, z_t, y), more in zip(_answers(1), numbers, strict=True)]


def _pairs() -> list[tuple[Tensor, Tensor]]:
    return [(z_class, z_distillation) for z_class, z_distillation, _ in _answers(1)]


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _cut(x: Tensor, size: int, order: tuple[int, ...]) -> Tensor:
    B, C, H, W = x.shape
    return x.reshape(B, C, H // size, size, W // size, size).permute(*order).reshape(B, -1, C * size * size)


def _with_scale(q: Tensor, k: Tensor, v: Tensor, scale: float, dim: int = -1) -> Tensor:
    return (scale * q @ k.transpose(-2, -1)).softmax(dim) @ v


patchify = Exercise(
    "patchify",
    _patchify,
    _images,
    mistakes={
        "the numbers are grouped as they lie in memory, in stripes; bring rows and columns of patches forward first": (
            lambda x, p: x.reshape(len(x), -1, x.shape[1] * p * p)
        ),
        "the patches come column by column; they have to come row by row": lambda x, p: _cut(x, p, (0, 4, 2, 1, 3, 5)),
        "within a patch the channels come last; keep the order C, y, x": lambda x, p: _cut(x, p, (0, 2, 4, 3, 5, 1)),
        "each patch is turned on its side: y has to come before x": lambda x, p: _cut(x, p, (0, 2, 4, 1, 5, 3)),
        "the channels are still in front of the patches; bring them behind, so that a patch has all of its channels": (
            lambda x, p: _cut(x, p, (0, 1, 2, 4, 3, 5))
        ),
        "patches and pixels are mixed up: reshape H into (H / size, size), not into (size, H / size)": (
            lambda x, p: (
                x.reshape(*x.shape[:2], p, x.shape[2] // p, p, x.shape[3] // p)
                .permute(0, 3, 5, 1, 2, 4)
                .reshape(len(x), -1, x.shape[1] * p * p)
            )
        ),
    },
    hints=(
        "Split H into (rows of patches, pixels in a patch) and W likewise, by one reshape: six dimensions.",
        "Then permute, so that rows and columns of patches stand next to each other, before C and both pixels.",
        "permute(0, 2, 4, 1, 3, 5), and a last reshape.",
    ),
    samples=(0,),
    minutes=6,
    contract="images (B, C, H, W), size → (B, N, C · size²): patches row by row, each in the order C, y, x",
)

attend = Exercise(
    "attend",
    _attend,
    _queries,
    mistakes={
        "the factor 1/√d is missing: with many numbers a head the softmax would be all but hard": lambda q, k, v: (
            _with_scale(q, k, v, 1.0)
        ),
        "it divides by d; it has to be √d": lambda q, k, v: _with_scale(q, k, v, 1 / q.shape[-1]),
        "it multiplies by √d; it has to divide": lambda q, k, v: _with_scale(q, k, v, q.shape[-1] ** 0.5),
        "√d is that of the number of tokens; d is how many numbers a query has": lambda q, k, v: _with_scale(
            q, k, v, q.shape[-2] ** -0.5
        ),
        "the softmax runs over the tokens that ask (dim=-2); each row has to sum to 1, dim=-1": lambda q, k, v: (
            _with_scale(q, k, v, q.shape[-1] ** -0.5, dim=-2)
        ),
        "the softmax runs over the heads (dim=1); each row has to sum to 1, dim=-1": lambda q, k, v: _with_scale(
            q, k, v, q.shape[-1] ** -0.5, dim=1
        ),
        "the softmax is missing: weights may not be negative, and have to sum to 1": lambda q, k, v: (
            q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5 @ v
        ),
        "queries and keys have changed places": lambda q, k, v: _with_scale(k, q, v, q.shape[-1] ** -0.5),
        "these are the weights; multiply them by v": lambda q, k, v: (
            q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        ).softmax(-1),
    },
    hints=(
        "The score of token i for token j is the product of its query with the other's key: q @ k.transpose(-2, -1).",
        "Divide the scores by the root of the last size of q. Then each row becomes weights that sum to 1.",
    ),
    rules=(without("scaled_dot_product", sentence="torch's attention did it; write two products and a softmax"),),
    samples=(0, 1, 2),
    minutes=6,
    contract="q, k, v (B, h, N, d) → softmax(q kᵀ / √d) v, without torch's own attention",
)

hard_objective = Exercise(
    "hard_objective",
    _hard_objective,
    lambda: _answers(2),
    mistakes={
        "both halves read the class token; the teacher's half belongs to the distillation token": lambda c, d, t, y: (
            _hard_objective(c, c, t, y)
        ),
        "both halves read the distillation token; the labels' half belongs to the class token": lambda c, d, t, y: (
            _hard_objective(d, d, t, y)
        ),
        "the tokens have changed places: labels teach the class token, the teacher the other": lambda c, d, t, y: (
            _hard_objective(d, c, t, y)
        ),
        "both halves learn from the labels; what the teacher decides is not used": lambda c, d, t, y: (
            (F.cross_entropy(c, y) + F.cross_entropy(d, y)) / 2
        ),
        "the halves are added in full: each counts ½": lambda c, d, t, y: 2 * _hard_objective(c, d, t, y),
        "the decision is the student's own; take the argmax of the teacher's logits": lambda c, d, t, y: (
            _hard_objective(c, d, d, y)
        ),
        "the teacher's answer is soft here; its decision is asked for, argmax": lambda c, d, t, y: (
            (F.cross_entropy(c, y) + F.cross_entropy(d, t.detach().softmax(1))) / 2
        ),
        "two things: the teacher's answer is soft, and it gets a gradient": lambda c, d, t, y: (
            (F.cross_entropy(c, y) + F.cross_entropy(d, t.softmax(1))) / 2
        ),
        "the teacher's logits themselves are taken for the target; its decision is asked for, argmax": (
            lambda c, d, t, y: (F.cross_entropy(c, y) + F.cross_entropy(d, t)) / 2
        ),
        "the logits of both heads are averaged first; each head has a cross-entropy of its own": lambda c, d, t, y: (
            _hard_objective((c + d) / 2, (c + d) / 2, t, y)
        ),
    },
    hints=(
        "What does the teacher decide? z_t.argmax(dim=1), which serves as a label.",
        "Two calls of F.cross_entropy, one for each head; then their mean.",
    ),
    samples=(0, 1, 2, 3),
    minutes=5,
    contract="z_class, z_distillation, z_t (B, K), labels (B,) → ½ CE(z_class, labels) + ½ CE(z_distillation, y_t)",
)

soft_objective = Exercise(
    "soft_objective",
    _soft_objective,
    _soft_cases,
    mistakes={
        "the factor τ² is missing": lambda s, t, y, share, tau: (
            (1 - share) * F.cross_entropy(s, y) + (_soft_objective(s, t, y, 1.0, tau) / tau**2) * share
        ),
        "the factor is τ; it has to be τ²": lambda s, t, y, share, tau: (
            (1 - share) * F.cross_entropy(s, y) + _soft_objective(s, t, y, 1.0, tau) / tau * share
        ),
        "the divergence is divided by K, too, as in the authors' code; the formula divides by B alone": (
            lambda s, t, y, share, tau: (
                (1 - share) * F.cross_entropy(s, y) + share * _soft_objective(s, t, y, 1.0, tau) / s.shape[1]
            )
        ),
        "λ and 1 - λ have changed places: λ is the teacher's share": lambda s, t, y, share, tau: _soft_objective(
            s, t, y, 1 - share, tau
        ),
        "the cross-entropy with the labels counts in full; it has 1 - λ": lambda s, t, y, share, tau: (
            F.cross_entropy(s, y) + share * _soft_objective(s, t, y, 1.0, tau)
        ),
        "a gradient flows into the teacher, which is to stay as it is: z_t.detach()": lambda s, t, y, share, tau: (
            (1 - share) * F.cross_entropy(s, y)
            + share * tau**2 * F.kl_div(F.log_softmax(s / tau, 1), F.softmax(t / tau, 1), reduction="batchmean")
        ),
        "the labels' half is softened, too; only the divergence is divided by τ": lambda s, t, y, share, tau: (
            (1 - share) * F.cross_entropy(s / tau, y) + share * _soft_objective(s, t, y, 1.0, tau)
        ),
    },
    hints=(
        "Two terms. The first is F.cross_entropy of the logits as they are, times 1 - λ.",
        "The second is lesson 1's loss: τ² · KL, with F.kl_div(…, reduction='batchmean'), times λ.",
        "The teacher's side is a constant: z_t.detach().",
    ),
    samples=(0, 1, 2),
    minutes=6,
    contract="z_s, z_t (B, K), labels (B,), share λ, tau τ → (1 - λ) CE + λ τ² KL, mean over B",
)

fuse = Exercise(
    "fuse",
    _fuse,
    _pairs,
    mistakes={
        "this is the softmax of the mean logits, as in the authors' code; the paper adds softmaxes": lambda c, d: (
            (c + d) / 2
        ).softmax(1),
        "this is the softmax of the summed logits; take the mean of two softmaxes": lambda c, d: (c + d).softmax(1),
        "the sum of two softmaxes sums to 2: halve it": lambda c, d: c.softmax(1) + d.softmax(1),
        "this is the mean of the logits, no probabilities yet": lambda c, d: (c + d) / 2,
        "the softmax runs over the samples (dim=0); the classes are dim=1": lambda c, d: (
            (c.softmax(0) + d.softmax(0)) / 2
        ),
        "the class head is not asked": lambda c, d: d.softmax(1),
        "the distillation head is not asked": lambda c, d: c.softmax(1),
        "a softmax of probabilities is nearly flat; leave the second one out": lambda c, d: (
            (c.softmax(1) + d.softmax(1)) / 2
        ).softmax(1),
    },
    hints=(
        "First probabilities, then the mean: in the other order a head that is very sure of itself outvotes the other.",
        "z.softmax(dim=1) for each head.",
    ),
    samples=(0, 1),
    minutes=4,
    contract="logits of both heads (B, K) → probabilities (B, K): the mean of their softmaxes",
)
