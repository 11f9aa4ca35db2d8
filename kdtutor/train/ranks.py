"""One run on several processes, ranks 0, 1, …: torchrun starts them, and all hold the same nets.

Every rank draws the same batch and runs the nets on its share of it. What a loss reads of their traces is gathered, so
that each computes the loss of the whole batch: all numbers are those of one process, also where a method compares
samples, divides by how many have a label, or draws a number for each. What a net itself takes over a batch is its
share's: the statistics of batch norms, unless they are synchronised. In a single process nothing here does anything.

torch's `DistributedDataParallel` is not used: it averages the gradients of one module's `forward`, and a step here runs
`trace` of several modules and moves them by several optimisers.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from ..errors import Error, LostError, require
from ..nets import Net, Trace
from .devices import device as find_device

PATIENCE = timedelta(minutes=10)  # after which a rank that does not answer counts as lost
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
    """
    where, local = find_device(device), int(os.environ.get("LOCAL_RANK", 0))
    require(where.type != "mps", "one GPU of Apple's cannot be shared by several processes: use --device cpu")
    require(where.index is None, f"device={str(where)!r}: each process takes the GPU of its own number: leave it out")
    if where.type == "cuda":
        count = torch.cuda.device_count()
        told = f"process {local} of this machine finds {count} GPU{'s' * (count != 1)}"
        require(local < count, f"{told}; start at most {count} with --nproc-per-node, or use --device cpu")
        torch.cuda.set_device(local)
    with _heard():
        store, number, count = next(iter(dist.rendezvous("env://", timeout=PATIENCE)))
        turn = store.add(f"kdtutor/{number}", 1)  # how often this rank has joined, as all have
        store = dist.PrefixStore(f"kdtutor/{turn}", store)
        backend = "cpu:gloo,cuda:nccl" if where.type == "cuda" else "gloo"
        dist.init_process_group(backend, store=store, rank=number, world_size=count, timeout=PATIENCE)
    yield lambda: bool(store.add(VOICE, 1) == 1)
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
    with _heard():
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
        with _heard():
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
            with _heard():
                dist.broadcast(value, src=0)
            tensor.copy_(value)


def require_even(images: int) -> None:
    """Raises `ConfigError` unless the ranks can share a batch of so many images evenly.

    >>> require_even(25)  # silent: one rank takes it all
    """
    told = f"a batch of {images} images cannot be shared evenly by {world()} processes"
    require(images % world() == 0, f"{told}: choose a batch size that is a multiple, or another number of processes")


def share(x: Shaped[Tensor, "B *shape"]) -> Shaped[Tensor, "b *shape"]:
    """This rank's part of a batch: every `world`-th sample, so that each part has its labelled and its unlabelled ones.

    >>> share(torch.arange(3))
    tensor([0, 1, 2])
    """
    require_even(len(x))
    return x[rank() :: world()]


def gathered(x: Float[Tensor, "b *shape"]) -> Float[Tensor, "B *shape"]:
    """The parts of all ranks, in the order of the batch. Its gradient reaches each part as if one process had it all.

    >>> gathered(torch.ones(2)).shape
    torch.Size([2])
    """
    if world() == 1:
        return x
    with torch.enable_grad():  # who reads it first may want no gradient, and who reads it next
        whole: Tensor = _Gathered.apply(x)  # type: ignore[no-untyped-call]  # torch's own
    return whole


class _Gathered(torch.autograd.Function):
    """Every rank computes the whole loss, and with it the gradient of the whole batch. Its own part's is passed on
    times the world, for `average_gradients` divides by it. A module that reads what was gathered has its whole
    gradient on every rank, and their mean is that."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        own = x.contiguous()
        parts = [torch.empty_like(own) for _ in range(world())]
        with _heard():
            dist.all_gather(parts, own)
        return torch.stack(parts, 1).flatten(0, 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return world() * grad[rank() :: world()]


def traced(trace: Callable[[Tensor], Trace], images: Float[Tensor, "B ..."]) -> Trace:
    """`trace(images)`, for which each rank computes its share. A tensor is gathered when a loss reads it; all ranks
    read the same ones in the same order.

    >>> net = kd.nets.build("mlp8", classes=2)
    >>> len(traced(net.trace, torch.zeros(4, 2)))
    4
    """
    return trace(images) if world() == 1 else trace(share(images)).when_read(gathered)


def average_gradients(optimiser: torch.optim.Optimizer) -> None:
    """Make the gradients that `optimiser` is about to follow the mean over the ranks.

    >>> average_gradients(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))]))  # silent: there is one rank
    """
    if world() == 1:
        return
    own = [p.grad for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in own])
    with _heard():
        dist.all_reduce(flat)
    for gradient, mean in zip(own, (flat / world()).split([gradient.numel() for gradient in own]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def synchronised(net: Net, where: torch.device) -> Net:
    """`net`, whose batch norms now see the samples of all ranks while they train.

    Raises `ConfigError` unless it is to train on CUDA GPUs: torch can do it there alone.

    >>> net = kd.nets.build("lenet5", classes=10)
    >>> synchronised(net, torch.device("cuda")) is net
    True
    """
    told = "--sync-batch-norm: torch synchronises batch norms on CUDA GPUs alone"
    require(where.type == "cuda", f"{told}, not on {where}; leave it out, or name a student without batch norms")
    made: Net = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    return made


def own_statistics(net: nn.Module) -> bool:
    """Whether batch norms of `net` see a rank's share alone, so that numbers depend on how many ranks there are.

    >>> own_statistics(kd.nets.build("resnet8", classes=10))  # there is one rank
    False
    """
    alone = [m for m in net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    return world() > 1 and any(not isinstance(norm, nn.SyncBatchNorm) for norm in alone)


@contextmanager
def _heard() -> Iterator[None]:
    """Whatever goes wrong while ranks talk, one of them is not there."""
    try:
        yield
    except RuntimeError as error:  # torch has a kind for each backend and version
        minutes = PATIENCE.seconds // 60
        raise LostError(f"another process of this run has ended, or has not answered for {minutes} minutes") from error
