"""Lesson 04: the costs, brute force, how many pairings share a flow matrix."""

import math
from itertools import permutations

import torch
import torch.nn.functional as F

from kdtutor.papers import matching


def _units(f, dim=2):
    return F.normalize(f.flatten(2), dim=dim)


def _differences(f_s, f_t):
    return (_units(f_s)[:, :, None] - _units(f_t)[:, None]).square().sum(3).mean(0)


def _cosines(f_s, f_t):
    return torch.einsum("bip,bjp->bij", _units(f_s), _units(f_t))


def _totals(cost):
    n = len(cost)
    return [sum(cost[j, c[j]].item() for j in range(n)) for c in permutations(range(n))]


def _row_by_row(cost):
    free, total = set(range(len(cost))), 0.0
    for row in cost.tolist():
        best = min(free, key=lambda j: row[j])
        free.remove(best)
        total += row[best]
    return total


ANSWERS = [
    ("flow_cost", "the large tensor", _differences, "forms all differences"),
    ("flow_cost", "the package's", lambda s, t: matching.flow_cost(s, t), "the package's own function (flow_cost)"),
    ("flow_cost", "cosines", lambda s, t: _cosines(s, t).mean(0), "these are cosines"),
    ("flow_cost", "no 2", lambda s, t: (1 - _cosines(s, t)).mean(0), "factor 2"),
    ("flow_cost", "not scaled", lambda s, t: (s.flatten(2)[:, :, None] - t.flatten(2)[:, None]).square().sum(3).mean(0), "not scaled"),
    ("flow_cost", "over channels", lambda s, t: (_units(s, 1)[:, :, None] - _units(t, 1)[:, None]).square().sum(3).mean(0), "over the channels"),
    ("flow_cost", "sum over images", lambda s, t: (2 - 2 * _cosines(s, t)).sum(0), "sums over the images"),
    ("flow_cost", "transposed", lambda s, t: (2 - 2 * _cosines(t, s)).mean(0), "transposed"),
    ("flow_cost", "every image", lambda s, t: 2 - 2 * _cosines(s, t), "shape"),
    ("flow_cost", "distances", lambda s, t: torch.cdist(_units(s), _units(t)).mean(0), "root is too much"),
    ("flow_cost", "no transpose", lambda s, t: (2 - 2 * _units(s) @ _units(t)).mean(0), "transpose"),
    ("flow_cost", "sign", lambda s, t: (2 + 2 * _cosines(s, t)).mean(0), "wrong numbers"),
    ("best_pairing", "row minima", lambda cost: cost.min(1).values.sum().item(), "share a column"),
    ("best_pairing", "row by row", _row_by_row, "cheapest column that is left"),
    ("best_pairing", "largest", lambda cost: max(_totals(cost)), "largest total"),
    ("best_pairing", "mean", lambda cost: min(_totals(cost)) / len(cost), "mean of the pairs"),
    ("best_pairing", "diagonal", lambda cost: cost.diagonal().sum(), "diagonal"),
    ("best_pairing", "column minima", lambda cost: cost.amin(0).sum(), "wrong numbers"),
    ("best_pairing", "columns", lambda cost: min(permutations(range(len(cost))), key=lambda c: sum(cost[j, c[j]] for j in range(len(c)))), "a tuple"),
    ("best_pairing", "all totals", lambda cost: _totals(cost), "a list"),
    ("best_pairing", "smallest cost", lambda cost: cost.min().item(), "wrong numbers"),
    ("best_pairing", "the package's", lambda cost: (cost * matching.assign(cost)).sum(), "the package's own function (assign)"),
    ("ways", "one group", lambda C, G: math.factorial(G), "one student channel only"),
    ("ways", "all pairings", lambda C, G: math.factorial(C * G), "all pairings"),
    ("ways", "flow matrices", lambda C, G: math.factorial(C * G) // math.factorial(G) ** C, "different flow matrices"),
    ("ways", "added", lambda C, G: C * math.factorial(G), "multiply, do not add"),
    ("ways", "G^C", lambda C, G: G**C, "G! orders"),
    ("ways", "C^G", lambda C, G: C**G, ""),
    ("ways", "exchanged", lambda C, G: math.factorial(C) ** G, ""),
    ("ways", "always 4", lambda C, G: 4, "never used"),
]  # fmt: skip
