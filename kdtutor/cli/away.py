"""Runs that are made on other machines, which may not see the folders of this one: what they need goes along, what they
leave comes back."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import chdir, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from platform import node
from tempfile import NamedTemporaryFile, TemporaryDirectory

from ..errors import DataError, require
from ..files import RUNS, visible, write_whole
from ..jobs.job import Job
from ..jobs.setup import teacher_name
from ..methods import ALONE
from ..nets.models import CARD, WEIGHTS
from ..settings import OWN
from ..settings.teachers import teacher_folders, teacher_names
from ..workers import Workers
from .group import Outcome, Train, train_group
from .report import Report

Files = dict[str, bytes]
"""Contents by name."""
TEACHERS = RUNS / "teachers"


def train_away(
    crew: Workers, groups: Sequence[Sequence[Job]], train: Train = train_group
) -> Generator[tuple[int, list[Outcome]]]:
    """Have `crew` train `groups` by `train`; yields the number of a group and what came of it when its run folders are
    here.

    A machine that sees this folder works in it, so that a run that is lost goes on from its last epoch elsewhere. Any
    other gets teachers and begun runs along with the job, works in a folder of its own and sends the runs back.
    """
    with in_sight() as mark:
        tasks = [(train, jobs, mark, _teachers(jobs), [files_in(job.folder) for job in jobs]) for jobs in groups]
        with closing(crew.run(work, tasks)) as made:
            for number, (outcomes, folders) in made:
                for job, files in zip(groups[number], folders, strict=True):
                    write_files(job.folder, files)
                yield number, [_here(*each) for each in zip(outcomes, groups[number], strict=True)]


def work(
    train: Train, jobs: Sequence[Job], mark: Path, teachers: Files, begun: Sequence[Files]
) -> tuple[list[Outcome], list[Files]]:
    """One group, on any machine: what came of it, and the run folders unless `mark` is in sight there."""
    with somewhere(mark) as seen:
        if seen:
            return train(jobs), [{} for _ in jobs]
        write_files(TEACHERS, teachers)
        for job in jobs:
            told = f"{job.data} is not on this machine, {node()}: images of one's own go along with no run"
            within = not (job.own or job.preset == OWN) or (
                Path(str(job.data)).is_absolute() and Path(str(job.data)).exists()
            )
            require(within, f"{told}; name a path that every machine sees", DataError)
        moved = [_moved(job, number) for number, job in enumerate(jobs)]
        for job, files in zip(moved, begun, strict=True):
            write_files(job.folder, files)
        return train(moved), [files_in(job.folder) for job in moved]


@contextmanager
def somewhere(mark: Path) -> Iterator[bool]:
    """Be in the folder of the one who asked, if it can be seen, and say so; else in an empty one for the time."""
    if mark.is_file():
        with chdir(mark.parents[1]):
            yield True
    else:
        with TemporaryDirectory() as place, chdir(place):
            yield False


@contextmanager
def in_sight() -> Iterator[Path]:
    """A file by which a machine recognises that it sees this folder."""
    RUNS.mkdir(exist_ok=True)
    try:
        with NamedTemporaryFile(prefix=".in-sight-", dir=RUNS) as file:
            yield Path(file.name).resolve()
    finally:
        with suppress(OSError):  # runs that are kept elsewhere leave nothing here
            RUNS.rmdir()


def _moved(job: Job, number: int) -> Job:
    """The same job with names of files that a strange machine has."""
    there = ",".join(map(_there, teacher_names(job.teacher))) if job.teacher else None
    return replace(job, out=f"run{number}", teacher=there)


def _there(teacher: str) -> str:
    """What a teacher is called there: its file or folder lies below `TEACHERS`."""
    named = Path(teacher)
    by_path = named.suffix == ".safetensors" or (TEACHERS / named.name).is_dir()
    return str(TEACHERS / named.name) if by_path else teacher


def _here(outcome: Outcome, job: Job) -> Outcome:
    """The outcome as that of `job`; its report names the folders and commands of this machine."""
    if isinstance(outcome, Report) and outcome.job != job:
        outcome = replace(outcome, job=job)
        outcome.save()
    return outcome


def _teachers(jobs: Sequence[Job]) -> Files:
    """The files of the teachers that do not ship: those that jobs name by path or folder, and those trained here."""
    names = {name for job in jobs if job.method != ALONE for name in teacher_names(teacher_name(job))}
    places = [Path(name) for name in names if Path(name).suffix == ".safetensors"]
    places += [folder / f"{name}.safetensors" for folder in teacher_folders() for name in names]
    found = [each for path in places if path.is_file() for each in (path, path.with_suffix(".json"))]
    models = [Path(name) for name in names if (Path(name) / WEIGHTS).is_file()]
    inside = [folder / name for folder in models for name in (WEIGHTS, CARD) if (folder / name).is_file()]
    return {
        **{path.name: path.read_bytes() for path in found},
        **{f"{path.parent.name}/{path.name}": path.read_bytes() for path in inside},
    }


def files_in(folder: Path) -> Files:
    return {path.name: path.read_bytes() for path in visible(folder) if path.is_file()}


def write_files(folder: Path, files: Files) -> None:
    for name, content in files.items():
        write_whole(folder / name, content)
