import pytest
import torch

from kdtutor import ConfigError, ShapeError
from kdtutor.papers.boundaries import SCALE, ab_loss, boundary_loss, disagreement, halving

from .oracle import PRECISIONS, agree, oracle


@PRECISIONS
def test_value_and_gradient_equal_the_reference(dtype):
    case = oracle("ab_case1", dtype)
    s, t = ([case[f"in_{who}{i}"] for i in range(3)] for who in "st")
    loss = SCALE * ab_loss([x.requires_grad_() for x in s], t)
    loss.backward()
    agree(loss, case["out_loss"])
    for i in range(3):
        agree(s[i].grad, case[f"grad_s{i}"])
        agree(boundary_loss(s[i], t[i]) * len(s[i]), case[f"out_raw_sum{i}"])
        torch.testing.assert_close(disagreement(s[i], t[i]), case[f"out_boundary_disagreement{i}"].float())


def one(z_s, z_t, margin=1.0):
    s, t = (torch.tensor([[[[z]]]], dtype=torch.float64) for z in (z_s, z_t))
    return boundary_loss(s, t, margin).item()


def test_the_hinge_by_hand():
    assert one(2.0, 1.0) == 0  # well on the right side
    assert one(0.5, 1.0) == 0.25 and one(-1.0, 1.0) == 4  # within the margin; on the wrong side
    assert one(-2.0, -1.0) == 0 and one(0.0, -1.0) == 1
    assert one(0.5, 0.0) == 1.5**2  # the teacher's zero is inactive
    assert one(-1.0, -1.0) == 0 and one(1.0, 1.0) == 0  # exactly at the margin
    assert one(-1.0, 5.0, margin=3.0) == 16


def test_only_the_side_of_the_teacher_counts():
    s, t = torch.randn(2, 4, 3, 5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert boundary_loss(s, t) == boundary_loss(s, t * 1000)
    assert disagreement(s, s * 3) == 0 and disagreement(s, -s) == 1


def test_the_last_layer_counts_most():
    assert halving(3) == (0.25, 0.5, 1.0)


def test_wrong_input_is_named():
    with pytest.raises(ConfigError, match="margin=0"):
        boundary_loss(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1, 1), margin=0)
    with pytest.raises(ShapeError, match=r"\(1, 2, 1, 1\).*\(1, 1, 1, 1\)"):
        disagreement(torch.zeros(1, 2, 1, 1), torch.zeros(1, 1, 1, 1))
