"""The sentences kdtutor says when something is wrong: the value, what was expected, what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class Error(Exception):
    """Base of every error that kdtutor raises on purpose."""


class ShapeError(Error, ValueError):
    """A tensor does not have the shape the formula needs."""


class ConfigError(Error, ValueError):
    """A number or an option is out of range."""


class UnknownName(Error, ValueError):
    """A name that kdtutor does not know: a data set, a net, a teacher, a preset."""


class DataError(Error, FileNotFoundError):
    """Data or weights are absent or damaged."""


class DivergedError(Error, RuntimeError):
    """A loss became NaN or infinite."""


class BusyError(Error, RuntimeError):
    """A student is already being trained by another run."""


class LostError(Error, RuntimeError):
    """The processes or the cluster that did the work are gone."""


class StoppedError(Error, RuntimeError):
    """A run was stopped before it measured what is asked for. A notebook shows the sentence alone: nothing broke."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def require(condition: bool, message: str, error: type[Error] = ConfigError) -> None:
    """Raise `error(message)` unless `condition` holds.

    >>> require(1 < 2, "expected a smaller number")  # silent: it holds
    """
    if not condition:
        raise error(message)


def choose(kind: str, name: str, options: Iterable[str], instead: str | None = None) -> str:
    """Return `name` if it is one of `options`, else raise `UnknownName` that lists them, or says `instead`.

    >>> choose("preset", "minute", ("minute", "paper"))
    'minute'
    """
    known = sorted(options)
    if name in known:
        return name
    near = get_close_matches(str(name), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = instead or f"Choose from: {', '.join(known)}."
    raise UnknownName(f"{name!r} is not a known {kind}.{hint} {listed}")
