"""The losses of the six relatives stand in one place, too, under the names that lessons and design name."""

from importlib import import_module

import pytest

from kdtutor.papers import related


@pytest.mark.parametrize(
    "module", ["similarity", "variational", "probabilistic", "selectivity", "correlation", "factor"]
)
def test_a_loss_is_the_one_of_its_own_file(module):
    own = import_module(f"kdtutor.papers.{module}")
    name = f"{module}_loss"
    assert getattr(related, name) is getattr(own, name) and name in related.__all__
