"""GKD: the generalised Jensen-Shannon divergence against its formula, its ends, and on-policy batches."""

import math

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError
from kdtutor.papers.minillm import reverse_kl
from kdtutor.papers.on_policy import OnPolicy, generalised_jsd
from kdtutor.papers.sequence import forward_kl

from .losses import NARROWER, VECTORS, Loss
from .test_sequence import answers, equal_with_gradients, model, softmax

LOSSES: dict[str, Loss] = {
    "generalised_jsd": Loss(lambda s, t: generalised_jsd(s[0], t[0], 0.3), VECTORS, VECTORS, NARROWER),
}


@pytest.mark.parametrize("beta", [0.1, 0.5, 0.8])
def test_value_and_gradient_equal_the_formula(beta):
    z_s, z_t, _, counted = answers()
    total = 0
    for b, place in counted.nonzero().tolist():
        for p, q in zip(softmax(z_s[b, place]), softmax(z_t[b, place]), strict=True):
            m = beta * q + (1 - beta) * p
            total = total + beta * q * (q / m).log() + (1 - beta) * p * (p / m).log()
    equal_with_gradients(generalised_jsd(z_s, z_t, beta, counted), total / 4, z_s)


def test_towards_the_ends_it_is_a_vanishing_share_of_each_kl_and_at_the_ends_all_of_it():
    z_s, z_t, _, counted = answers(1)
    for end, whole in ((0.0, forward_kl(z_s, z_t, counted)), (1.0, reverse_kl(z_s, z_t, counted))):
        assert generalised_jsd(z_s, z_t, end, counted) == whole
        near = generalised_jsd(z_s, z_t, abs(end - 1e-9), counted)
        torch.testing.assert_close(near / 1e-9, whole, rtol=1e-4, atol=0)


def test_it_is_bounded_where_both_kl_are_infinite():
    z_s, z_t = torch.tensor([[[0.0, -torch.inf]]]), torch.tensor([[[-torch.inf, 0.0]]])
    for beta in (0.2, 0.5):
        coin = -beta * math.log(beta) - (1 - beta) * math.log(1 - beta)
        assert generalised_jsd(z_s, z_t, beta).item() == pytest.approx(coin)
    assert forward_kl(z_s, z_t) == reverse_kl(z_s, z_t) == torch.inf


def test_swapping_the_sides_swaps_beta():
    z_s, z_t, _, _ = answers(2)
    torch.testing.assert_close(generalised_jsd(z_s, z_t, 0.3), generalised_jsd(z_t, z_s, 0.7))


def batch_of(method, size=4):
    return next(method.source(kd.data.text("alice", context=16), kd.Recipe(batch_size=size)).epoch(0, 0))


def test_the_student_s_own_writing_is_matched_after_the_prompt_without_a_gradient_through_it():
    method = OnPolicy(model(0), model(1), beta=0.5, prompt=3)
    batch = batch_of(method)
    method.noise.manual_seed(5)
    torch.rand((), generator=method.noise)  # whether the batch is the student's own
    tokens = method.written(batch)[:, :-1]
    assert torch.equal(tokens[:, :3], batch.images[:, :3]) and not torch.equal(tokens, batch.images)
    method.noise.manual_seed(5)
    (ours,) = method.taught(batch).values()
    theirs = generalised_jsd(method.student(tokens)[:, 2:], method.teacher(tokens)[:, 2:], 0.5)
    torch.testing.assert_close(ours, theirs)
    weights = list(method.student.parameters())
    torch.testing.assert_close(torch.autograd.grad(ours, weights), torch.autograd.grad(theirs, weights))


def test_the_share_of_batches_that_the_student_writes():
    for share, expected in ((0.0, {False}), (1.0, {True}), (0.5, {False, True})):
        method = OnPolicy(model(0), model(1), beta=0.0, share=share)
        batch = batch_of(method, size=2)
        text = forward_kl(method.student(batch.images), method.teacher(batch.images))
        assert {method.taught(batch)["divergence"].item() != text.item() for _ in range(8)} == expected


def test_wrong_options_are_named():
    z = torch.zeros(1, 2)
    with pytest.raises(ConfigError, match=r"beta=1.5"):
        generalised_jsd(z, z, 1.5)
    with pytest.raises(ConfigError, match=r"beta=-1"):
        OnPolicy(model(0), model(1), beta=-1)
    with pytest.raises(ConfigError, match=r"share=2"):
        OnPolicy(model(0), model(1), share=2)
