"""The means and deviations with which torchvision's sets are normalised could be those of pixels between 0 and 1."""

import pytest

from kdtutor.data.vision import KNOWN


@pytest.mark.parametrize("name", KNOWN)
def test_a_deviation_fits_its_mean(name):
    """A number in [0, 1] of mean m deviates by √(m (1 − m)) at most: when it is always 0 or 1."""
    known = KNOWN[name]
    assert len(known.mean) == len(known.std) in (1, 3)
    for mean, deviation in zip(known.mean, known.std, strict=True):
        assert 0 < mean < 1 and 0.1 < deviation <= (mean * (1 - mean)) ** 0.5
