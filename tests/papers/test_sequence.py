"""Word- and sequence-level distillation: the losses against their formulas, and what the student is trained on."""

import math

import pytest
import torch

import kdtutor as kd
from kdtutor import ConfigError, ShapeError
from kdtutor.papers.sequence import Sequence, forward_kl, over_places, sequence_loss

from .losses import NARROWER, VECTORS, Loss

LOSSES: dict[str, Loss] = {
    "forward_kl": Loss(lambda s, t: forward_kl(s[0], t[0]), VECTORS, VECTORS, NARROWER),
}


def answers(seed=0, K=5):
    """Logits of a student and a teacher, (2, 3, K), the characters that came next, and which places count."""
    generator = torch.Generator().manual_seed(seed)
    z_s, z_t = 3 * torch.randn(2, 2, 3, K, generator=generator, dtype=torch.float64)
    counted = torch.tensor([[True, True, False], [False, True, True]])
    return z_s.requires_grad_(), z_t, torch.randint(K, (2, 3), generator=generator), counted


def softmax(row):
    weights = [math.e**z for z in row]
    return [weight / sum(weights) for weight in weights]


def equal_with_gradients(ours, theirs, z_s):
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad(loss, z_s, retain_graph=True)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)


def test_word_level_is_the_papers_cross_entropy_without_the_teachers_entropy():
    z_s, z_t, _, counted = answers()
    total, entropy = 0, 0
    for b, place in counted.nonzero().tolist():
        p_s, p_t = softmax(z_s[b, place]), softmax(z_t[b, place])
        total = total - sum(q * p.log() for p, q in zip(p_s, p_t, strict=True))
        entropy = entropy - sum(q * q.log() for q in p_t)
    equal_with_gradients(forward_kl(z_s, z_t, counted), (total - entropy) / 4, z_s)


def test_sequence_level_is_the_likelihood_of_what_was_written():
    z_s, _, written, counted = answers(1)
    said = [softmax(z_s[b, place])[int(written[b, place])].log() for b, place in counted.nonzero().tolist()]
    equal_with_gradients(sequence_loss(z_s, written, counted), -sum(said) / len(said), z_s)


def test_places_that_do_not_count_change_nothing():
    z_s, z_t, written, counted = answers(2)
    other = torch.where(counted[..., None], z_s, 0.0)
    torch.testing.assert_close(forward_kl(other, z_t, counted), forward_kl(z_s, z_t, counted))
    torch.testing.assert_close(sequence_loss(other, written, counted), sequence_loss(z_s, written, counted))
    assert over_places(torch.ones(2), torch.zeros(2, dtype=torch.bool)) == 0
    with pytest.raises(ShapeError, match="expected a mark for each"):
        over_places(torch.ones(2), torch.ones(3, dtype=torch.bool))


def model(seed, name="gpt1x16", **options):
    kd.seed_everything(seed)
    return kd.nets.language_model(name, **{"vocabulary": 72, "context": 16, **options})


def test_the_student_reads_what_the_teacher_has_written():
    text, teacher = kd.data.text("alice", context=16), model(1)
    method = Sequence(model(0), teacher, windows=5, prompt=3)
    method.begin(text)
    book = method.book
    method.begin(text)
    assert torch.equal(book, method.book) and book.shape == (5, 17)
    batch = next(method.source(text, kd.Recipe(batch_size=4)).epoch(0, 0))
    (terms,) = method.taught(batch).values()
    mine = book[batch.indices % 5]
    z = method.student(mine[:, :-1])[:, 2:]  # at the prompt's last place its first own character is foretold
    torch.testing.assert_close(terms, torch.nn.functional.cross_entropy(z.flatten(0, 1), mine[:, 3:].flatten()))
    with pytest.raises(ConfigError, match="windows=0"):
        Sequence(model(0), teacher, windows=0)
