"""What a run leaves on record: one row per phase, epoch and term."""

import csv
import io
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DataError, StoppedError, choose, require
from ..files import read_json, require_sealed, sealed, write_whole

if TYPE_CHECKING:
    import pandas as pd

    from ..figures import Picture

FORMAT = 1


class Row(NamedTuple):
    """The mean of one term over one epoch. `epoch` counts from 1 over all phases."""

    phase: str
    epoch: int
    term: str
    value: float


@dataclass
class History:
    """Every term of a run, epoch by epoch, with the configuration and the seed that produced it."""

    config: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    @property
    def seed(self) -> int | None:
        """The seed of the run; None where it was not kept."""
        return self.config.get("seed")

    @property
    def terms(self) -> tuple[str, ...]:
        """The names of what was recorded, in the order of their first row."""
        return tuple(dict.fromkeys(row.term for row in self.rows))

    @property
    def phases(self) -> tuple[str, ...]:
        """The names of the phases, in their order."""
        return tuple(dict.fromkeys(row.phase for row in self.rows))

    @property
    def stopped(self) -> bool:
        """Whether epochs are missing that its configuration asks for: the run was stopped, or still goes on."""
        done, planned = self._epochs()
        return done < planned

    def _epochs(self) -> tuple[int, int]:
        """How many epochs are on record, and how many the configuration asks for."""
        return self.rows[-1].epoch if self.rows else 0, sum(epochs for _, epochs in self.config.get("phases", ()))

    @property
    def measured(self) -> str:
        """The measure that chose the best epoch, the first of its task: "accuracy", "map", "r2", …

        Raises `StoppedError` where nothing has been measured yet.
        """
        return self.held_out.partition("_")[2]

    @property
    def held_out(self) -> str:
        """The term that was measured after each epoch: on the validation split, or on the test split without one.

        Raises as `measured`.
        """
        done, planned = self._epochs()
        told = f"the run was stopped after epoch {done} of {planned}, before anything was measured; let it end"
        require(len(self.measures) > 0, told, StoppedError)
        return self.measures[0]

    @property
    def measures(self) -> tuple[str, ...]:
        """The terms that were measured on held-out data; those of the validation split first."""
        return tuple(term for part in ("val_", "test_") for term in self.terms if term.startswith(part))

    def add(self, phase: str, epoch: int, **values: float) -> None:
        """One row for each of `values`."""
        self.rows.extend(Row(phase, epoch, term, float(value)) for term, value in values.items())

    def curve(self, term: str) -> tuple[list[int], list[float]]:
        """Epochs and values of one term.

        Raises `UnknownName` for a term that the run does not have, `StoppedError` if it was stopped before it had it.
        """
        rows = [row for row in self.rows if row.term == term]
        if not rows:
            done, planned = self._epochs()
            require(
                done >= planned,
                f"The run was stopped after epoch {done} of {planned}, before it measured {term!r}. Press Start, let "
                "it end, and run the cells from there on again.",
                StoppedError,
            )
            choose("term of this history", term, self.terms)
        return [row.epoch for row in rows], [row.value for row in rows]

    def last(self, term: str) -> float:
        """The value of the last epoch: the number to report."""
        return self.curve(term)[1][-1]

    def best(self, term: str, largest: bool = True) -> float:
        """The best value of any epoch: shown beside the last one, never instead of it."""
        return (max if largest else min)(self.curve(term)[1])

    def frame(self) -> "pd.DataFrame":
        """The rows as a tidy table with the columns phase, epoch, term, value."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(Row._fields))

    def csv(self) -> str:
        """The rows as a table of comma-separated values, under the names of the columns."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([Row._fields, *self.rows])
        return text.getvalue()

    def plot(self, *terms: "str | Sequence[str]") -> "Picture":
        """The curves of the run: all losses and accuracies, or the terms named; terms in a tuple share their axes."""
        from ..figures.history import curves  # drawn by the figures layer, asked for here because users look here

        return curves(self, terms or None)

    def save(self, path: str | Path) -> Path:
        """Write the history as JSON, whole or not at all."""
        stored = {"format": FORMAT, "config": self.config, "environment": environment(), "rows": self.rows}
        return write_whole(path, json.dumps(sealed(stored), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """The history that `save` wrote; raises `DataError` if the file is absent, damaged or changed since."""
        path = Path(path)
        try:
            stored = read_json(path.read_bytes())
            require_sealed(stored)
            return cls(stored["config"], [Row(*row) for row in stored["rows"]])
        except FileNotFoundError:
            raise DataError(f"{path} does not exist; History.save writes such a file") from None
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror}); name another file") from None
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path} is not a history that kdtutor wrote ({error}); remove it or name another"
            ) from None


def environment() -> dict[str, Any]:
    """What a number may depend on besides its configuration.

    >>> sorted({"torch", "python"} & environment().keys())
    ['python', 'torch']
    """
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "gpu": gpu,
    }
