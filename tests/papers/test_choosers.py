"""Who learns where: each chooser's answer, what is recorded of it, and what the chosen learn."""

import pytest
import torch

from kdtutor.papers.choosers import CHOOSERS, chosen_terms, rates
from kdtutor.papers.routing import Place
from kdtutor.papers.spot_adaptive import STRATEGIES
from tests.papers.spots import first_batch, learn, make, step_of

YES = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])  # what a policy says of two samples at three places


def choose(strategy, decisions, seed=0):
    return CHOOSERS[strategy]().choose(decisions, torch.Generator().manual_seed(seed))


def test_every_chooser_by_hand():
    assert tuple(CHOOSERS) == STRATEGIES
    for strategy, expected in {"adaptive": YES > 0, "anti": YES < 1, "always": YES >= 0, "never": YES < 0}.items():
        for seed in (0, 1):
            assert torch.equal(choose(strategy, YES, seed), expected), strategy


def test_a_coin_is_fair_and_its_stream_is_the_methods():
    many = torch.zeros(4000, 3)
    heads = choose("random", many)
    assert torch.equal(heads, choose("random", many)) and not torch.equal(heads, choose("random", many, seed=1))
    assert heads.float().mean(0) == pytest.approx([0.5] * 3, abs=0.03)


def test_what_is_recorded():
    places = (Place(2, 2, 2), Place("embedding", 4, 4), Place("logits", 5, 5))
    logits = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [9.0, -9.0]]]).expand(2, 3, 2)
    told = rates(places, choose("adaptive", YES), logits)
    names = ("stage2", "embedding", "logits")
    assert list(told) == [f"rate_{name}" for name in names] + [f"probability_{name}" for name in names]
    expected = [0.5, 0.0, 1.0, 0.5, torch.sigmoid(torch.tensor(1.0)).item(), 1.0]
    assert torch.stack(list(told.values())).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["attention", "similarity", "relational", "correlation", "fsp", "contrastive"])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_chosen_samples(digits, name, count, monkeypatch):
    """Batch losses see a subset, down to a single sample and none."""
    distiller = make(name, "random")
    chosen = torch.zeros(20, len(distiller.places), dtype=torch.bool)
    chosen[:count] = True
    monkeypatch.setattr(distiller, "_chosen", lambda *arguments: (chosen, {}))
    history = learn(distiller, digits)
    spots = [spot.name for spot in distiller.spots()]
    assert all(torch.tensor(row.value).isfinite() for row in history.rows)
    assert count > 0 or all(history.last(name) == 0 for name in ("kd", *spots))


def terms_of(distiller, s, t, batch, chosen):
    return chosen_terms(distiller.spots(), distiller.places, chosen, s, t, batch, distiller.look_at)


def test_a_loss_counts_by_the_share_of_the_chosen(digits):
    distiller = make("attention", "random", alpha=0.0)
    chosen = torch.zeros(20, 4, dtype=torch.bool)
    chosen[:5, 0] = True
    batch = first_batch(distiller, digits)
    s, t = distiller.student.trace(batch.images), distiller.teacher_trace(batch.images)
    terms = terms_of(distiller, s, t, batch, chosen)
    spot = distiller.spots()[0]
    torch.testing.assert_close(terms["at1"], spot.loss(s[:5], t[:5]) / 4)
    assert terms["at2"] == terms["at3"] == 0 and "kd" not in distiller.weights()


def test_a_spot_between_two_layers_counts_where_both_are_chosen(digits):
    distiller = make("fsp", "random", alpha=0.0)
    assert [spot.layers for spot in distiller.spots()] == [(1,), (1, 2), (2, 3)]
    batch = first_batch(distiller, digits)
    s, t = distiller.student.trace(batch.images), distiller.teacher_trace(batch.images)
    chosen = torch.zeros(20, 4, dtype=torch.bool)
    chosen[:6, 0], chosen[4:9, 1] = True, True
    terms = terms_of(distiller, s, t, batch, chosen)
    torch.testing.assert_close(terms["fsp2"], distiller.spots()[1].loss(s[4:6], t[4:6]) / 10)
    assert terms["fsp1"] > 0 and terms["fsp3"] == 0


def test_anti_learns_where_adaptive_does_not(digits):
    shares = {}
    for strategy in ("adaptive", "anti"):
        distiller = make(strategy=strategy, head_start=0.0)
        distiller.noise.manual_seed(0)
        terms, _ = step_of(distiller, digits)
        shares[strategy] = torch.stack([terms[f"rate_{place.name}"] for place in distiller.places])
    torch.testing.assert_close(shares["adaptive"] + shares["anti"], torch.ones(4))
