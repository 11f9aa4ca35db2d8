"""`kdtutor compare` beside the same runs one by one, as a user calls them: whole commands, on the wall.

`python -m benchmarks.packed` measures it with the preset's own number of epochs, which takes minutes.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .timing import HEADER, Line

METHODS, SEEDS = ("hinton", "fsp", "attention", "relational"), range(5)
LIMIT = 0.6
CALL = (sys.executable, "-c", "from kdtutor.cli.app import app; app()")


def lines(epochs: int | None = 2) -> list[Line]:
    """Four methods and the student alone, five seeds: 25 runs. Every command begins with an empty folder."""
    options = ["--device", "cpu", "--no-progress", *([] if epochs is None else ["--epochs", str(epochs)])]
    seeds = ",".join(map(str, SEEDS))
    with tempfile.TemporaryDirectory() as folder:
        together = _milliseconds([["compare", *METHODS, "--seeds", seeds, *options, "--out", f"{folder}/together"]])
        alone = _milliseconds(
            [
                ["distil", method, "--seed", str(seed), *options, "--out", f"{folder}/{method}-{seed}"]
                for method in ("alone", *METHODS)
                for seed in SEEDS
            ]
        )
    what = f"compare, 5 seeds, {'all' if epochs is None else epochs} epochs"
    return [
        Line(f"{what} (wall)", together[0], "distil, run by run", alone[0], LIMIT),
        Line(f"{what} (CPU, of all processes)", together[1], "distil, run by run", alone[1]),
    ]


def _milliseconds(commands: Sequence[Sequence[str]]) -> tuple[float, float]:
    """On the wall, and of the processors."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent.parent)}
    before = os.times()
    for command in commands:
        subprocess.run([*CALL, *command], env=environment, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    used = sum(after[kind] - before[kind] for kind in (2, 3))  # of children, theirs included: user and system
    return 1000 * (after.elapsed - before.elapsed), 1000 * used


if __name__ == "__main__":
    print(HEADER, *lines(None), sep="\n")
