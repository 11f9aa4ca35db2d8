"""Hard decisions against the authors' numbers, and in their frequencies."""

import pytest
import torch
import torch.nn.functional as F

import kdtutor as kd
from kdtutor.papers.decisions import annealed, decide, gumbel
from tests.papers.oracle import PRECISIONS, agree, oracle


@PRECISIONS
def test_decisions_of_the_authors(dtype):
    numbers = oracle("gumbel_case1", dtype)
    logits = numbers["in_logits"].clone().requires_grad_()
    decisions = decide(logits, 5.0, numbers["in_gumbel"])
    assert torch.equal(decisions.detach().round(), numbers["out_distill"].to(dtype))
    agree(decisions, numbers["out_hard"][..., 0])
    first, second = numbers["in_weight"].unbind(2)
    (decisions * first + (1 - decisions) * second).sum().backward()
    agree(logits.grad, numbers["grad_logits"])


def test_noisy_decisions_follow_the_softmax():
    logits = torch.tensor([[1.0, 0.0], [-2.0, 0.5]]).expand(20_000, 2, 2)
    torch.manual_seed(0)
    torch.testing.assert_close(decide(logits).mean(0), F.softmax(logits[0], 1)[:, 0], atol=0.015, rtol=0)
    assert torch.isfinite(gumbel(100_000)).all()


def test_a_temperature_falls_by_the_same_factor_each_time():
    found = [annealed(8.0, 1.0, share) for share in (0.0, 1 / 3, 2 / 3, 1.0)]
    assert found == pytest.approx([8, 4, 2, 1])


def test_wrong_shapes_and_temperatures_are_named():
    with pytest.raises(kd.ShapeError, match=r"\(2, 3\)"):
        decide(torch.zeros(2, 3))
    with pytest.raises(kd.ConfigError, match="tau=0"):
        decide(torch.zeros(2, 3, 2), 0.0)
