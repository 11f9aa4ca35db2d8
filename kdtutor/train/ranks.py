"""The processes of one run, ranks 0, 1, …: torchrun starts them, and all hold the same nets; `shares` says who computes
what. In a single process nothing here does anything."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Shaped
from torch import Tensor

from ..errors import Error, LostError, require
from .devices import device as find_device

PATIENCE = timedelta(minutes=30)  # after which a rank that does not answer counts as lost: 0 measures alone
VOICE = "voice"  # where the ranks count how many of them have wanted to speak

T = TypeVar("T")


def world() -> int:
    """How many ranks share the run.

    >>> world()
    1
    """
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Which of them this process is; 0 writes and measures.

    >>> rank()
    0
    """
    return dist.get_rank() if world() > 1 else 0


@contextmanager
def joined(device: str | torch.device | None = None) -> Iterator[Callable[[], bool]]:
    """Be one of the ranks that torchrun has started: what is trained in this block is trained by all of them.

    On CUDA each rank takes the GPU of its local number, and they talk by NCCL; on the CPU by gloo. Yields a function
    that is true for the first rank that calls it: of all that meet an error, one tells it. Raises `ConfigError` for a
    device that cannot be shared, `LostError` if the ranks do not find each other.

    >>> with joined():
    ...     pass
    Traceback (most recent call last):
    kdtutor.errors.ConfigError: torchrun has not started this process: torchrun --nproc-per-node N script.py
    """
    require("RANK" in os.environ, "torchrun has not started this process: torchrun --nproc-per-node N script.py")
    require(dist.is_available(), "this torch was built without torch.distributed: start the run in one process")
    where = find_device(device)
    require(where.type != "mps", "one GPU of Apple's cannot be shared by several processes: use --device cpu")
    require(where.index is None, f"device={str(where)!r}: each process takes the GPU of its own number: leave it out")
    if where.type == "cuda":
        asked, there = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
        told = f"torchrun has started {asked} processes on a machine with {there} GPU{'s' * (there != 1)}"
        require(asked <= there, f"{told}: give --nproc-per-node at most {there}, or use --device cpu")
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    with heard():
        store, number, count = next(iter(dist.rendezvous("env://", timeout=PATIENCE)))
        turn = store.add(f"kdtutor/{number}", 1)  # how often this rank has joined, as all have
        store = dist.PrefixStore(f"kdtutor/{turn}", store)
        backend = "cpu:gloo,cuda:nccl" if where.type == "cuda" else "gloo"
        dist.init_process_group(backend, store=store, rank=number, world_size=count, timeout=PATIENCE)

    def speaks() -> bool:
        try:
            return bool(store.add(VOICE, 1) == 1)
        except RuntimeError:  # torchrun itself is gone: better twice than never
            return True

    yield speaks
    dist.destroy_process_group()  # not after an error: who has lost a rank would wait for it


def from_first(function: Callable[[], T]) -> T:
    """What `function` returns on rank 0, which alone calls it. An error of kdtutor is raised on every rank.

    >>> from_first(lambda: 2)
    2
    """
    if world() == 1:
        return function()
    told: list[Any] = [(None, None)]
    if rank() == 0:
        try:
            told = [(function(), None)]
        except Error as wrong:
            told = [(None, wrong)]
    with heard():
        dist.broadcast_object_list(told)
    value, error = told[0]
    if error is not None:
        raise error
    made: T = value
    return made


def from_all(value: T) -> list[T]:
    """The value of every rank, by its number.

    >>> from_all(2)
    [2]
    """
    values = [value] * world()
    if world() > 1:
        with heard():
            dist.all_gather_object(values, value)
    return values


@contextmanager
def opened_by_first(context: AbstractContextManager[T]) -> Iterator[T]:
    """`context`, which rank 0 alone enters. What it gives is given to all.

    >>> from contextlib import nullcontext
    >>> with opened_by_first(nullcontext(2)) as number:
    ...     number
    2
    """
    with ExitStack() as stack:
        yield from_first(lambda: stack.enter_context(context))


def agree(tensors: Iterable[Shaped[Tensor, "..."]]) -> None:
    """Give every rank the values of rank 0.

    >>> agree([torch.zeros(1)])  # silent: there is one rank
    """
    if world() == 1:
        return
    with torch.no_grad():
        for tensor in tensors:
            value = tensor.contiguous()
            with heard():
                dist.broadcast(value, src=0)
            tensor.copy_(value)


@contextmanager
def heard() -> Iterator[None]:
    """Raise `LostError` for whatever goes wrong while ranks talk: one of them is not there.

    >>> with heard():
    ...     pass  # what a rank says to the others
    """
    try:
        yield
    except RuntimeError as error:  # torch has a kind for each backend and version
        minutes = PATIENCE.seconds // 60
        raise LostError(f"another process of this run has ended, or has not answered for {minutes} minutes") from error
