"""`kdtutor compare` beside the same runs one by one, as a user calls them: seconds on the wall of whole commands.

`python -m benchmarks.packed` measures it with the preset's own number of epochs, which takes minutes.
"""

import os
import subprocess
import sys
import tempfile
import time
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
    what = f"compare, 5 seeds, {'8, the default,' if epochs is None else epochs} epochs (wall)"
    return [Line(what, together, "distil, run by run", alone, LIMIT)]


def _milliseconds(commands: Sequence[Sequence[str]]) -> float:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent.parent)}
    before = time.perf_counter()
    for command in commands:
        subprocess.run([*CALL, *command], env=environment, stdout=subprocess.DEVNULL, check=True)
    return 1000 * (time.perf_counter() - before)


if __name__ == "__main__":
    print(f"{HEADER}\n{lines(None)[0]}")
