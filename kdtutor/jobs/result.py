"""What came of a run, in its folder: what was asked for, and the numbers that a table of many runs shows."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..data import Classification
from ..errors import DataError, Error
from ..files import read_json, require_sealed, sealed, visible, write_whole
from ..nets import Net, count_parameters
from ..train import History
from .job import Job, partner
from .setup import Setup

RESULT = "result.json"
FORMAT = 1
MEASURE = "test_accuracy"


@dataclass(frozen=True)
class Result:
    """A run that has ended, or was stopped: then it has no accuracy yet.

    `data`, `teacher` and `student` are the names of what was used, also where the job leaves them to the preset.
    `accuracy` is that of the last weights on the test split; `seconds` are those of all sessions of the run.
    """

    job: Job
    data: str
    teacher: str
    student: str
    parameters: int
    epochs: int
    seconds: float
    accuracy: float | None = None

    @property
    def setting(self) -> Job:
        """The job without what differs from seed to seed: equal for runs that are repetitions of each other."""
        return replace(self.job, seed=0, out=None, device=None, root=None, memory=None, log=None)

    @property
    def baseline(self) -> Job:
        """The setting of the student alone that this run is compared with."""
        return partner(self.setting)

    def save(self) -> Path:
        """Write it into the folder of the run, whole or not at all."""
        told = {"format": FORMAT, **asdict(self), "command": self.job.command}
        return write_whole(self.job.folder / RESULT, json.dumps(sealed(told), indent=1) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> "Result":
        """What `save` wrote into a folder, wherever that lies by now. Raises `DataError` if it is absent or damaged."""
        path = Path(folder) / RESULT
        try:
            stored = read_json(path.read_bytes())
            require_sealed(stored)
            known = {name: stored[name] for name in cls.__dataclass_fields__ if name != "job"}
            return cls(Job(**{**stored["job"], "out": str(folder)}), **known)
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, Error) as error:
            told = f"{path} is damaged ({error}): nothing else of the run is lost"
            raise DataError(f"{told}; ask for it again, in the lab or by its command, and it is written anew") from None


def result_of(setup: Setup, history: History, seconds: float) -> Result:
    """What came of a run so far: with the accuracy on the test split if it has ended.

    >>> from kdtutor.jobs.setup import prepare
    >>> result_of(prepare(Job("alone")), kd.History(), seconds=0.0).student
    'resnet8x0.25'
    """
    teacher, student = setup.distiller.teacher, setup.distiller.student
    ended = MEASURE in history.terms and not history.stopped
    return Result(
        setup.job, setup.data.name, _called(teacher), student.name, count_parameters(student), setup.epochs,
        round(seconds, 3), history.last(MEASURE) if ended else None,
    )  # fmt: skip


def keep(setup: Setup, history: History, seconds: float) -> None:
    """Leave in the folder of a run what came of it, after a session of so many seconds; of a run that had ended before
    nothing is written again. Boards compare classifiers: other tasks leave no result.

    >>> from kdtutor.jobs.setup import prepare
    >>> setup = prepare(Job("alone", out=str(folder / "run")))
    >>> keep(setup, kd.History(), seconds=1.5); keep(setup, kd.History(), seconds=1.5)
    >>> Result.load(folder / "run").seconds
    3.0
    """
    try:
        before = Result.load(setup.job.folder)
    except DataError:  # none, or a damaged one, which is written anew
        before = None
    if (before and before.accuracy is not None) or not isinstance(setup.data.task, Classification):
        return
    result_of(setup, history, seconds + (before.seconds if before else 0.0)).save()


def _called(teacher: Net | None) -> str:
    card: dict[str, Any] = getattr(teacher, "card", None) or {}
    return str(card.get("name") or getattr(teacher, "name", ""))


def results(folder: str | Path) -> tuple[list[Result], list[str]]:
    """The results of all runs in the folders inside `folder`, and a sentence for each that is damaged.

    >>> results("no-such-folder")
    ([], [])
    """
    found, told = [], []
    for path in _with_result(visible(Path(folder))):
        try:
            found.append(Result.load(path))
        except DataError as error:
            told.append(str(error))
    return found, told


def _with_result(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if (path / RESULT).exists()]
