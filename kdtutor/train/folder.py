"""The folder of one run: claimed before the first step, saved after each epoch, whole whatever happens between."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch.optim import Optimizer

from ..data import Data, Source
from ..files import held, remove_partial
from .checkpoint import (
    BEST,
    HISTORY,
    LAST,
    drop_before,
    learnt,
    load_checkpoint,
    newest_checkpoint,
    random_state,
    require_free,
    require_room,
    restore_random_state,
    save_checkpoint,
    write_tensors,
)
from .history import History
from .identity import Identity, identity
from .trainable import Phase, Trainable

Stored = dict[str, Any]


@dataclass
class RunFolder:
    """Files are written in an order of which every beginning can be continued: a checkpoint before the first step,
    then after each epoch the best weights and a checkpoint, at the end the last weights and the history."""

    path: Path
    distiller: Trainable
    data: Data
    phases: tuple[Phase, ...]
    batches: Source
    source: Source | None  # the batches, if the caller gave them
    identity: Identity = field(default_factory=dict)  # of the run as it began

    @contextmanager
    def opened(self, config: dict[str, Any]) -> Iterator[Stored | None]:
        """Hold the folder, and give the checkpoint in it, if it is of this run; None for an empty folder.

        Raises `BusyError` while another process holds it, `ConfigError` if it is another run's, `DataError` if it
        cannot be written or its checkpoints are damaged.
        """
        with held(self.path):
            remove_partial(self.path)
            require_free(self.path, {BEST, LAST, HISTORY})
            self.identity = identity(self.distiller, self.data, self.phases, self.batches, self.source)
            stored = load_checkpoint(self.path, config, self.identity, self.distiller)
            if stored is not None:
                self.identity = stored["identity"]
            yield stored

    def claim(self, progress: Stored) -> None:
        """Make the folder this run's; a disk that is full or read-only is noticed here, before the first step."""
        self.save(progress, {})
        require_room(self.path)

    def save(self, progress: Stored, optimisers: dict[str, Optimizer]) -> None:
        """Write what is needed to continue: `progress` is what the loop itself has to know again."""
        state = {
            "identity": self.identity,
            "distiller": learnt(self.distiller),
            "optimisers": {name: optimiser.state_dict() for name, optimiser in optimisers.items()},
            "random": random_state(self.distiller),
        }
        save_checkpoint(self.path, {**progress, **state})

    def save_best(self) -> None:
        """Keep the student as it is now as the best one."""
        write_tensors(self.path / BEST, self.distiller.student)

    def restore(self, stored: Stored) -> None:
        """Put nets and random numbers where they were; a frozen teacher is not among what was stored."""
        self.distiller.load_state_dict(stored["distiller"], strict=False)
        restore_random_state(self.distiller, stored["random"])

    def rewind(self) -> None:
        """Put the nets back to what was saved last: who calls again with the same objects is then recognised."""
        with suppress(Exception):  # what ended the run is raised, and says more than what may happen here
            if stored := newest_checkpoint(self.path):
                self.distiller.load_state_dict(stored["distiller"], strict=False)

    def close(self, history: History) -> None:
        """Write what a finished run leaves; the checkpoint before the last one is not needed any more."""
        write_tensors(self.path / LAST, self.distiller.student)
        history.save(self.path / HISTORY)
        drop_before(self.path)
