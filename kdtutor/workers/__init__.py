"""Who does the work: runs that need nothing of each other, by processes of this machine or by a cluster.

Both do the same: a function is called with each of many tasks, one thread each, and the results come as they are ready.
What comes does not depend on who does it, nor on how many do it at a time.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol, TypeVar

from ..errors import require
from .cluster import Cluster, host_and_port, need_ray
from .pool import Pool

__all__ = ["Workers", "workers"]

Result = TypeVar("Result")
RETRIES = 3


class Workers(Protocol):
    """Those who run tasks."""

    def run(
        self, function: Callable[..., Result], tasks: Sequence[tuple[Any, ...]]
    ) -> Generator[tuple[int, Result], None, None]:
        """Call `function(*task)` for each task and yield `(index of the task, result)` as each ends, in any order.

        `function` is one that a module defines. What it raises is raised here, and ends the work, as does Ctrl-C or
        closing the generator: what has not begun is dropped, what has is stopped, and every worker is gone. Raises
        `LostError` where workers die.
        """


def workers(
    on: str = "pool", count: int | None = None, gpus_per_run: float | None = None, retries: int = RETRIES
) -> Workers:
    """The workers that are asked for; they start when they `run` something.

    `on` is "pool" (processes of this machine), "ray" (a Ray of this machine alone) or "ray://HOST:PORT" (a cluster).
    `count` runs are made at a time: 2 if it is left out, and on a cluster as many as have room. With `gpus_per_run`,
    which only Ray can grant, each run gets that share of a GPU. A run whose node is lost is made again, `retries`
    times. Raises `ConfigError` for anything else.

    >>> dict(workers("pool", count=1).run(pow, [(2, 3), (3, 2)]))
    {0: 8, 1: 9}
    """
    require(
        count is None or (type(count) is int and count >= 1),
        f"{count!r} workers cannot work: expected a whole number, at least 1",
    )
    require(type(retries) is int and retries >= 0, f"retries={retries!r}: expected a whole number, at least 0")
    if on == "pool":
        require(
            gpus_per_run is None,
            f"gpus_per_run={gpus_per_run}: the runs of a pool have all GPUs in common; leave it out, or work on='ray'",
        )
        return Pool(2 if count is None else count)
    require(
        isinstance(on, str) and (on == "ray" or host_and_port(on) is not None),
        f"{on!r} is no place to work: expected pool, ray or ray://HOST:PORT",
    )
    require(
        gpus_per_run is None or 0 < gpus_per_run < 1 or (gpus_per_run >= 1 and float(gpus_per_run).is_integer()),
        f"gpus_per_run={gpus_per_run}: expected a share, between 0 and 1, or a whole number",
    )
    need_ray()
    return Cluster(on, count, gpus_per_run, retries)
