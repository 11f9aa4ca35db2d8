"""Tasks of Ray: on this machine, or on a cluster."""

import logging
import os
import pickle
import re
import socket
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ConfigError, LostError, require
from .nodes import Node, one_line, require_equal_versions, require_room, rooms

Result = TypeVar("Result")

ADDRESS = re.compile(r"ray://([^\s/:\[\]]+|\[[0-9a-fA-F:]+\]):(\d{1,5})")
ROOT = Path(__file__).parents[2]
SHIPS = ("digits", "fashion", "teachers", "generators", "students", "results")
CODE = {
    "working_dir": str(ROOT),
    "excludes": ["/*", "!/.", "!/kdtutor*", "!/data", "/data/*", *(f"!/data/{name}" for name in SHIPS), "__pycache__"],
}
"""What travels to the nodes: the package, and in a clone what ships with it."""
RAY = {
    "RAY_USAGE_STATS_ENABLED": "0",  # else it reports to its makers
    "RAY_RUNTIME_ENV_IGNORE_GITIGNORE": "1",  # else nothing of data/ travels: it misreads !/data/digits/
}
PASSED_ON = ("KDTUTOR_DATA", "KDTUTOR_DEVICE", "KDTUTOR_GRAPHS", "KDTUTOR_SET")
STORE = 100 * 2**20  # bytes for what tasks return: numbers
PATIENCE = 5.0  # seconds without a result until we look whether there still are nodes
REACH = 10.0  # seconds for a cluster to answer at all


@dataclass(frozen=True)
class Cluster:
    """Core tasks of Ray: `where` is "ray", a Ray of this machine that ends with the work, or "ray://HOST:PORT".

    Each run has one thread, one core and `gpus_per_run` of a GPU. Ray places them, and makes a run again, `retries`
    times, whose process or node is lost; what a run raises is raised here and never tried again.
    """

    where: str
    count: int | None
    gpus_per_run: float | None
    retries: int

    def run(
        self, function: Callable[..., Result], tasks: Sequence[tuple[Any, ...]]
    ) -> Generator[tuple[int, Result], None, None]:
        """Call `function(*task)` for each task and yield `(index of the task, result)` as each ends."""
        if not tasks:
            return
        ray, gpus = need_ray(), self.gpus_per_run or 0
        running: dict[Any, int] = {}
        with _connected(ray, self.where, self.count):
            with _loss_told(ray, self.where):
                nodes = ray.nodes()
                require_room(nodes, gpus, self.where)
                require_equal_versions(ray, nodes)
            task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=self.retries)(_sealed_run())
            left = iter(enumerate(tasks))
            while True:
                with _loss_told(ray, self.where):
                    for index, arguments in islice(left, (self.count or len(tasks)) - len(running)):
                        running[task.remote(ray.cloudpickle.dumps((function, arguments)))] = index
                    if not running:
                        return
                    ended, _ = ray.wait(list(running), timeout=PATIENCE)
                    if not ended:
                        _require_nodes(ray.nodes(), gpus, self.where)
                    outcomes = [(running.pop(reference), *_outcome(ray, reference)) for reference in ended]
                for index, result, error in outcomes:
                    if error is not None:
                        raise error.cause from error  # itself, from its stack over there
                    yield index, result


def host_and_port(where: str) -> tuple[str, int] | None:
    """The two parts of ray://HOST:PORT; None for what has another form.

    >>> host_and_port("ray://head:10001"), host_and_port("head:10001")
    (('head', 10001), None)
    """
    found = ADDRESS.fullmatch(where)
    return (found[1].strip("[]"), int(found[2])) if found and 0 < int(found[2]) < 2**16 else None


def need_ray() -> Any:
    """The package `ray`; raises `ConfigError` where it is not installed."""
    try:
        import grpc  # noqa: F401  # through it a cluster is reached
        import ray
    except ImportError:
        raise ConfigError('Ray is not installed here; add it: pip install "kdtutor[cluster]"') from None
    return ray


@contextmanager
def _connected(ray: Any, where: str, count: int | None) -> Iterator[None]:
    """Have Ray at work within the block; what it began ends with the block."""
    require(not ray.is_initialized(), "Ray is in use in this process; call ray.shutdown() first")
    os.environ.update(RAY)
    address = host_and_port(where)
    with _quiet():
        try:
            _reach(ray, where, address) if address else _start(ray, count or 2)
            yield
        finally:
            ray.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what Ray tells in its own words; where something is lost, one sentence of ours says it."""
    handlers = {handler: handler.level for handler in logging.getLogger("ray").handlers}
    for handler in handlers:
        handler.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for handler, level in handlers.items():
            handler.setLevel(level)


def _start(ray: Any, count: int, again: bool = True) -> None:
    """A Ray of this machine. On a busy one its start can miss a deadline of its own: it gets a second try."""
    try:
        ray.init("local", num_cpus=count, object_store_memory=STORE, include_dashboard=False, log_to_driver=False)
    except Exception as error:
        ray.shutdown()
        if not again:
            raise LostError(f"Ray does not start on this machine ({one_line(error)}); is it very busy?") from error
        _start(ray, count, again=False)


def _reach(ray: Any, where: str, address: tuple[str, int]) -> None:
    """The cluster at an address; its nodes get this package, and what it was told about data and devices."""
    try:
        socket.create_connection(address, REACH).close()
    except OSError as error:
        raise LostError(
            f"no cluster answers at {where} ({error.strerror or one_line(error)}); start one (ray start --head), "
            "or correct the address"
        ) from None
    told = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        with warnings.catch_warnings(action="ignore"):  # what they say, the error says again
            ray.init(where, runtime_env={**CODE, "env_vars": told}, log_to_driver=False)
    except Exception as error:
        raise LostError(
            f"the cluster at {where} does not take us ({one_line(error)}); it needs the Python and the Ray that are "
            "here, and if it asks for a token, set RAY_AUTH_MODE=token"
        ) from error


@contextmanager
def _loss_told(ray: Any, where: str) -> Iterator[None]:
    """Tell by `LostError` that Ray could not do what it was asked for."""
    try:
        yield
    except (ray.exceptions.RayError, ConnectionError) as error:
        raise LostError(f"the work on {where} was lost ({one_line(error)}); the same command goes on") from error


def _require_nodes(nodes: list[Node], gpus: float, where: str) -> None:
    require(bool(rooms(nodes, gpus)), f"every node of {where} was lost; the same command goes on", LostError)


def _outcome(ray: Any, reference: Any) -> tuple[Any, Any]:
    """What a task returned, or the error that has what it raised as its `cause`."""
    try:
        return pickle.loads(ray.get(reference)), None
    except ray.exceptions.RayTaskError as error:
        return None, error


def _sealed_run() -> Callable[[bytes], bytes]:
    """What a node does, from bytes to bytes: the head, which passes them on, need import nothing to do so.

    It is made here, and not by name, for the same reason; what a node cannot open fails as a run does.
    """

    def run(work: bytes) -> bytes:
        import pickle

        import torch

        torch.set_num_threads(1)
        function, arguments = pickle.loads(work)
        return pickle.dumps(function(*arguments))

    return run
