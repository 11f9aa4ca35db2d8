"""Run as a process of its own: how many bytes one pass of a net adds to what the process holds."""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F

STATUS = Path("/proc/self/status")
PEAK, NOW = "VmHWM", "VmRSS"


def peak(path: str | Path, threads: int) -> int | None:
    """The growth of the resident set during a pass; `path` holds the net and its images. None where no system tells.

    >>> torch.save((torch.nn.Linear(2, 2), torch.zeros(1, 2)), folder / "pass.pt")
    >>> (peak(folder / "pass.pt", torch.get_num_threads()) or 0) >= 0
    True
    """
    torch.set_num_threads(threads)
    net, x = torch.load(path, weights_only=False)  # written by the process that asks
    with torch.no_grad():
        F.conv2d(torch.zeros(1, 3, 8, 8), torch.zeros(4, 3, 3, 3))  # what the library sets up once is none of the net's
        F.linear(torch.zeros(1, 8), torch.zeros(8, 8))
        if not STATUS.exists():
            return _by_usage(net, x)
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        before = _status(NOW)
        net(x)
        return max(0, _status(PEAK) - before)


def _by_usage(net: torch.nn.Module, x: torch.Tensor) -> int | None:
    """Where the peak cannot be forgotten: how far it rises."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    net(x)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024)


def _status(name: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    print(peak(sys.argv[1], int(sys.argv[2])))
