"""A pool of processes on this machine."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import torch

from ..errors import LostError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Pool:
    """`count` processes, one thread each; they end with the work, and with whoever asked for it, however that ends."""

    count: int

    def run(
        self, function: Callable[..., Result], tasks: Sequence[tuple[Any, ...]]
    ) -> Generator[tuple[int, Result], None, None]:
        """Call `function(*task)` for each task and yield `(index of the task, result)` as each ends."""
        context = multiprocessing.get_context("spawn")
        end, line = context.Pipe(duplex=False)  # the system closes `line` when this process ends, also if it is killed
        pool = ProcessPoolExecutor(self.count, mp_context=context, initializer=_be_a_worker, initargs=(end,))
        try:
            with _children_unaware_of_ctrl_c():
                futures = {pool.submit(function, *task): index for index, task in enumerate(tasks)}
            for future in as_completed(futures):
                yield futures[future], future.result()
            pool.shutdown()  # before the line is closed: who has nothing left to do may clear up
        except BrokenProcessPool:
            raise LostError(
                "a worker was killed while it ran: by someone, or by the system for want of memory; "
                "run fewer workers at a time, and the same command goes on"
            ) from None
        finally:
            line.close()
            pool.shutdown(cancel_futures=True)
            end.close()


def _be_a_worker(end: "Connection[Any, Any]") -> None:
    """One thread for torch; and an end when the other end of the line is closed, for nobody waits for the work then."""
    torch.set_num_threads(1)

    def follow() -> None:
        try:
            end.poll(None)
        finally:  # Windows says it by an error
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _children_unaware_of_ctrl_c() -> Iterator[None]:
    """Processes that start here never get the signal that a terminal sends to all: who asked for the work ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)  # one that came meanwhile is heard now
