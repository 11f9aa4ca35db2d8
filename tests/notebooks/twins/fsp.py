"""FSP matrices, as the lesson writes them and as the package does."""

from collections.abc import Sequence

import torch

from kdtutor.papers import fsp

from ...papers.oracle import oracle
from .kinds import Arguments, Reference, Twin, maps, randn


def pairs_of_maps() -> Sequence[Arguments]:
    """Two layers of equal size, and of different sizes."""
    return [tuple(maps((3, 4, 6, 6), (3, 5, size, size))) for size in (6, 3)]


def two_pairs_of_maps() -> Sequence[Arguments]:
    """The student's two layers and the teacher's, of equal size and of different sizes."""
    return [
        (maps(*shapes), maps(*shapes, seed=10)) for size in (8, 4) for shapes in [((3, 6, 8, 8), (3, 5, size, size))]
    ]


def matrix_reference() -> Reference:
    """The reference pools by the mean and stores (channels of the later layer, channels of the earlier one)."""
    case = oracle("fsp_case1")
    earlier = torch.nn.functional.adaptive_avg_pool2d(case["in_s0"], case["in_s1"].shape[2:])
    return (earlier, case["in_s1"]), case["out_fsp_s0"].mT, []


def loss_reference() -> Reference:
    """With pooling by the maximum the value of each pair of layers is on record."""
    case = oracle("fsp_case1")
    return ([case["in_s0"], case["in_s1"]], [case["in_t0"], case["in_t1"]]), case["out_maxpool_mse_pair0"], []


def channels() -> Sequence[Arguments]:
    """Weights of both signs and biases of batch norms."""
    weight = torch.tensor([0.5, 1.0, -0.8, 1.5, 0.6, 2.0], dtype=torch.float64)
    return [(weight, randn(6, seed=seed)) for seed in (0, 1)]


TWINS = {
    "fsp_matrix_as_written": Twin(fsp.fsp_matrix, pairs_of_maps, matrix_reference),
    "pair_loss": Twin(fsp.pair_loss, two_pairs_of_maps, loss_reference),
}
