"""What a run leaves in its folder while it goes on: a line an epoch for a reader, and how far it is for the table."""

import json
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from ...errors import DataError
from ...figures.history import words_of
from ...files import append_line, read_json, require_sealed, sealed, write_whole
from ...train import Progress
from ..measures import told

RECORD, LOG = "cell.json", "log.txt"
DONE, FAILED, RUNNING = "done", "failed", "running"

Record = dict[str, Any]


class Diary:
    """Of one run, over all the times that it is interrupted and continued. Nothing is written before the first step,
    when the run has claimed its folder."""

    def __init__(self, folder: Path, facts: Mapping[str, Any], device: torch.device) -> None:
        before = read(folder) or {}
        self.folder, self.begun = folder, False
        self.record: Record = {**facts, "seconds": before.get("seconds", 0.0), "hardware": hardware(device)}

    def step(self, at: Progress, seconds: float) -> None:
        """A step was taken, which took so many seconds."""
        self.record["seconds"] += seconds
        if not self.begun:
            self.begun = True
            self.folder.mkdir(parents=True, exist_ok=True)
            self._log(f"{self.record['command']}: epoch {at.epoch} of {at.epochs} begins, on {self.record['hardware']}")
        if at.epoch_ended:
            terms = {row.term: row.value for row in at.history.rows if row.epoch == at.epoch}
            numbers = (f"{words_of(term)} {told(term, value)}" for term, value in terms.items())
            self._log(f"epoch {at.epoch} of {at.epochs}, {at.phase}: {', '.join(numbers)}")
            self.write(state=RUNNING, epoch=at.epoch, epochs=at.epochs)

    def failed(self, sentence: str) -> None:
        """The run has diverged, as it would again."""
        self._log(sentence)
        self.write(state=FAILED, sentence=sentence)

    def done(self, **outcome: Any) -> None:
        """The run has come to its end."""
        self._log(f"done, in {self.record['seconds']:.1f} s")
        self.write(state=DONE, **outcome)

    def write(self, **news: Any) -> None:
        self.record |= news
        write_whole(self.folder / RECORD, json.dumps(sealed(self.record), indent=1) + "\n")

    def _log(self, text: str) -> None:
        append_line(self.folder / LOG, f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}")


def read(folder: Path) -> Record | None:
    """What is on record of the run in `folder`, None if it has not begun. Raises `DataError` if it was changed."""
    path = folder / RECORD
    try:
        record = read_json(path.read_bytes())
        require_sealed(record)
        return record
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); remove {folder} to have this cell made again") from None


def sign(folder: Path, command: str) -> None:
    """Let the record in `folder` have the command of this machine: on another one the run had another folder."""
    record = read(folder)
    if record is not None and record["command"] != command:
        write_whole(folder / RECORD, json.dumps(sealed(record | {"command": command}), indent=1) + "\n")


def hardware(device: torch.device) -> str:
    """On what a run is made.

    >>> hardware(torch.device("cpu")).startswith("cpu: ")
    True
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = f"{torch.get_num_threads()} thread" + "s" * (torch.get_num_threads() != 1)
    return f"{device.type}: {platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, {threads}"


def stopwatch() -> Callable[[], float]:
    """A function that tells the seconds since it was last called: none the first time, when all has been set up."""
    before: float | None = None

    def seconds() -> float:
        nonlocal before
        now = time.perf_counter()
        passed, before = now - (now if before is None else before), now
        return passed

    return seconds
