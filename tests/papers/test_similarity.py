import pytest
import torch

from kdtutor.papers.similarity import similarity_loss

from .oracle import PRECISIONS, draw, equals_reference


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    equals_reference(similarity_loss, "sp_case1", dtype)


def test_equal_structure_costs_nothing():
    e = draw(5, 4)
    turn = torch.linalg.qr(draw(4, 4, seed=1))[0]
    assert similarity_loss(3 * e @ turn, e).item() == pytest.approx(0, abs=1e-12)
