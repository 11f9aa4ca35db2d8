"""How times are taken: CPU time of one thread (on a GPU wall time), the median of interleaved rounds."""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Line:
    """One line of the table: milliseconds of ours and of a peer or floor; the largest ratio allowed (None: shown)."""

    what: str
    ours: float
    beside: str
    theirs: float
    limit: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def kept(self) -> bool:
        return self.limit is None or self.ratio <= self.limit

    def __str__(self) -> str:
        verdict = "" if self.limit is None else f"≤ {self.limit:.2f} {'ok' if self.kept else 'MISSED'}"
        return f"{self.what:<56} {self.ours:9.2f}  {self.beside:<40} {self.theirs:9.2f} {self.ratio:6.2f}  {verdict}"


HEADER = f"{'what':<56} {'ms':>9}  {'beside':<40} {'ms':>9} {'ratio':>6}  limit"


def medians(
    functions: Mapping[str, Callable[[], object]], rounds: int = 31, warm_up: int = 3, device: str = "cpu"
) -> dict[str, float]:
    """Milliseconds of each function: the median over rounds in which all take turns.

    Taking turns spreads a neighbour's load over all of them; CPU time of one thread leaves waiting out.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    turns, clock = list(functions.items()), clock_of(device)
    for round_number in range(rounds + warm_up):
        random.Random(round_number).shuffle(turns)  # who follows whom in the caches should not decide
        for name, function in turns:
            before = clock()
            function()
            if round_number >= warm_up:
                times[name].append(1000 * (clock() - before))
    return {name: statistics.median(values) for name, values in times.items()}


def clock_of(device: str) -> Callable[[], float]:
    """Seconds: of this process' CPU time, or on a GPU on the wall, once all that it was asked to do is done."""
    if torch.device(device).type != "cuda":
        return time.process_time

    def now() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return now


def one_thread() -> None:
    torch.set_num_threads(1)
