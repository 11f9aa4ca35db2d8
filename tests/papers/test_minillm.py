"""MiniLLM: reverse KL and the policy gradient, held against every text of a language of three characters."""

from itertools import product

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.papers.minillm import MiniLLM, importance, later_rewards, policy_loss, reverse_kl, rewards

from .losses import NARROWER, VECTORS, Loss
from .test_sequence import answers, equal_with_gradients, model, softmax

LOSSES: dict[str, Loss] = {
    "reverse_kl": Loss(lambda s, t: reverse_kl(s[0], t[0]), VECTORS, VECTORS, NARROWER),
}
K, L = 3, 3
TEXTS = torch.tensor(list(product(range(K), repeat=L)))  # all 27
NODES = sum(K**length for length in range(L))  # a place for what may be said after each beginning


def languages():
    """What two models say of the next character after every beginning: tables of logits, (beginnings, K)."""
    z_s, z_t = 1.5 * torch.randn(2, NODES, K, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return z_s.requires_grad_(), z_t


def node(beginning):
    """The row of a beginning in the table: shorter ones first, then in order."""
    return sum(K**length for length in range(len(beginning))) + sum(x * K**i for i, x in enumerate(reversed(beginning)))


def at(table):
    """The logits at each place of each text, (27, 3, K)."""
    rows = [[node(text[:place]) for place in range(L)] for text in TEXTS.tolist()]
    return table[torch.tensor(rows)]


def likelihood(table):
    """The probability of each text, (27,)."""
    return at(table).log_softmax(-1).gather(-1, TEXTS[..., None]).squeeze(-1).sum(1).exp()


def test_value_and_gradient_equal_the_formula():
    z_s, z_t, _, counted = answers()
    total = 0
    for b, place in counted.nonzero().tolist():
        p_s, p_t = softmax(z_s[b, place]), softmax(z_t[b, place])
        total = total + sum(p * (p.log() - q.log()) for p, q in zip(p_s, p_t, strict=True))
    equal_with_gradients(reverse_kl(z_s, z_t, counted), total / 4, z_s)


def test_the_mean_of_the_policy_gradient_is_the_gradient_of_the_reverse_kl_of_whole_texts():
    student, teacher = languages()
    p_s, p_t = likelihood(student), likelihood(teacher)
    exact = torch.autograd.grad((p_s * (p_s / p_t).log()).sum(), student)[0]
    z_s, z_t, mean = at(student), at(teacher), torch.zeros_like(exact)
    for i, share in enumerate(p_s.tolist()):
        each = slice(i, i + 1)
        R = later_rewards(rewards(z_s[each], z_t[each], TEXTS[each]), normalise=False)
        loss = reverse_kl(z_s[each], z_t[each]) + policy_loss(z_s[each], TEXTS[each], R)
        mean += share * L * torch.autograd.grad(loss, student, retain_graph=True)[0]
    torch.testing.assert_close(mean, exact, rtol=1e-10, atol=1e-12)


def test_single_steps_alone_miss_what_a_character_does_to_those_after_it():
    student, teacher = languages()
    p_s, p_t = likelihood(student), likelihood(teacher)
    exact = torch.autograd.grad((p_s * (p_s / p_t).log()).sum(), student, retain_graph=True)[0]
    single = sum(q.detach() * reverse_kl(at(student)[i], at(teacher)[i]) * L for i, q in enumerate(p_s))
    assert not torch.allclose(torch.autograd.grad(single, student)[0], exact, atol=1e-3)


def test_rewards_sum_to_minus_the_reverse_kl():
    student, teacher = languages()
    p_s, p_t = likelihood(student), likelihood(teacher)
    r = rewards(at(student), at(teacher), TEXTS)
    torch.testing.assert_close((p_s * r.sum(1)).sum(), -(p_s * (p_s / p_t).log()).sum())
    assert not r.requires_grad


def test_later_rewards_are_those_of_the_places_after_and_count_none_of_padding():
    r = torch.tensor([[9.0, 1.0, 2.0, 4.0], [9.0, 1.0, 2.0, 4.0]])
    counted = torch.tensor([[True, True, True, True], [False, True, True, False]])
    assert later_rewards(r, counted, normalise=False).tolist() == [[7, 6, 4, 0], [3, 2, 0, 0]]
    torch.testing.assert_close(later_rewards(r, counted), torch.tensor([[7 / 3, 3, 4, 0], [1.5, 2, 0, 0]]))


def test_weights_make_the_mixture_s_characters_the_student_s():
    student, teacher = languages()
    z_s, z_t = student[:1].expand(K, 1, K), teacher[:1].expand(K, 1, K)
    each = torch.arange(K)[:, None]
    p_s, p_t = z_s[0, 0].softmax(-1), z_t[0, 0].softmax(-1)
    w = importance(z_s, z_t, each, share=0.3).squeeze(1)
    torch.testing.assert_close(w * (0.3 * p_t + 0.7 * p_s), p_s)
    assert w.max() <= 1 / 0.7 and not w.requires_grad
    assert (importance(z_s, z_t, each, share=0.0) == 1).all()


def test_the_terms_of_a_batch():
    text = kd.data.text("alice", context=16)
    method = MiniLLM(model(0), model(1), alpha=0.0, prompt=3)
    batch = next(method.source(text, kd.Recipe(batch_size=4)).epoch(0, 0))
    method.noise.manual_seed(5)
    tokens = method.written(batch)
    method.noise.manual_seed(5)
    terms = method.taught(batch)
    assert list(terms) == list(method.weights()) == ["single", "long", "task"]
    z_s, z_t = method.student(tokens[:, :-1]), method.teacher(tokens[:, :-1])
    torch.testing.assert_close(terms["single"], reverse_kl(z_s[:, 2:], z_t[:, 2:]))
    torch.testing.assert_close(terms["task"], method.next_character(batch)["task"])
    assert "task" not in MiniLLM(model(0), model(1), text=0).weights()


def test_wrong_input_is_named():
    z = torch.zeros(1, 2, 3)
    with pytest.raises(ShapeError, match="expected one for each"):
        policy_loss(z, torch.zeros(1, 2).long(), torch.zeros(1, 3))
    with pytest.raises(ShapeError, match=r"expected \(B, L, K\) and \(B, L\)"):
        rewards(z, z, torch.zeros(1, 3).long())
    with pytest.raises(ConfigError, match=r"alpha=1"):
        MiniLLM(model(0), model(1), alpha=1)
    with pytest.raises(ConfigError, match=r"text=-1"):
        MiniLLM(model(0), model(1), text=-1)
