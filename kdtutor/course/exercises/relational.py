"""Exercises of the lesson on RKD: both potentials, what stays, the memory of triples, recall."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import generator
from ..exercise import Exercise
from ..prediction import Prediction
from ..rules import no_loop


def _rkd_distances(e: Tensor) -> Tensor:
    d = (e.unsqueeze(0) - e.unsqueeze(1)).norm(dim=2)  # B B
    B = len(e)
    return d / (d.sum() / (B * (B - 1)))


def _rkd_angles(e: Tensor) -> Tensor:
    towards = F.normalize(e.unsqueeze(0) - e.unsqueeze(1), dim=2)  # [i, j]: from i to j
    return towards @ towards.transpose(1, 2)  # B B B


def _angle_numbers(B: int, D: int) -> int:
    return B * B * D + B**3


def _recall_at_1(e: Tensor, labels: Tensor) -> Tensor:
    d = torch.cdist(e, e)
    d.fill_diagonal_(torch.inf)  # nobody is a neighbour of himself
    return (labels[d.argmin(dim=1)] == labels).float().mean()


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _embeddings() -> list[tuple[Tensor]]:
    """Batches of three sizes; no gradients are asked for, because ‖0‖ on the diagonal has none of one kind."""
    rng = generator(0)
    return [(3 * torch.randn(B, D, generator=rng) + 1,) for B, D in ((4, 2), (7, 3), (5, 9), (2, 4))] + [
        (torch.randn(6, 6, generator=rng, dtype=torch.float64),)
    ]


def _labelled() -> list[tuple[Tensor, Tensor]]:
    """Points that scatter about three centres far apart, so that some neighbours are right and some are not."""
    rng = generator(1)
    cases = []
    for spread in (0.8, 2.0):
        labels = torch.arange(3).repeat_interleave(7)
        centres = torch.tensor([[3.0, 0], [0, 3], [9, 9]])
        cases.append((centres[labels] + spread * torch.randn(21, 2, generator=rng), labels))
    shuffled, points = torch.randperm(21, generator=rng), cases[1][0].double()
    cases.append((points[shuffled][:12], cases[1][1][shuffled][:12]))
    cases.append((torch.randn(8, 5, generator=rng), torch.tensor([0, 1, 1, 0, 2, 2, 0, 1])))
    return cases


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _without_unit(e: Tensor) -> Tensor:
    towards = e.unsqueeze(0) - e.unsqueeze(1)
    return towards @ towards.transpose(1, 2)


def _about_the_origin(e: Tensor) -> Tensor:
    unit = F.normalize(e, dim=1)
    return (unit @ unit.T).unsqueeze(0).expand(len(e), -1, -1)


def _self_is_nearest(e: Tensor, labels: Tensor) -> Tensor:
    return (labels[torch.cdist(e, e).argmin(dim=1)] == labels).float().mean()


def _farthest(e: Tensor, labels: Tensor) -> Tensor:
    return (labels[torch.cdist(e, e).argmax(dim=1)] == labels).float().mean()


def _largest_product(e: Tensor, labels: Tensor) -> Tensor:
    products = (e @ e.T).fill_diagonal_(-torch.inf)
    return (labels[products.argmax(dim=1)] == labels).float().mean()


rkd_distances = Exercise(
    "rkd_distances",
    _rkd_distances,
    _embeddings,
    mistakes={
        "the distances are not divided by their mean μ: a space twice as large would have another ψ": lambda e: (
            e.unsqueeze(0) - e.unsqueeze(1)
        ).norm(dim=2),
        "the mean counts the diagonal, B zeros that are no pairs: divide by B (B − 1), not by B²": lambda e: (
            _rkd_distances(e) * len(e) / (len(e) - 1)
        ),
        "these are squared distances; take the root before the mean": lambda e: (
            (d := (e.unsqueeze(0) - e.unsqueeze(1)).square().sum(2)) * len(e) * (len(e) - 1) / d.sum()
        ),
        "the mean runs over each row; one μ belongs to the whole batch": lambda e: (
            (d := _rkd_distances(e)) / d.sum(1, keepdim=True) * (len(e) - 1)
        ),
        "the pairs are counted once and the sum twice: divide by B (B − 1), not by half of it": lambda e: (
            _rkd_distances(e) / 2
        ),
        "they are divided by the largest distance; the paper divides by the mean": lambda e: (
            (d := _rkd_distances(e)) / d.max()
        ),
    },
    hints=(
        "e.unsqueeze(0) - e.unsqueeze(1) holds all differences, (B, B, D).",
        "norm(dim=2) makes their lengths, (B, B), with zeros on the diagonal.",
        "There are B · (B − 1) pairs of two different samples; the zeros add nothing to the sum.",
    ),
    rules=(no_loop("it walks through the batch in a loop; differences of all pairs are one subtraction"),),
    samples=(0,),
    minutes=6,
    contract="embeddings (B, D) → (B, B), each distance divided by the mean over pairs i ≠ j",
)

rkd_angles = Exercise(
    "rkd_angles",
    _rkd_angles,
    _embeddings,
    mistakes={
        "the directions have not length 1 yet: these are products, not cosines": _without_unit,
        "these are angles seen from the origin; the vertex is the sample i": _about_the_origin,
        "the vertex comes last; put it first: [i, j, k] is the angle at i": lambda e: _rkd_angles(e).permute(1, 2, 0),
        "on the diagonal this is 0/0, not a number; F.normalize leaves a zero vector as it is": lambda e: (
            (u := (t := e.unsqueeze(0) - e.unsqueeze(1)) / t.norm(dim=2, keepdim=True)) @ u.mT
        ),
        "directions are scaled over the samples, not over their D numbers: F.normalize(…, dim=2)": lambda e: (
            (u := F.normalize(e.unsqueeze(0) - e.unsqueeze(1), dim=1)) @ u.mT
        ),
        "the sign is turned: both arms start at the vertex, so both differences must": lambda e: -_rkd_angles(e),
        "these are angles; their cosines are wanted": lambda e: _rkd_angles(e).clamp(-1, 1).acos(),
    },
    hints=(
        "Begin with all differences, (B, B, D): [i, j] points from i to j.",
        "F.normalize(…, dim=2) makes directions of them; a zero stays zero.",
        "For each vertex i, all cosines at once are one product of a (B, D) matrix with its transpose.",
    ),
    samples=(0,),
    minutes=8,
    contract="embeddings (B, D) → (B, B, B); [i, j, k] is the cosine of the angle j i k, with its vertex at i",
)

rkd_stays = Prediction(
    "rkd_stays",
    {
        "rotated": (True, "a rotation keeps every difference's length and every inner product of two of them"),
        "mirrored": (True, "a mirror keeps lengths and inner products too; the loss cannot tell left from right"),
        "moved, all by the same vector": (True, "only differences occur, and the vector cancels in each"),
        "three times as large": (True, "lengths triple, but so does their mean; directions do not change"),
        "one axis stretched": (False, "distances along this axis grow, the others do not; angles change with them"),
        "each embedding scaled to length 1": (False, "every sample moves by a factor of its own"),
        "a ReLU applied": (False, "what was negative collapses, and with it differences"),
        "ten zeros appended to each embedding": (True, "zeros add nothing to lengths and products: widths may differ"),
        "two samples exchanged, in the student only": (False, "the samples are named: row i must be row i"),
    },
    hints=(
        "Write e_i − e_j after the change. Is it the old difference, turned or scaled alike for all pairs?",
        "The explorer of section 1 does the first four.",
    ),
    minutes=4,
    contract="{change of the student's embeddings: True if both losses stay exactly as they are, else False}",
)

angle_numbers = Exercise(
    "angle_numbers",
    _angle_numbers,
    [(64, 16), (3, 5), (128, 64), (512, 512)],
    mistakes={
        "these are the cosines alone; the differences, B · B · D numbers, are formed before": lambda B, D: B**3,
        "these are the differences alone; the cosines come on top": lambda B, D: B * B * D,
        "these are bytes; numbers are asked for": lambda B, D: 4 * _angle_numbers(B, D),
        "the cosines are B · B · B: at every vertex one for each pair of arms": lambda B, D: B * B * D + B * B,
    },
    hints=(
        "What is the shape of e.unsqueeze(0) - e.unsqueeze(1)?",
        "And of the cosines? Multiply the sizes of each, and add.",
    ),
    hidden=[(32, 8), (4, 10), (100, 300), (7, 2)],
    minutes=3,
    contract="B, D → how many numbers the differences (B, B, D) and the cosines (B, B, B) have together",
)

recall_at_1 = Exercise(
    "recall_at_1",
    _recall_at_1,
    _labelled,
    mistakes={
        "every sample is its own nearest neighbour here; leave it out": _self_is_nearest,
        "this looks at the farthest sample; the nearest counts": _farthest,
        "a large inner product is no small distance, unless all embeddings have one length": _largest_product,
        "this is the share of wrong neighbours": lambda e, labels: 1 - _recall_at_1(e, labels),
    },
    hints=(
        "torch.cdist(e, e) holds all distances, (N, N).",
        "The diagonal is zero. Fill it with infinity: d.fill_diagonal_(torch.inf).",
        "d.argmin(dim=1) names each sample's nearest other; compare the labels and take the mean.",
    ),
    samples=(0, 1),
    minutes=6,
    contract="embeddings (N, D) and labels (N,) → the share of samples whose nearest other sample has their label",
)
