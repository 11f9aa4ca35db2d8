"""What the tests of several papers learn from."""

import pytest

import kdtutor as kd


@pytest.fixture(scope="package")
def digits() -> kd.Data:
    """A few of the digits: 100 for training, 20 each to measure on."""
    whole = kd.data.load("digits")
    return kd.Data("few", whole.train[::35], whole.val[::25], whole.test[::50], whole.classes, whole.mean, whole.std)
