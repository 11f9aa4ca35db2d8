"""Latents: batches of random numbers in place of images."""

import pytest
import torch

from kdtutor.data import UNLABELLED, Latents
from kdtutor.errors import ConfigError


def test_a_batch_depends_on_seed_epoch_and_step_alone():
    whole = list(Latents(5, 8, 6).epoch(2, seed=3))
    again = list(Latents(5, 8, 6).epoch(2, seed=3, start=4))
    assert len(whole) == 6 and len(again) == 2
    assert all(torch.equal(a.images, b.images) for a, b in zip(whole[4:], again, strict=True))
    assert all(torch.equal(a.indices, b.indices) for a, b in zip(whole[4:], again, strict=True))
    others = [next(Latents(5, 8, 6).epoch(number, seed)) for number, seed in ((3, 3), (2, 4))] + [whole[1]]
    assert not any(torch.equal(whole[0].images, other.images) for other in others)


def test_the_global_generator_is_left_alone():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    list(Latents(5, 8, 2).epoch(0, 0))
    assert torch.equal(torch.get_rng_state(), state)


def test_more_steps_begin_with_the_same_batches():
    few, many = list(Latents(5, 8, 2).epoch(0, 0)), list(Latents(5, 8, 4).epoch(0, 0))
    assert all(torch.equal(a.images, b.images) for a, b in zip(few, many, strict=False))


def test_latents_are_normal_unlabelled_and_numbered():
    batches = list(Latents(20, 500, 2).epoch(0, 0))
    z = torch.cat([batch.images for batch in batches])
    assert z.shape == (1000, 20) and z.dtype == torch.float32
    assert abs(z.mean()) < 0.03 and abs(z.std() - 1) < 0.03
    assert all((batch.labels == UNLABELLED).all() for batch in batches)
    assert torch.cat([batch.indices for batch in batches]).tolist() == list(range(1000))


def test_nothing_is_left_after_the_last_step():
    assert list(Latents(2, 3, 4).epoch(0, 0, start=4)) == []


@pytest.mark.parametrize(
    ("numbers", "sentence"), [((0, 8, 6), "dim=0"), ((5, -1, 6), "size=-1"), ((5, 8, 0), "steps=0")]
)
def test_bad_numbers(numbers, sentence):
    with pytest.raises(ConfigError, match=f"{sentence}: latents need at least 1"):
        Latents(*numbers)
