"""`python -m benchmarks.latency`: what `kd.nets.measure` says of the time of a pass, beside torch's own benchmark.

Rounds alternate, and of each the quickest counts: what else a machine does only adds to a time.
"""

import sys

import torch
from torch.utils.benchmark import Timer

import kdtutor as kd
from kdtutor.nets.costs import latency

ALLOWED = 0.05
ROUNDS = 15


def ratio(name: str, batch: int, rounds: int = ROUNDS, seconds: float = 0.3) -> float:
    """The time that the course measures over the one that torch.utils.benchmark does."""
    net = kd.nets.build(name, classes=10).eval().requires_grad_(False)
    x = torch.rand(batch, 3, 32, 32)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(latency(net, x, 1, seconds).median)
        timer = Timer("net(x)", globals={"net": net, "x": x}, num_threads=1)
        theirs.append(timer.blocked_autorange(min_run_time=seconds).median)
    return min(ours) / min(theirs)


def main() -> int:
    missed = 0
    for name, batch in (("resnet20", 1), ("resnet20", 32), ("torchvision.mobilenet_v3_small", 1)):
        found = ratio(name, batch)
        held = abs(found - 1) <= ALLOWED
        missed += not held
        print(f"{name}, batch of {batch}: {found:.3f} of torch.utils.benchmark, {'ok' if held else 'MISSED'}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
