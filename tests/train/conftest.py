"""A small part of the digits."""

import pytest

import kdtutor as kd


@pytest.fixture(scope="module")
def digits():
    whole = kd.data.load("digits")
    return kd.Data("few", whole.train[::35], whole.val[::10], whole.test[::20], whole.classes, whole.mean, whole.std)
