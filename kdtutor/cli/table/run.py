"""Filling a table: teachers that are missing, then its cells, group by group."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from ...errors import DivergedError, Error
from ...files import held
from ..groups import HERE, Makers, train_jobs
from . import diary
from .book import opened, record_of, written
from .cells import train_cells
from .filled import Filled
from .plan import Cell, Plan
from .teachers import note_teachers, train_teachers, trained

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
        note_teachers(plan, folder, content, [pair for pair in pairs if trained(plan.teacher(pair))])
        filled = written(folder, content)
        jobs = [plan.job(cell, folder) for cell in missing]
        train_teachers(plan, folder, [pair for pair in pairs if not trained(plan.teacher(pair))], makers, jobs)
        note_teachers(plan, folder, content, pairs)
        with closing(train_jobs(jobs, makers, progress, train_cells)) as made:
            for number, outcome in made:
                if isinstance(outcome, Error) and not isinstance(outcome, DivergedError):
                    raise outcome
                diary.sign(jobs[number].folder, jobs[number].command)
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
