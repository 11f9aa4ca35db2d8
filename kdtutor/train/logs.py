"""Where else the numbers of a run go while it is trained, beside its own history."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import ConfigError, choose, require
from .history import Row
from .ranks import rank
from .run import Progress

LOGS = ("tensorboard",)
"""The names of the logs that a run can have."""
SPLITS = ("train", "val", "test")

Note = Callable[[Progress], None]
"""Hears where a run stands, after each step."""


@contextmanager
def logged(log: str | None, out: str | Path | None) -> Iterator[Note]:
    """What writes the log of this name into the folder of the run, `out`; without a name nothing is written.

    Raises `UnknownName`, or `ConfigError` where there is no folder or what writes the log is not installed.

    >>> with logged(None, None) as note:
    ...     pass
    """
    if log is None:
        yield lambda at: None
        return
    choose("log", log, LOGS)
    require(out is not None, f"log={log!r} is written into the folder of the run: name one with `out`")
    make = _summary_writer()
    if rank() > 0:  # of several processes the first one writes
        yield lambda at: None
        return
    board = TensorBoard(make, Path(str(out)))
    try:
        yield board.note
    finally:
        board.close()


def _summary_writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        told = "log='tensorboard': TensorBoard is not installed here"
        raise ConfigError(f'{told}; add it: pip install "kdtutor[tensorboard]", or leave the log out') from None
    return SummaryWriter


class TensorBoard:
    """The curves of a run for TensorBoard: a scalar for each row of its history, and the learning rate, by epochs.

    A run that is continued goes on in the same curves. `make`: torch's `SummaryWriter`.
    """

    def __init__(self, make: Any, folder: Path) -> None:
        self.make, self.folder = make, folder
        self.writer: Any = None  # made when there is something to write, so that nothing is left of a refused run
        self.written = 0  # rows

    def note(self, at: Progress) -> None:
        """Write what the history has gained."""
        rows = at.history.rows
        if self.writer is None:
            if not (at.epoch_ended or at.step == at.total_steps):
                return
            self.writer = self.make(str(self.folder), purge_step=at.epoch)
            self.written = sum(row.epoch < at.epoch for row in rows)
        for row in rows[self.written :]:
            self.writer.add_scalar(tag(row), row.value, row.epoch)
        if at.epoch_ended:
            self.writer.add_scalar("lr", at.lr, at.epoch)
        if len(rows) > self.written:
            self.writer.flush()
        self.written = len(rows)

    def close(self) -> None:
        """Write what is left."""
        if self.writer is not None:
            self.writer.close()


def tag(row: Row) -> str:
    """How TensorBoard calls a term: by the split it was measured on, where its name says so; else it is of training.

    >>> tag(Row("distil", 1, "val_accuracy", 0.5)), tag(Row("distil", 1, "loss", 0.5))
    ('val/accuracy', 'train/loss')
    """
    split, _, name = row.term.partition("_")
    return f"{split}/{name}" if split in SPLITS and name else f"train/{row.term}"
