"""A cluster of two nodes on this machine: rows equal those of the pool, also where a node is lost; losses are told."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from kdtutor.cli.compare import compare
from kdtutor.cli.groups import Makers
from kdtutor.course.studies import Study, conduct
from kdtutor.errors import ConfigError, LostError
from kdtutor.jobs.job import Setting
from kdtutor.workers import workers

from . import learning, tasks

pytestmark = pytest.mark.cluster

PORT = 23017
WHERE = f"ray://127.0.0.1:{PORT}"
STORE = 100 * 2**20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head and one more node, one core each."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_CLIENT_RECONNECT_GRACE_PERIOD", "5")
        for module in (learning, tasks):  # the nodes get the package, not the tests
            ray.cloudpickle.register_pickle_by_value(module)
        cluster = started()
        yield cluster
        cluster.shutdown()
        for module in (learning, tasks):
            ray.cloudpickle.unregister_pickle_by_value(module)


def started(again: bool = True) -> Any:
    """A cluster; on a busy machine its start can miss a deadline of Ray's own, so it gets a second try."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        cluster.add_node(num_cpus=1, object_store_memory=STORE, ray_client_server_port=PORT, include_dashboard=False)
        cluster.add_node(num_cpus=1, object_store_memory=STORE)
    except Exception:
        cluster.shutdown()
        if not again:
            raise
        return started(again=False)
    return cluster


def quiet(_: str) -> None: ...


def rows(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_bytes())["rows"]


def eventually(found: Path) -> None:
    until = time.monotonic() + 100
    while not list(found.parent.glob(found.name)):
        assert time.monotonic() < until, f"{found} never came"
        time.sleep(0.1)


def test_a_node_with_other_versions_is_named(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.python_version_tuple", lambda: ("2", "7", "18"))
    found = rf"the node \S+ \([\d.]+\) has Python 3.{sys.version_info.minor}, here 2.7: numbers could differ"
    with pytest.raises(ConfigError, match=found):
        list(workers(WHERE).run(tasks.threads_and_square, [(3,)]))


def test_a_comparison_comes_back_whole_from_nodes_that_do_not_see_this_folder(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    setting = Setting(epochs=1, images=100)
    expected = compare(["KD"], [0, 1], setting, "here", progress=False)
    monkeypatch.setattr("kdtutor.cli.away.in_sight", lambda: nullcontext(tmp_path / "nowhere" / "mark"))
    found = compare(["KD"], [0, 1], setting, "cluster", progress=False, makers=Makers(WHERE))
    assert found.frame().equals(expected.frame())
    for one, other in zip(found.reports, expected.reports, strict=True):
        assert one.history.rows == other.history.rows and one.job.folder.parts[0] == "cluster"
        assert {path.name for path in one.job.folder.iterdir()} == {path.name for path in other.job.folder.iterdir()}
        assert one.job.command in (one.job.folder / "report.md").read_text()
        for name in ("last.safetensors", "best.safetensors"):
            assert (one.job.folder / name).read_bytes() == (other.job.folder / name).read_bytes()
    monkeypatch.setattr("kdtutor.train.run.Run._step", lambda *_: pytest.fail("trained again"))
    assert compare(["KD"], [0, 1], setting, "cluster", progress=False).table() == expected.table()


def test_rows_equal_those_of_the_pool_though_a_node_is_lost(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study("learnt", "?", tuple({"T": T} for T in (1.0, 4.0)), learning.learn, seeds=(0, 1))
    doomed = cluster.list_all_nodes()[1]
    (tmp_path / "doomed").write_text(doomed.node_id)
    monkeypatch.setenv("KDTUTOR_DATA", str(tmp_path))
    expected = rows(conduct(study, tmp_path / "pool", say=quiet))

    def lose() -> None:
        eventually(tmp_path / "begun")
        cluster.remove_node(doomed, allow_graceful=False)

    loser = threading.Thread(target=lose)
    loser.start()
    found = rows(conduct(study, tmp_path / "cluster", say=quiet, on=WHERE))
    loser.join()
    assert (tmp_path / "begun").exists() and len(expected) == 4 and found == expected


def test_a_cluster_that_is_lost_is_told(cluster: Any, tmp_path: Path) -> None:
    results = workers(WHERE).run(tasks.sleep, [(tmp_path, 0.0), (tmp_path, 600.0)])
    assert next(results)[0] == 0
    eventually(tmp_path / "[0-9]*")
    cluster.shutdown()
    with pytest.raises(LostError, match=rf"^the work on {WHERE} was lost \(.+\); the same command goes on$"):
        next(results)
    with pytest.raises(LostError, match=rf"^no cluster answers at {WHERE} \(Connection refused\); start one"):
        list(workers(WHERE).run(tasks.sleep, [(tmp_path, 0.0)]))


def test_errors_of_a_run_come_back_from_a_ray_of_this_machine_as_themselves(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^0 is refused$"):
        list(workers("ray", count=1).run(tasks.refuse, [(number, tmp_path) for number in range(50)]))
    assert len(list(tmp_path.iterdir())) < 10
