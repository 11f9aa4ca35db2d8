"""Who can be asked to work, and who is refused."""

import re

import pytest

from kdtutor.errors import ConfigError
from kdtutor.workers import workers


@pytest.mark.parametrize("on", ["", "pol", "Pool", "ray:", "ray://", "http://head:10001", 3])
def test_an_unknown_place_is_refused(on: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{re.escape(repr(on))} is no place to work: expected pool, ray or ray://"):
        workers(on)


@pytest.mark.parametrize("count", [0, -1, 1.5, "2", True])
def test_a_count_that_cannot_be_is_refused(count: int) -> None:
    with pytest.raises(ConfigError, match=rf"^{re.escape(repr(count))} workers cannot work: expected a whole number"):
        workers("pool", count)


def test_a_pool_grants_no_shares_of_a_gpu() -> None:
    with pytest.raises(ConfigError, match=r"gpus_per_run=0.25: .* on='ray'"):
        workers("pool", gpus_per_run=0.25)
