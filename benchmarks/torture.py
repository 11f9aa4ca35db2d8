"""Runs that are killed, damaged, starved of disk and doubled: nothing may be lost, nothing may be silently different.

`make torture` runs all of it, seeded, in minutes, prints a table and ends with 1 on any violation. The tests run a
little of each. Needs fork and SIGKILL, so Linux or macOS.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

import kdtutor as kd
from kdtutor import files
from kdtutor.course.studies import stored_results
from kdtutor.nets.digest import digest
from kdtutor.train import History
from kdtutor.train.checkpoint import CHECKPOINT, HISTORY, newest_checkpoint

from .faults import (
    DONE,
    TOLD,
    child,
    damage,
    ended,
    kill,
    killed_after,
    run,
    same,
    starve,
    undisturbed,
    with_disk,
    with_small_files,
)


@dataclass
class Trials:
    """What came of some trials: how often each outcome, and a sentence for each violation."""

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def note(self, outcome: str, fault: str = "") -> None:
        self.outcomes[outcome] += 1
        if fault:
            self.violations.append(f"{self.name}: {fault}")


def kills_at_random(folder: Path, count: int, rng: random.Random) -> Trials:
    """SIGKILL at random moments, and the same call again, until it ends."""
    trials, expected = Trials("kill -9 at a random moment"), undisturbed(folder)
    started = time.perf_counter()
    with child(partial(run, folder / "timed")) as number:
        ended(number)
    seconds = time.perf_counter() - started
    while trials.outcomes["killed"] < count:
        out = folder / "killed"
        for _ in range(6):
            with child(partial(run, out)) as number:
                time.sleep(rng.uniform(0, seconds / 2))
                os.kill(number, signal.SIGKILL)
                if ended(number) != -signal.SIGKILL:
                    break  # it had ended before
                trials.note("killed")
        _ends_the_same(trials, out, expected)
    return trials


def kills_at_writes(folder: Path, every: int = 1) -> Trials:
    """SIGKILL before each operation on the disk, one after another (or before each `every`-th), then the same call."""
    trials, expected = Trials("kill -9 before each write"), undisturbed(folder)
    at, code = 1, -signal.SIGKILL
    while code == -signal.SIGKILL:
        out = folder / "killed"
        with child(partial(with_disk, at, kill, out)) as number:
            code = ended(number)
        if code == -signal.SIGKILL:
            trials.note("killed")
            _ends_the_same(trials, out, expected)
        shutil.rmtree(out, ignore_errors=True)
        at += every
    return trials


def full_disk(folder: Path, every: int = 1) -> Trials:
    """No space at each operation on the disk: a sentence, nothing left behind, and the same call goes on."""
    trials, expected = Trials("disk full at each write"), undisturbed(folder)
    at, code = 1, TOLD
    while code != DONE:
        out = folder / "starved"
        with child(partial(with_disk, at, starve, out)) as number:
            code = ended(number)
        if code != DONE:
            left = [path.name for path in out.glob(".*")] if out.is_dir() else []
            fault = f"at write {at} it ended with {code}, not with a sentence" if code != TOLD else ""
            trials.note("told", fault or (f"at write {at} it left {left}" if left else ""))
            _ends_the_same(trials, out, expected)
        shutil.rmtree(out, ignore_errors=True)
        at += every
    return trials


def small_files(folder: Path, sizes: tuple[int, ...]) -> Trials:
    """A limit of the system on the size of files (`ulimit -f`), below and above what a run writes."""
    trials, expected = Trials("limit on the size of files"), undisturbed(folder)
    for size in sizes:
        out = folder / "limited"

        with child(partial(with_small_files, size, out)) as number:
            code = ended(number)
        fault = "" if code in (TOLD, DONE) else f"with {size} bytes it ended with {code}, not with a sentence"
        trials.note("told" if code == TOLD else "finished", fault)
        _ends_the_same(trials, out, expected)
        shutil.rmtree(out, ignore_errors=True)
    return trials


def two_writers(folder: Path, count: int) -> Trials:
    """Two different runs, started together in one folder: one is refused, the other is as if it were alone."""
    trials = Trials("two runs in one folder")
    expected = [undisturbed(folder, seed) for seed in (0, 1)]
    for _ in range(count):
        out = folder / "shared"
        with child(partial(run, out, 0)) as one, child(partial(run, out, 1)) as other:
            codes = [ended(one), ended(other)]
        winner = codes.index(DONE) if DONE in codes else 0
        right = sorted(codes) == [DONE, TOLD] and same(out, expected[winner])
        trials.note("one refused", "" if right else f"they ended with {codes}, or the winner's numbers are others")
        shutil.rmtree(out, ignore_errors=True)
    return trials


def flips(folder: Path, count: int, rng: random.Random) -> list[Trials]:
    """Bits flipped, bytes zeroed and files cut, `count` times for each kind of file."""
    out, stopped = undisturbed(folder), folder / "stopped"
    with child(partial(killed_after, stopped, 9)) as number:
        ended(number)
    rows = [{"gain": 0.25, "seed": seed, "accuracy": 0.5 + seed / 7} for seed in range(5)]
    results = files.write_whole(folder / "coin.json", json.dumps(files.sealed({"study": "coin", "rows": rows})))
    net = kd.nets.teacher("digits-lenet5-plain")
    told = {key: value for key, value in net.card.items() if key not in ("name", "sha256", "config", "digest")}
    weights = kd.nets.save_teacher(net, "mine", told, folder=folder)

    def state(net: kd.Net) -> list[Any]:
        return [net.state_dict(), [net.card.get(key) for key in told]]

    kinds: dict[str, tuple[Path, Callable[[], Any]]] = {
        "checkpoint": (out / CHECKPOINT, lambda: newest_checkpoint(out)),
        "checkpoint, one before": (stopped / CHECKPOINT, lambda: newest_checkpoint(stopped)),
        "history": (out / HISTORY, lambda: vars(History.load(out / HISTORY))),
        "results": (results, lambda: stored_results("coin", folder).to_dict("records")),
        "teacher's weights": (weights, lambda: state(kd.nets.teacher(weights))),
        "teacher's card": (weights.with_suffix(".json"), lambda: state(kd.nets.teacher(weights))),
    }
    return [flipped(f"flips: {name}", path, read, count, rng) for name, (path, read) in kinds.items()]


def runs_after_flips(folder: Path, count: int, rng: random.Random) -> Trials:
    """A run whose newest checkpoint is damaged goes on from the one before it, to the same numbers."""
    trials, expected = Trials("flips: a run goes on"), undisturbed(folder)
    for _ in range(count):
        out = folder / "flipped"
        with child(partial(killed_after, out, 9)) as number:
            ended(number)
        damage(out / CHECKPOINT, rng)
        _ends_the_same(trials, out, expected)
    return trials


def flipped(name: str, path: Path, read: Callable[[], Any], count: int, rng: random.Random) -> Trials:
    trials, right, content = Trials(name), digest(read()), path.read_bytes()
    for _ in range(count):
        damage(path, rng)
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                found = digest(read())
            outcome = "said, and the one before used" if said else "harmless"
            trials.note(outcome, "" if said or found == right else "it was read, with other content and no word")
        except kd.Error:
            trials.note("refused")
        except Exception as error:
            trials.note("raw error", f"{type(error).__name__}: {error}")
        path.write_bytes(content)
    return trials


def _ends_the_same(trials: Trials, out: Path, expected: Path) -> None:
    """Call again, to the end; then the folder is as if nothing had happened."""
    with child(partial(run, out)) as number:
        code = ended(number)
    right = code == DONE and same(out, expected)
    trials.note("then the same numbers", "" if right else f"the next call ended with {code}, or its numbers differ")
    shutil.rmtree(out, ignore_errors=True)


def main(seed: int = 0) -> int:
    """All trials, each in a folder of its own; returns how many violations there were."""
    torch.set_num_threads(1)
    rng = random.Random(seed)
    plans: list[Callable[[Path], list[Trials]]] = [
        lambda at: [kills_at_random(at, 60, rng)],
        lambda at: [kills_at_writes(at)],
        lambda at: [full_disk(at)],
        lambda at: [small_files(at, tuple(2**n for n in range(8, 19)))],
        lambda at: [two_writers(at, 10)],
        lambda at: flips(at, 100, rng),
        lambda at: [runs_after_flips(at, 20, rng)],
    ]
    violations: list[str] = []
    for plan in plans:
        with tempfile.TemporaryDirectory() as folder:
            for trials in plan(Path(folder)):
                told = ", ".join(f"{outcome} {count}" for outcome, count in sorted(trials.outcomes.items()))
                print(f"{trials.name:28} {told:70} {len(trials.violations) or 'no'} violations", flush=True)
                violations += trials.violations
    print("\n".join(violations) or "nothing lost, nothing silently different")
    return len(violations)


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
