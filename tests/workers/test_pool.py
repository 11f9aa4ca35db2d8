"""A pool: what it yields, and that it leaves nothing behind."""

import sys
import time
from pathlib import Path

import pytest

from kdtutor.errors import ConfigError, LostError
from kdtutor.workers import workers
from tests.children import alive

from . import tasks


@pytest.mark.slow
def test_every_result_comes_with_the_index_of_its_task() -> None:
    results = dict(workers(count=2).run(tasks.threads_and_square, [(3,), (4,), (5,)]))
    assert results == {0: (1, 9), 1: (1, 16), 2: (1, 25)}
    assert list(workers(count=2).run(tasks.threads_and_square, [])) == []


@pytest.mark.slow
def test_as_many_work_at_a_time_as_are_asked_for_and_clear_up(tmp_path: Path) -> None:
    processes = {process for _, process in workers(count=2).run(tasks.process, [(tmp_path,)] * 2)}
    assert len(processes) == 2
    assert {path.name for path in tmp_path.glob("cleared *")} == {f"cleared {process}" for process in processes}


def test_an_error_comes_back_as_itself_and_ends_the_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^0 is refused$"):
        list(workers(count=1).run(tasks.refuse, [(number, tmp_path) for number in range(50)]))
    assert len(list(tmp_path.iterdir())) < 10


def test_closing_stops_what_runs_and_drops_the_rest(tmp_path: Path) -> None:
    results = workers(count=1).run(tasks.sleep, [(tmp_path, 0.0), (tmp_path, 120.0), (tmp_path, 120.0)])
    _, worker = next(results)
    started = time.monotonic()
    while not list(tmp_path.iterdir()):
        assert time.monotonic() < started + 60
    results.close()
    assert time.monotonic() < started + 60 and not alive(worker)
    assert [path.name for path in tmp_path.iterdir()] == [str(worker)]


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_worker_that_is_killed_is_told() -> None:
    with pytest.raises(LostError, match="a worker was killed while it ran"):
        list(workers(count=1).run(tasks.die, [()]))
