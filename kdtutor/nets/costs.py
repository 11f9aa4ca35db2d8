"""What a net costs: numbers to store, arithmetic, time and memory of a pass."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.benchmark import Timer

from ..errors import ConfigError, require
from .counts import count_multiply_adds, count_parameters
from .models import tensors
from .modes import evaluating

BATCHES = (1, 32)


@dataclass(frozen=True)
class Latency:
    """How long a pass takes, in seconds: the median over repeated blocks of passes, and their interquartile range."""

    batch: int
    median: float
    iqr: float
    blocks: int


@dataclass(frozen=True)
class Cost:
    """What a net costs."""

    parameters: int
    multiply_adds: int
    """Of one image."""
    size: int
    """Bytes of its weights on disk, as safetensors."""
    latencies: tuple[Latency, ...]
    memory: int | None
    """Bytes at the peak of a pass of the largest batch, beyond the loaded net; None where the system does not tell."""
    threads: int
    device: str


def measure(
    net: nn.Module,
    shape: Sequence[int],
    batches: Sequence[int] = BATCHES,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    seconds: float = 1.0,
) -> Cost:
    """What a net costs on inputs of `shape`, such as (3, 224, 224), in evaluation mode and without gradients.

    Time is taken by torch.utils.benchmark for at least `seconds` a batch size, with so many `threads` (as torch has).
    Memory is, on a GPU, what torch has allocated at the peak; on a CPU how far the resident set of a fresh process
    grows. The net is moved to `device`. Raises `ConfigError` for numbers out of range, or what the net cannot read.

    >>> cost = measure(kd.nets.build("mlp8", classes=2), (2,), batches=(4,), seconds=0.01)
    >>> cost.parameters, cost.multiply_adds, cost.latencies[0].batch
    (186, 160, 4)
    """
    require(len(batches) > 0 and min(batches) >= 1, f"batches={tuple(batches)}: expected sizes of at least 1")
    require(seconds > 0, f"seconds={seconds}: expected a positive number")
    require(threads is None or threads >= 1, f"threads={threads}: at least one is needed")
    threads = threads or torch.get_num_threads()
    net = net.to(device)
    x = torch.zeros(max(batches), *shape, device=device)
    with evaluating(net):
        count = count_multiply_adds(net, x[:1])
        times = tuple(latency(net, x[:batch], threads, seconds) for batch in batches)
        memory = peak_memory(net, x, threads)
    return Cost(count_parameters(net), count, len(tensors(net)), times, memory, threads, str(torch.device(device)))


def latency(net: nn.Module, x: Float[Tensor, "B ..."], threads: int = 1, seconds: float = 1.0) -> Latency:
    """How long `net(x)` takes, by `torch.utils.benchmark.Timer.blocked_autorange`, after a pass that warms up.

    >>> latency(torch.nn.Linear(2, 2), torch.zeros(8, 2), seconds=0.01).batch
    8
    """
    with torch.no_grad():
        net(x)
        timer = Timer("net(x)", globals={"net": net, "x": x}, num_threads=threads)
        taken = timer.blocked_autorange(min_run_time=seconds)
    return Latency(len(x), taken.median, taken.iqr, len(taken.times))


def peak_memory(net: nn.Module, x: Float[Tensor, "B ..."], threads: int = 1) -> int | None:
    """Bytes that a pass of `x` needs at its peak beyond those of the net and of x; None where the system does not tell.

    On CUDA what torch has allocated; else what the resident set of a fresh process grows by.

    >>> peak_memory(torch.nn.Linear(2, 2), torch.zeros(8, 2)) is not None
    True
    """
    if x.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(x.device)
        before = torch.cuda.memory_allocated(x.device)
        with torch.no_grad():
            net(x)
        return torch.cuda.max_memory_allocated(x.device) - before
    if x.device.type != "cpu":
        return None
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pass.pt"
        torch.save((net, x), path)
        where = os.pathsep.join(filter(None, sys.path))  # the net's own code has to be found
        told = subprocess.run(
            [sys.executable, "-m", "kdtutor.nets.peak", str(path), str(threads)], capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": where},
        )  # fmt: skip
    if told.returncode:
        reason = (told.stderr.strip().splitlines() or [f"exit code {told.returncode}"])[-1]
        raise ConfigError(f"the process that measures memory has ended: {reason[:200]}")
    return int(told.stdout) if told.stdout.strip() != "None" else None
