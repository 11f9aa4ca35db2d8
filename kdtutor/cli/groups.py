"""Many jobs: those of one seed are trained together, and the groups are shared out among workers."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import torch

from ..data import Data
from ..jobs.job import Job
from ..jobs.setup import prepare
from ..nets import Net
from ..train import Progress, device
from ..train.checkpoint import HISTORY
from ..workers import Workers
from ..workers import workers as crew
from .away import train_away
from .group import Outcome, Train, train_group


def placed(jobs: Sequence[Job]) -> list[Job]:
    """`jobs` with the folders in which they are kept. What any of them would raise before it trains is raised here."""
    data: dict[tuple[object, ...], Data] = {}
    teachers: dict[str, Net] = {}
    found = []
    for job in jobs:
        setup = prepare(job, data.get(job.sees), teachers)
        setup.check()
        data[job.sees] = setup.data
        found.append(setup.job)
    return found


@dataclass(frozen=True)
class Makers:
    """Who makes the runs: "here" (this process), or on "pool", "ray" or "ray://HOST:PORT"; see `workers`.

    Raises `ConfigError` for what does not go together.
    """

    on: str = "here"
    workers: int | None = None
    gpus_per_run: float | None = None

    def __post_init__(self) -> None:
        if self.on != "here":
            crew(self.on, self.workers, self.gpus_per_run)

    def for_jobs(self, jobs: Sequence[Job]) -> tuple[Workers | None, int]:
        """Who makes these jobs, None for this process, and into how many equal shares they are to be split.

        A GPU is given to this process, which trains a whole group on it; of CPUs every core works.
        """
        if self.on == "here":
            return None, 1
        if self.on != "pool":
            return crew(self.on, self.workers, self.gpus_per_run), self.workers or 1
        count = min(len(jobs), self.workers or (1 if _on_gpu(jobs[0]) else cores()))
        return (crew(self.on, count) if count > 1 else None), count


HERE = Makers()


def cores() -> int:
    """How many cores this process may use.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def train_jobs(
    jobs: Sequence[Job], makers: Makers = HERE, progress: bool = True, train: Train | None = None
) -> Generator[tuple[int, Outcome]]:
    """Train `jobs` in groups; yields the number of a job and what came of it as each group ends.

    Groups are trained by `train`, a function that a module defines: by `train_group`, if it is left out. On the CPU
    each has one thread, wherever it is made: the last bits of a number depend on how many there are. Runs that are
    finished are read, and interrupted ones continued.
    """
    from tqdm import tqdm

    if not jobs:
        return
    train = train or train_group
    all_there = all((job.folder / HISTORY).is_file() for job in jobs)
    those, count = (HERE if all_there else makers).for_jobs(jobs)  # nobody is needed to read
    groups = grouped(jobs, count)
    numbers = {job: number for number, job in enumerate(jobs)}
    with tqdm(total=len(jobs), disable=not progress, unit="run", dynamic_ncols=True) as bar:
        if those is None:
            made = _here(groups, train, bar.set_postfix_str)
        elif makers.on == "pool":
            made = those.run(train, [(group,) for group in groups])
        else:
            made = train_away(those, groups, train)
        with closing(made):
            for number, outcomes in made:
                bar.update(len(outcomes))
                yield from zip((numbers[job] for job in groups[number]), outcomes, strict=True)


def grouped(jobs: Sequence[Job], count: int = 1) -> list[list[Job]]:
    """`jobs` in groups that are worth training together: those that differ in the method alone see the same batches.

    The groups that are left over when `count` workers have equally many are split, so that none is idle at the end.

    >>> jobs = [Job(method, seed) for seed in (0, 1, 2) for method in ("alone", "KD", "AT")]
    >>> [[job.seed for job in group] for group in grouped(jobs, count=2)]
    [[0, 0, 0], [1, 1, 1], [2, 2], [2]]
    """
    alike: dict[tuple[object, ...], list[Job]] = {}
    for job in jobs:
        nets = (job.teacher, job.student, job.weights, job.stages)
        key = (job.seed, _images(job), nets, job.preset, job.pair, job.device, job.precision)
        alike.setdefault(key, []).append(job)
    groups = list(alike.values())
    left = len(groups) % count
    whole, rest = groups[: len(groups) - left], groups[len(groups) - left :]
    return whole + [part for group in rest for part in _split(group, -(-count // left))]


def _here(
    groups: Sequence[Sequence[Job]], train: Train, say: Callable[[str], object]
) -> Generator[tuple[int, list[Outcome]]]:
    """In this process, one group after the other; says from epoch to epoch how far they are."""

    def listener(job: Job, at: Progress) -> None:
        if at.epoch_ended:
            say(f"seed {job.seed}, epoch {at.epoch} of {at.epochs}")

    for number, group in enumerate(groups):
        with one_thread(group[0]):
            outcomes = train(group, listener)
        yield number, outcomes


@contextmanager
def one_thread(job: Job) -> Iterator[None]:
    """As a worker has it, where `job` runs on the CPU."""
    before = torch.get_num_threads()
    if not _on_gpu(job):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _on_gpu(job: Job) -> bool:
    return device(job.device).type != "cpu"


def _images(job: Job) -> tuple[object, ...]:
    """What decides which images a job sees."""
    return (job.data, job.images, job.labels, job.root, job.size, job.task, job.memory)


def _split(group: list[Job], parts: int) -> list[list[Job]]:
    size = -(-len(group) // parts)
    return [group[start : start + size] for start in range(0, len(group), size)]
