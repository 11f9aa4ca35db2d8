"""Exercises of the lesson on matching: the costs, brute force, how many pairings are best, what leaves them alone."""

import math
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..cases import drawn
from ..exercise import Exercise
from ..prediction import Prediction
from ..rules import no_large_tensor


def _flow_cost(f_s: Tensor, f_t: Tensor) -> Tensor:
    s = F.normalize(f_s.flatten(2), dim=2)  # B Cs HW
    t = F.normalize(f_t.flatten(2), dim=2)  # B Ct HW
    cosines = s @ t.transpose(1, 2)  # B Cs Ct
    return (2 - 2 * cosines).mean(dim=0)


def _best_pairing(cost: Tensor) -> float:
    n = len(cost)
    return min(sum(cost[j, column[j]].item() for j in range(n)) for column in permutations(range(n)))


def _ways(C_s: int, G: int) -> int:
    return math.factorial(G) ** C_s


# -- arguments to try the functions with ------------------------------------------------------------------------------


def _maps() -> list[tuple[Tensor, Tensor]]:
    sizes = ((3, 6, 6, 4), (3, 12, 6, 4)), ((2, 5, 3, 3), (2, 10, 3, 3))
    pairs = [drawn(seed, *shapes) for seed, shapes in enumerate(sizes)]
    f_s, f_t = drawn(2, (1, 3, 4, 4), (1, 5, 4, 4), double=True)
    return [*((f_s, 3 * f_t) for f_s, f_t in pairs), (f_s, f_t)]


def _costs() -> list[tuple[Tensor]]:
    """The last one misleads whoever takes the cheapest pair first."""
    larger, smaller = drawn(1, (5, 5), (4, 4), draw=torch.rand)
    trap = torch.tensor([[0.0, 0.1, 3.0], [0.1, 3.0, 3.0], [3.0, 3.0, 1.0]])
    return [
        (4 * larger,),
        (4 * smaller,),
        (trap,),
        (-trap.double(),),
        (torch.tensor([[2.5]]),),
    ]


# -- mistakes ---------------------------------------------------------------------------------------------------------


def _units(f: Tensor, dim: int) -> Tensor:
    return F.normalize(f, dim=dim)


def _all_images_at_once(f_s: Tensor, f_t: Tensor) -> Tensor:
    s, t = (F.normalize(f.transpose(0, 1).flatten(1), dim=1) for f in (f_s, f_t))
    return 2 - 2 * s @ t.T


def _over_channels(f_s: Tensor, f_t: Tensor) -> Tensor:
    s, t = (F.normalize(f.flatten(2), dim=1) for f in (f_s, f_t))
    return _distances(s, t)


def _not_scaled(f_s: Tensor, f_t: Tensor) -> Tensor:
    return _distances(f_s.flatten(2), f_t.flatten(2))


def _distances(s: Tensor, t: Tensor) -> Tensor:
    return (s[:, :, None] - t[:, None]).square().sum(3).mean(0)


def _greedy(cost: Tensor) -> float:
    left, total = cost.clone(), 0.0
    for _ in range(len(cost)):
        row, column = divmod(int(left.argmin()), len(cost))
        total += cost[row, column].item()
        left[row], left[:, column] = math.inf, math.inf
    return total


def _one_row_after_the_other(cost: Tensor) -> float:
    free, total = list(range(len(cost))), 0.0
    for row in cost.tolist():
        column = min(free, key=row.__getitem__)
        free.remove(column)
        total += row[column]
    return total


flow_cost = Exercise(
    "flow_cost",
    _flow_cost,
    _maps,
    mistakes={
        "the maps are not scaled to unit length yet: a loud channel would fit to nothing": _not_scaled,
        "each image is to be scaled on its own; here all images of a channel are one long vector": _all_images_at_once,
        "it is scaled over the channels; the length of a map is taken over its positions": _over_channels,
        "these are cosines; a cost is small where two maps are alike": lambda s, t: 1 - _flow_cost(s, t) / 2,
        "the factor 2 is missing: ‖a - b‖² = 2 - 2 cos for vectors of unit length": lambda s, t: _flow_cost(s, t) / 2,
        "the root is too much: the squared distance counts": lambda s, t: torch.cdist(
            _units(s.flatten(2), 2), _units(t.flatten(2), 2)
        ).mean(0),
        "it sums over the images; take their mean": lambda s, t: _flow_cost(s, t) * len(s),
        "the matrix is transposed: a row belongs to a student channel": lambda s, t: _flow_cost(s, t).T,
    },
    hints=(
        "flatten(2) makes one row of numbers of each map, and F.normalize(…, dim=2) scales it to unit length.",
        "For two vectors of unit length the squared distance is 2 - 2 times their inner product.",
        "All inner products are one batched matrix product; then take the mean over the images.",
    ),
    rules=(no_large_tensor("it forms all differences, B · C_s · C_t · HW numbers; one matrix product needs none"),),
    samples=(0, 1),
    minutes=8,
    contract="maps (B, C_s, H, W) and (B, C_t, H, W) → costs (C_s, C_t)",
)

best_pairing = Exercise(
    "best_pairing",
    _best_pairing,
    _costs,
    mistakes={
        "two rows may share a column here; every column can be had only once": lambda cost: (
            cost.min(dim=1).values.sum().item()
        ),
        "this takes the cheapest pair first, which can force an expensive one in the end": _greedy,
        "each row takes the cheapest column that is left; the last rows have no choice": _one_row_after_the_other,
        "this is the largest total; costs should be small": lambda cost: -_best_pairing(-cost),
        "this is the mean of the pairs; their sum is wanted": lambda cost: _best_pairing(cost) / len(cost),
        "this is the diagonal: every row keeps the column of its own number": lambda cost: cost.trace().item(),
    },
    hints=(
        "itertools.permutations(range(n)) yields every way to give n columns to n rows.",
        "For one of them, `columns`, the total is the sum of cost[j, columns[j]] over the rows j.",
        "Keep the smallest total; .item() turns a tensor of one number into a number.",
    ),
    hidden=lambda: [(5 * drawn(n, (n, n), draw=torch.rand)[0],) for n in (2, 6)],
    minutes=6,
    contract="costs (n, n) → the smallest total of n pairs, every row and every column once, as a number",
)

ways = Exercise(
    "ways",
    _ways,
    [(2, 2), (1, 4), (4, 4), (3, 1)],
    mistakes={
        "these are the groups of one student channel only; there are C_s of them": lambda C_s, G: math.factorial(G),
        "these are all pairings, good and bad; how many of them give the same flow matrix?": lambda C_s, G: (
            math.factorial(C_s * G)
        ),
        "these are the different flow matrices; how many pairings share one?": lambda C_s, G: (
            math.factorial(C_s * G) // math.factorial(G) ** C_s
        ),
        "the orders of the groups are independent: multiply, do not add": lambda C_s, G: C_s * math.factorial(G),
        "a group of G has G! orders, not G": lambda C_s, G: G**C_s,
    },
    hints=(
        "The copies of one row have equal costs. What happens to the total when two of them swap their columns?",
        "G copies can share out G columns in G! orders; there are C_s rows, each with its own copies.",
    ),
    hidden=[(3, 3), (5, 2), (2, 4), (1, 1)],
    minutes=3,
    contract="C_s student channels, G copies of each → how many assignments of the stacked rows give one flow matrix",
)

same_pairing = Prediction(
    "same_pairing",
    {
        "a student channel doubled": (True, "its maps are scaled to unit length before they are compared"),
        "a student channel negated": (False, "what was alike is now opposite: cost becomes 4 - cost in that row"),
        "positions shuffled, both nets alike": (True, "an inner product does not ask for the order of its terms"),
        "two student channels swapped": (False, "their groups are swapped with them: same groups, another matrix"),
        "1 added to one row of the costs": (
            True,
            "every matching uses a row equally often, so all totals rise alike",
        ),
        "1 added to one column of the costs": (
            True,
            "every matching uses each column once, so all totals rise alike",
        ),
        "every cost squared": (False, "a sum of squares weighs one bad pair more than several fair ones"),
    },
    hints=(
        "Write down the total of any matching before and after the change. Do all totals change by the same amount?",
        "The first widget knows the answer to the second and the fourth.",
    ),
    minutes=5,
    contract="{change: True if the flow matrix of the dense matching surely stays as it is, else False}",
)
