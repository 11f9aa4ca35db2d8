"""Filling a table: teachers that are missing, then its cells, group by group."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ...errors import DivergedError, Error, require
from ...files import held
from ...settings import find_teacher, teacher_folders
from ..groups import HERE, Makers, one_thread, train_jobs
from ..job import Job
from . import diary
from .book import ELSEWHERE, opened, record_of, written
from .cells import train_cells, train_teacher
from .filled import Filled
from .plan import Cell, Plan

FINISHED = (diary.DONE, diary.FAILED)


def fill(plan: Plan, out: str | None = None, makers: Makers = HERE, progress: bool = True) -> Filled:
    """Run what is missing of the table that `plan` asks for, in the folder `out`, and write its page.

    Whatever cannot work is refused before the first run begins. At any moment the folder holds a whole table of what
    is done so far, and the same call goes on from there; cells that are on record as done, or as failed, stay.
    """
    folder = Path(out) if out is not None else plan.folder
    unfit = plan.unfit(folder)
    with held(folder):
        content = opened(folder, plan)
        for (pair, method), reason in unfit.items():
            content["unfit"].setdefault(pair, {})[method] = reason
        cells = [cell for cell in plan.cells() if (cell.pair, cell.method) not in unfit]
        missing = [cell for cell in cells if not _finished(folder, cell)]
        pairs = list(dict.fromkeys(cell.pair for cell in missing))
        _note_teachers(plan, folder, content, [pair for pair in pairs if _trained(plan.teacher(pair))])
        filled = written(folder, content)
        jobs = [plan.job(cell, folder) for cell in missing]
        _train_teachers(plan, folder, [pair for pair in pairs if not _trained(plan.teacher(pair))], makers, jobs)
        _note_teachers(plan, folder, content, pairs)
        with closing(train_jobs(jobs, makers, progress, train_cells)) as made:
            for number, outcome in made:
                if isinstance(outcome, Error) and not isinstance(outcome, DivergedError):
                    raise outcome
                if number in _ends(missing):
                    written(folder, content)
        return written(folder, content) if missing else filled


def _finished(folder: Path, cell: Cell) -> bool:
    record = record_of(folder, cell)
    return record is not None and record["state"] in FINISHED


def _ends(cells: Sequence[Cell]) -> Iterator[int]:
    """The number of the last cell of each pair and seed: then there is something new to be seen."""
    for number, cell in enumerate(cells):
        if number + 1 == len(cells) or cells[number + 1][::2] != cell[::2]:
            yield number


def _train_teachers(plan: Plan, folder: Path, pairs: Sequence[str], makers: Makers, jobs: Sequence[Job]) -> None:
    """Train the teachers of `pairs`, before the `jobs` that need them, by those who make them."""
    tasks = {}
    for pair in pairs:
        asked = {
            "name": plan.chosen(pair).teacher_name, "epochs": plan.epochs, "images": plan.images, "root": plan.root,
            "device": plan.device,
        }  # fmt: skip
        tasks[plan.teacher(pair)] = asked, str(folder / "teachers" / plan.teacher(pair))
    those = makers.for_jobs(jobs)[0] if tasks else None
    if those:
        dict(those.run(train_teacher, list(tasks.values())))
    else:
        for task in tasks.values():
            with one_thread(jobs[0]):
                train_teacher(*task)


def _note_teachers(plan: Plan, folder: Path, content: dict[str, Any], pairs: Sequence[str]) -> None:
    """Note the teachers of `pairs`. Raises `ConfigError` for one that is not the one that the table had."""
    for pair in pairs:
        name = plan.teacher(pair)
        card, before = find_teacher(name).card, content["teachers"].get(pair)
        told = f"{folder} holds a table with another teacher {name}: its weights have changed; {ELSEWHERE}"
        require(before is None or before["sha256"] == card["sha256"], told)
        note = diary.read(folder / "teachers" / name) or {}
        content["teachers"][pair] = {
            "name": name, **{key: card[key] for key in ("accuracy", "sha256", "command")},
            "seconds": note.get("seconds"), "hardware": note.get("hardware"),
        }  # fmt: skip


def _trained(name: str) -> bool:
    return any((folder / f"{name}.safetensors").exists() for folder in teacher_folders())
