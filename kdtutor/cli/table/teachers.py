"""The teachers of a table: on its schedule, each trained once, and the same ones for as long as the table grows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import require
from ...jobs.job import Job
from ...settings import find_teacher, teacher_folders
from ...settings.teachers import reduced
from ...train.devices import device as find_device
from ..away import TEACHERS, Files, files_in, in_sight, somewhere, write_files
from ..groups import Makers, one_thread
from ..teachers import teach
from . import diary
from .book import ELSEWHERE
from .plan import Plan


def trained(name: str) -> bool:
    """Whether a teacher is there."""
    return any((folder / f"{name}.safetensors").exists() for folder in teacher_folders())


def train_teachers(plan: Plan, folder: Path, pairs: Sequence[str], makers: Makers, jobs: Sequence[Job]) -> None:
    """Train the teachers of `pairs`, before the `jobs` that need them, by those who make them."""
    asked = {
        plan.teacher(pair): {
            "name": plan.chosen(pair).teacher_name, "epochs": plan.epochs, "images": plan.images, "root": plan.root,
            "device": plan.device,
        }
        for pair in pairs
    }  # fmt: skip
    places = [folder / "teachers" / name for name in asked]
    those = makers.for_jobs(jobs)[0] if asked else None
    if those is None:
        for options, place in zip(asked.values(), places, strict=True):
            with one_thread(jobs[0]):
                train_teacher(options, place)
        return
    with in_sight() as mark:
        tasks = [(mark, options, place) for options, place in zip(asked.values(), places, strict=True)]
        for number, (made, notes) in those.run(train_teacher_away, tasks):
            write_files(TEACHERS, made)
            write_files(places[number], notes)


def train_teacher(asked: Mapping[str, Any], folder: Path) -> None:
    """Train a teacher as `kdtutor teach` with the arguments `asked`; its log and its record are in `folder`."""
    facts = {"teacher": reduced(asked["name"], asked["epochs"], asked["images"]), "command": "kdtutor teach"}
    notes, seconds = diary.Diary(folder, facts, find_device(asked["device"])), diary.stopwatch()
    seconds()  # it is asked once an epoch: the first counts, too
    card = teach(**asked, progress=False, on_epoch=lambda at: notes.step(at, seconds())).card
    notes.done(command=card["command"], last=card["accuracy"], digests={"weights": card["sha256"]})


def train_teacher_away(mark: Path, asked: Mapping[str, Any], folder: Path) -> tuple[Files, Files]:
    """The same on any machine; where the one who asked is not in sight, the files of the teacher and of its notes."""
    with somewhere(mark) as seen:
        if seen:
            train_teacher(asked, folder)
            return {}, {}
        train_teacher(asked, Path("notes"))
        return files_in(TEACHERS), files_in(Path("notes"))


def note_teachers(plan: Plan, folder: Path, content: dict[str, Any], pairs: Sequence[str]) -> None:
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
