"""A batch and several ranks: who computes what, and how the numbers stay those of one process.

Every rank draws the same batch and runs the nets on its share of it. What a loss reads of their traces is gathered, so
that each computes the loss of the whole batch: also where a method compares samples, divides by how many have a label,
or draws a number for each. What a net itself takes over a batch is its share's: the statistics of batch norms, unless
they are synchronised. In a single process nothing here does anything.

torch's `DistributedDataParallel` is not used: it averages the gradients of one module's `forward`, and a step here runs
`trace` of several modules and moves them by several optimisers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Float, Int, Shaped, UInt8
from torch import Tensor, nn

from ..data import Split
from ..data.image_folder import FileSplit
from ..errors import require
from ..nets import Net, Trace
from .ranks import heard, rank, world

Traced = TypeVar("Traced", Trace, Trace | None)


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
        return _all_parts(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return world() * grad[rank() :: world()]


def _all_parts(x: Tensor) -> Tensor:
    own = x.contiguous()
    parts = [torch.empty_like(own) for _ in range(world())]
    with heard():
        dist.all_gather(parts, own)
    return torch.stack(parts, 1).flatten(0, 1)


def traced(trace: Callable[[Float[Tensor, "B ..."]], Traced], images: Float[Tensor, "B ..."]) -> Traced:
    """`trace(images)`, for which each rank computes its share. A tensor is gathered when a loss reads it; all ranks
    read the same ones in the same order.

    >>> net = kd.nets.build("mlp8", classes=2)
    >>> len(traced(net.trace, torch.zeros(4, 2)))
    4
    """
    if world() == 1:
        return trace(images)
    own = trace(share(images))
    return None if own is None else own.when_read(gathered)


def average_gradients(optimiser: torch.optim.Optimizer) -> None:
    """Make the gradients that `optimiser` is about to follow the mean over the ranks.

    >>> average_gradients(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))]))  # silent: there is one rank
    """
    if world() == 1:
        return
    own = [p.grad for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in own])
    with heard():
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


@dataclass(frozen=True)
class SharedFiles(FileSplit):
    """A split whose images stay on disk, of which each rank reads its share and is sent the others'."""

    def chunks(self, rows: Iterable[Int[Tensor, " b"]]) -> Iterator[UInt8[Tensor, "b 3 size size"]]:
        for images in super().chunks(share(chunk) for chunk in rows):
            yield _all_parts(images)


def read_by_all(split: Split) -> Split:
    """`split`, whose files, if it has any, the ranks read together.

    >>> split = kd.data.load("digits").train
    >>> read_by_all(split) is split
    True
    """
    if world() == 1 or not isinstance(split, FileSplit):
        return split
    return SharedFiles(**{each.name: getattr(split, each.name) for each in fields(split)})
