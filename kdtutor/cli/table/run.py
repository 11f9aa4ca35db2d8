"""Filling a table: teachers that are missing, then its cells, group by group."""

from contextlib import closing
from pathlib import Path
from typing import Any

from ...errors import require
from ...files import held
from ...settings import find_teacher, teacher_folders
from ...workers import Workers
from . import diary
from .book import ELSEWHERE, opened, record_of, written
from .cells import train_cells, train_teacher
from .filled import Filled
from .plan import Plan

FINISHED = (diary.DONE, diary.FAILED)


def fill(plan: Plan, out: str | None, crew: Workers, progress: bool = True) -> Filled:
    """Run what is missing of the table that `plan` asks for, in the folder `out`, and write its page.

    Whatever cannot work is refused before the first run begins. At any moment the folder holds a whole table of what
    is done so far, and the same call goes on from there; cells that are on record as done, or as failed, stay.
    """
    from tqdm import tqdm

    folder = Path(out) if out is not None else plan.folder
    unfit = plan.unfit(folder)
    with held(folder):
        content = opened(folder, plan)
        for (pair, method), reason in unfit.items():
            content["unfit"].setdefault(pair, {})[method] = reason
        cells = [cell for cell in plan.cells() if (cell.pair, cell.method) not in unfit]
        records = {cell: record_of(folder, cell) for cell in cells}
        missing = [cell for cell, record in records.items() if record is None or record["state"] not in FINISHED]
        with tqdm(total=len(cells), initial=len(cells) - len(missing), disable=not progress, unit="cell") as bar:
            bar.set_description("teachers")
            filled = written(folder, content)
            _teachers(plan, folder, content, list(dict.fromkeys(cell.pair for cell in missing)), crew)
            bar.set_description("cells")
            places = dict.fromkeys((cell.pair, cell.seed) for cell in missing)
            groups = [tuple(cell for cell in missing if (cell.pair, cell.seed) == place) for place in places]
            tasks = [(tuple(plan.job(cell, folder) for cell in group),) for group in groups]
            with closing(crew.run(train_cells, tasks)) as results:
                for index, _ in results:
                    filled = written(folder, content)
                    bar.update(len(groups[index]))
        return filled


def _teachers(plan: Plan, folder: Path, content: dict[str, Any], pairs: list[str], crew: Workers) -> None:
    """Train the teachers of `pairs` that are not there, and note them all; each must be the one that the table had."""
    absent = list(dict.fromkeys(pair for pair in pairs if not _there(plan.teacher(pair))))
    tasks = {}
    for pair in absent:
        asked = {
            "name": plan.chosen(pair).teacher_name, "epochs": plan.epochs, "images": plan.images, "root": plan.root,
            "device": plan.device,
        }  # fmt: skip
        tasks[plan.teacher(pair)] = asked, str(folder / "teachers" / plan.teacher(pair))
    if tasks:
        dict(crew.run(train_teacher, list(tasks.values())))
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


def _there(name: str) -> bool:
    return any((folder / f"{name}.safetensors").exists() for folder in teacher_folders())
