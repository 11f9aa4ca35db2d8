import pytest
import torch

from kdtutor.papers.probabilistic import probabilistic_loss

from .oracle import PRECISIONS, draw, equals_reference


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    equals_reference(probabilistic_loss, "pkt_case1", dtype)


def test_equal_structure_costs_nothing():
    e = draw(5, 4)
    turn = torch.linalg.qr(draw(4, 4, seed=1))[0]
    assert probabilistic_loss(3 * e @ turn, e).item() == pytest.approx(0, abs=1e-12)


def test_opposite_vectors_in_single_precision():
    e = torch.linspace(1, 2, 300).repeat(2, 1) * torch.tensor([[1.0], [-1.0]])
    assert probabilistic_loss(e, draw(2, 3).float()).isfinite()
