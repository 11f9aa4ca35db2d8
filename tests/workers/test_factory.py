"""Who can be asked to work, and who is refused."""

import re
import sys
from typing import Any

import pytest

from kdtutor.errors import ConfigError
from kdtutor.workers import workers
from kdtutor.workers.cluster import Cluster, host_and_port
from kdtutor.workers.nodes import require_room


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


@pytest.mark.parametrize("share", [0, -0.5, 1.5, float("nan"), float("inf")])
def test_a_share_that_cannot_be_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=rf"^gpus_per_run={share}: expected a share, between 0 and 1, or a whole"):
        workers("ray", gpus_per_run=share)


@pytest.mark.parametrize("missing", ["ray", "grpc"])
def test_without_the_extra_its_name_is_told(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigError, match=re.escape('add it: pip install "kdtutor[cluster]"')):
        workers("ray://head:10001")


def test_no_task_starts_nothing() -> None:
    assert list(Cluster("ray://nowhere:1", None, None, 3).run(pow, [])) == []


def node(alive: bool = True, **resources: float) -> dict[str, Any]:
    return {"Alive": alive, "Resources": resources}


@pytest.mark.parametrize(
    ("nodes", "gpus", "told"),
    [
        ([], 0, "here has no node with a core"),
        ([node(GPU=1.0), node(alive=False, CPU=8.0)], 0, "here has no node with a core"),
        ([node(CPU=8.0)], 0.25, "here has no node that can give a run 0.25 GPU"),
        ([node(CPU=8.0, GPU=1.0)], 2, "here has no node that can give a run 2 GPU"),
        (
            [node(CPU=8.0), node(GPU=1.0), node(alive=False, CPU=8.0, GPU=1.0)],
            1,
            "here has no node that can give a run 1 GPU",
        ),
    ],
)
def test_a_run_that_would_wait_for_ever_is_refused(nodes: list[dict[str, Any]], gpus: float, told: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{told}"):
        require_room(nodes, gpus, "here")
    require_room([*nodes, node(CPU=1.0, GPU=float(gpus))], gpus, "here")


@pytest.mark.parametrize(
    ("where", "parts"),
    [
        ("ray://head:10001", ("head", 10001)),
        ("ray://[::1]:65535", ("::1", 65535)),
        *((bad, None) for bad in ("ray://head", "ray://head:", "ray://head:0", "ray://head:65536", "ray://a b:1")),
        *((bad, None) for bad in ("ray://head:1/x", "ray://:1", "head:1", "ray://::1:1")),
    ],
)
def test_an_address_has_two_parts(where: str, parts: tuple[str, int] | None) -> None:
    assert host_and_port(where) == parts
