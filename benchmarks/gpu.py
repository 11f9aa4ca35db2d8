"""A GPU for a few minutes: what is most worth knowing first, within a budget of seconds.

    python -m benchmarks.gpu --budget 540 --out gpu.jsonl [--data FOLDER]

Each item (`benchmarks/gpu_items.py`) adds a row to the file as soon as it is measured, and the same call goes on with
what is not there yet. Items run in a process of their own: one that hangs, or leaves the GPU in a state in which
nothing works any more, ends alone and is recorded with the reason. At the budget everything ends, with exit code 0.
`--device cpu` is a rehearsal: the same code on small nets and few images.
"""

import argparse
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .gpu_items import ITEMS, REFUSED
from .gpu_rows import Row, add, read, replace_all


@dataclass(frozen=True)
class Gate:
    """A number of a row that has to be reached."""

    what: str
    item: str
    key: str
    at_least: float = float("-inf")
    at_most: float = float("inf")

    def judged(self, rows: Mapping[str, Row]) -> str:
        limit = f"≤ {self.at_most}" if self.at_most != float("inf") else f"≥ {self.at_least}"
        value = rows.get(self.item, {}).get(self.key)
        if value is None:
            return f"not measured  {self.what}: {limit}"
        verdict = "kept" if self.at_least <= value <= self.at_most else "MISSED"
        return f"{verdict:<12}  {self.what}: {value:.2f} ({limit})"


GATES = (
    Gate("resnet56 → resnet20 by hinton, 240 epochs, minutes a run", "packed: bf16", "minutes_a_run", at_most=2.5),
    Gate("8 packed runs, throughput over that of one by one", "packed: bf16", "ratio", at_least=3),
    Gate("hinton, the zoo's loop over ours, time of a step", "zoo: hinton", "ratio", at_least=10),
    Gate("attention, the zoo's loop over ours, time of a step", "zoo: attention", "ratio", at_least=10),
)


def measure(arguments: Sequence[str], names: Sequence[str], file: Path, until: float) -> None:
    """Run the items in processes of their own until all have a row or the time has come."""
    while (pending := [name for name in names if name not in read(file)]) and time.monotonic() < until:
        command = [sys.executable, "-m", "benchmarks.gpu_items", *arguments, *pending]
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
        try:
            _, told = process.communicate(timeout=max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return
        finally:
            with contextlib.suppress(ProcessLookupError):  # with all that it has started
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode == REFUSED:
            raise SystemExit(told.strip())
        left = [name for name in pending if name not in read(file)]
        if left and (process.returncode or left == pending):
            last = (told.strip().splitlines() or [""])[-1]
            ended = f"its process ended with {process.returncode} after {ITEMS[left[0]].seconds} s at most: {last}"
            add(file, {"item": left[0], "failed": ended, "traceback": told})


def main(argv: Sequence[str] | None = None) -> int:
    started = time.monotonic()
    given = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, required=True, help="seconds, after which everything ends")
    parser.add_argument("--out", type=Path, required=True, help="the rows, as JSON lines; what is trained lies beside")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: a rehearsal on small nets")
    parser.add_argument("--data", default="", help="the folder that holds CIFAR-100; without it, noise of its shape")
    parser.add_argument("--only", nargs="+", choices=ITEMS, default=list(ITEMS), metavar="ITEM", help="some items")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if an item failed")
    asked = parser.parse_args(given)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    replace_all(asked.out, [row for row in read(asked.out).values() if "failed" not in row])  # those are tried again
    measure([str(asked.out), asked.device, asked.data], asked.only, asked.out, started + asked.budget)
    rows = read(asked.out)
    print(summary(rows, asked.only, shlex.join(["python", "-m", "benchmarks.gpu", *given])))
    return int(asked.strict and any("failed" in row for row in rows.values()))


def summary(rows: Mapping[str, Row], asked: Sequence[str], command: str) -> str:
    """The gates, what failed, and what there was no time for."""
    machine = next((f"{row['card']}, torch {row['torch']}" for row in rows.values() if "card" in row), "no row yet")
    rehearsal = any(row.get("rehearsal") for row in rows.values())
    gates = ["a rehearsal on small nets: no gate is judged"] if rehearsal else [gate.judged(rows) for gate in GATES]
    failed = [f"failed        {name}: {row['failed']}" for name, row in rows.items() if "failed" in row]
    missing = [name for name in asked if name not in rows]
    left = [f"no time for   {', '.join(missing)}: the same command goes on there"] if missing else []
    return "\n".join([machine, command, *gates, *failed, *left])


if __name__ == "__main__":
    sys.exit(main())
