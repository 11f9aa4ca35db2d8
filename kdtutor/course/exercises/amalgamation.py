"""Exercises of the lesson on amalgamation (KA): scores side by side, shared classes, MMD, what a KL can see."""

import torch
from torch import Tensor

from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction

Classes = tuple[int, ...]


def _amalgamated_loss(z_s: Tensor, z_1: Tensor, z_2: Tensor) -> Tensor:
    z_t = torch.cat([z_1, z_2], dim=1).detach()  # B K
    return (z_s - z_t).square().sum(dim=1).mean() / 2


def _shared_scores(z_1: Tensor, z_2: Tensor, of_1: Classes, of_2: Classes) -> Tensor:
    K = 1 + max(*of_1, *of_2)
    sums, counts = torch.zeros(len(z_1), K), torch.zeros(K)
    for z, classes in ((z_1, of_1), (z_2, of_2)):
        for column, k in enumerate(classes):
            sums[:, k] += z[:, column]
            counts[k] += 1
    return sums / counts


def _mmd_squared(x: Tensor, y: Tensor, sigma: float) -> Tensor:
    def k(a: Tensor, b: Tensor) -> Tensor:
        squares = (a[:, None] - b[None]).square().sum(dim=2)  # N M
        return torch.exp(-squares / (2 * sigma**2)).mean()

    return k(x, x) + k(y, y) - 2 * k(x, y)


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _scores() -> list[tuple[Tensor, Tensor, Tensor]]:
    """A student's scores, which require gradients, and those of two teachers."""
    cases = []
    for seed, (B, k_1, k_2) in enumerate(((4, 3, 2), (7, 2, 2), (1, 5, 5))):
        z_s, z_1, z_2 = drawn(seed, (B, k_1 + k_2), (B, k_1), (B, k_2))
        cases.append((3 * z_s.requires_grad_(), 4 * z_1, 2 * z_2))
    return [(z_s.detach().requires_grad_(), z_1, z_2) for z_s, z_1, z_2 in cases]


def _shared() -> list[tuple[Tensor, Tensor, Classes, Classes]]:
    """Scores of two teachers, and their classes: two that share some, two that share none, and numbers out of order."""
    sizes = (((0, 1, 2), (1, 2, 3)), ((0, 1), (2, 3)), ((3, 0, 1), (1, 2, 4)))
    made = [drawn(seed, (4, len(a)), (4, len(b))) for seed, (a, b) in enumerate(sizes)]
    return [(3 * z_1, 3 * z_2, a, b) for (z_1, z_2), (a, b) in zip(made, sizes, strict=True)]


def _clouds() -> list[tuple[Tensor, Tensor, float]]:
    """Two sets of vectors, the first of which requires gradients, and a kernel width."""
    shapes = ((6, 4, 2, 0.7), (5, 5, 3, 2.0), (9, 3, 1, 1.5))
    cases = []
    for seed, (N, M, D, sigma) in enumerate(shapes):
        x, y = drawn(seed + 5, (N, D), (M, D))
        cases.append((x.requires_grad_(), y + 1, sigma))
    return cases


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _of_softmaxes(z_s: Tensor, z_1: Tensor, z_2: Tensor) -> Tensor:
    p_t = torch.cat([z_1.softmax(1), z_2.softmax(1)], 1)
    return (z_s.softmax(1) - p_t).square().sum(1).mean() / 2


def _block_softmaxes(z_s: Tensor, z_1: Tensor, z_2: Tensor) -> Tensor:
    k = z_1.shape[1]
    p_s = torch.cat([z_s[:, :k].softmax(1), z_s[:, k:].softmax(1)], 1)
    return (p_s - torch.cat([z_1.softmax(1), z_2.softmax(1)], 1)).square().sum(1).mean() / 2


def _written_over(z_1: Tensor, z_2: Tensor, of_1: Classes, of_2: Classes) -> Tensor:
    made = torch.zeros(len(z_1), 1 + max(*of_1, *of_2))
    made[:, list(of_1)] = z_1
    made[:, list(of_2)] = z_2
    return made


def _summed(z_1: Tensor, z_2: Tensor, of_1: Classes, of_2: Classes) -> Tensor:
    made = torch.zeros(len(z_1), 1 + max(*of_1, *of_2))
    made[:, list(of_1)] += z_1
    made[:, list(of_2)] += z_2
    return made


def _with_kernel(x: Tensor, y: Tensor, scale: float, others: bool = False) -> Tensor:
    def k(a: Tensor, b: Tensor) -> Tensor:
        kernel = torch.exp(-(a[:, None] - b[None]).square().sum(2) / scale)
        if others and a is b:
            return (kernel.sum() - len(a)) / (len(a) * (len(a) - 1))
        return kernel.mean()

    return k(x, x) + k(y, y) - 2 * k(x, y)


amalgamated_loss = Exercise(
    "amalgamated_loss",
    _amalgamated_loss,
    _scores,
    mistakes={
        "the teachers' blocks are in the wrong order: the first teacher's classes come first": lambda z_s, z_1, z_2: (
            _amalgamated_loss(z_s, z_2, z_1)
            if z_1.shape == z_2.shape
            else (z_s - torch.cat([z_2, z_1], 1)).square().sum(1).mean() / 2
        ),
        "it compares softmaxes, the student's over all classes with each teacher's; compare scores": _of_softmaxes,
        "it compares a softmax over each block: which block wins is lost; compare the scores": _block_softmaxes,
        "it takes the mean over the classes; the paper's norm sums over them": lambda z_s, z_1, z_2: (
            (z_s - torch.cat([z_1, z_2], 1)).square().mean() / 2
        ),
        "F.mse_loss takes the mean over the classes, too, and has no half: sum over them, and halve the mean over B": (
            lambda z_s, z_1, z_2: (z_s - torch.cat([z_1, z_2], 1)).square().mean()
        ),
        "it sums over the batch; take its mean": lambda z_s, z_1, z_2: (
            (z_s - torch.cat([z_1, z_2], 1)).square().sum() / 2
        ),
        "the half is missing": lambda z_s, z_1, z_2: 2 * _amalgamated_loss(z_s, z_1, z_2),
        "this is the norm itself; the paper squares it": lambda z_s, z_1, z_2: (
            (z_s - torch.cat([z_1, z_2], 1)).norm(dim=1).mean() / 2
        ),
    },
    hints=(
        "Which row of K numbers should the student's K scores be equal to? torch.cat(…, dim=1) makes it.",
        "½ ‖a − b‖² of one image is half of the sum of the squared differences.",
        "(z_s - z_t).square().sum(dim=1) has one number an image; take their mean, and halve it.",
    ),
    samples=(0, 1, 2),
    minutes=5,
    contract="scores (B, K) of the student, (B, k₁) and (B, k₂) of two teachers → ½ ‖z_s − [z₁, z₂]‖², mean over B",
)

shared_scores = Exercise(
    "shared_scores",
    _shared_scores,
    _shared,
    mistakes={
        "where both know a class, the second teacher writes over the first; take the mean": _written_over,
        "where both know a class, the scores are added, so such a class looks twice as good; take the mean": _summed,
        "the scores are only put side by side; a class that both know is one column": lambda z_1, z_2, of_1, of_2: (
            torch.cat([z_1, z_2], 1)
        ),
        "every score is halved; only a class that both know has two": lambda z_1, z_2, of_1, of_2: (
            _summed(z_1, z_2, of_1, of_2) / 2
        ),
        "the larger score is taken where both know a class; take the mean": lambda z_1, z_2, of_1, of_2: torch.stack(
            [_written_over(z_1, z_2, of_1, of_2), _written_over(z_2, z_1, of_2, of_1)]
        ).amax(0),
        "where both know a class, the first teacher writes over the second; take the mean": (
            lambda z_1, z_2, of_1, of_2: _written_over(z_2, z_1, of_2, of_1)
        ),
    },
    hints=(
        "How many classes are there? One more than the largest number in both lists.",
        "Go through both teachers and their columns; column c of a teacher belongs to entry c of its list.",
        "Add the scores into one tensor, count in another how many were added, and divide.",
    ),
    samples=(0, 1),
    minutes=8,
    contract="scores (B, k₁), (B, k₂) and the classes of their columns → (B, K), the mean where both know a class",
)

mmd_squared = Exercise(
    "mmd_squared",
    _mmd_squared,
    _clouds,
    mistakes={
        "σ is not squared: the kernel is exp(−d² / 2σ²)": lambda x, y, sigma: _with_kernel(x, y, 2 * sigma),
        "the 2 before σ² is missing": lambda x, y, sigma: _with_kernel(x, y, sigma**2),
        "the pairs of a sample with itself are left out: that is the unbiased estimate; the authors keep them": (
            lambda x, y, sigma: _with_kernel(x, y, 2 * sigma**2, others=True)
        ),
        "the mixed pairs count once; both (x, y) and (y, x) belong to the square": lambda x, y, sigma: (
            (k := lambda a, b: torch.exp(-(a[:, None] - b[None]).square().sum(2) / (2 * sigma**2)).mean())(x, x)
            + k(y, y) - k(x, y)
        ),
        "this is the root, MMD; its square is asked for": lambda x, y, sigma: _mmd_squared(x, y, sigma).sqrt(),
        "distances are not squared in the kernel": lambda x, y, sigma: (
            (k := lambda a, b: torch.exp(-(a[:, None] - b[None]).square().sum(2).sqrt() / (2 * sigma**2)).mean())(x, x)
            + k(y, y) - 2 * k(x, y)
        ),
        "this compares the two means of the sets; MMD compares whole distributions": lambda x, y, sigma: (
            (x.mean(0) - y.mean(0)).square().sum()
        ),
    },
    hints=(
        "Write the kernel of all pairs first: (a[:, None] - b[None]).square().sum(dim=2) holds every d².",
        "Three means: of the pairs within x, of those within y, of the mixed ones.",
        "MMD² = mean k(x, x) + mean k(y, y) − 2 · mean k(x, y).",
    ),
    samples=(0, 1),
    minutes=8,
    contract="x (N, D), y (M, D) and σ → MMD² with the kernel exp(−d² / 2σ²), all pairs counted, each with itself too",
)  # fmt: skip

blocks_see = Prediction(
    "blocks_see",
    {
        "7 is added to all scores of teacher 1; a KL per teacher changes": (
            False, "each softmax runs over one teacher's classes alone, and a common number cancels in it"),
        "7 is added to all scores of teacher 1; ½‖z_s − [z₁, z₂]‖² changes": (
            True, "it compares the numbers themselves"),
        "7 is added to all scores of teacher 1; which class has the largest score may change": (
            True, "scores of different teachers stand in one row, and one half of it went up"),
        "7 is added to all scores of teacher 1; which teacher has the larger softmax may change": (
            False, "the softmax of each is the same as before"),
        "a student with a KL of 0 to each teacher gives every image the right half": (
            False, "the two halves of its scores may be shifted against each other by any number"),
        "a teacher that has never seen a 7 gives a 7 a small largest softmax": (
            False, "nobody taught it to doubt: its softmax has to sum to one over classes that are all wrong"),
        "to learn from both teachers, an image needs a label that says which of them knows it": (
            False, "every image is shown to both, and both answers are matched; the larger scores tell the half"),
    },
    hints=(
        "softmax(z + c) = softmax(z). Which losses have a softmax in them, and over which classes?",
        "The first explorer of the lesson has a slider that shifts one teacher.",
    ),
    minutes=5,
    contract="{statement: True or False}",
)  # fmt: skip
