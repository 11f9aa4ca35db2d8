"""Who learns where: each chooser's answer, and what is recorded of it."""

import pytest
import torch

from kdtutor.papers.choosers import CHOOSERS, rates
from kdtutor.papers.decisions import annealed
from kdtutor.papers.routing import Place
from kdtutor.papers.spot_adaptive import STRATEGIES

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


def test_a_temperature_falls_by_the_same_factor_each_time():
    found = [annealed(8.0, 1.0, share) for share in (0.0, 1 / 3, 2 / 3, 1.0)]
    assert found == pytest.approx([8, 4, 2, 1])
