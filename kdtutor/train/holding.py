"""One run at a time for each student."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from torch import nn

from ..errors import BusyError

_held: WeakSet[nn.Module] = WeakSet()  # beside the nets, not in them: a lock in a net cannot be copied or saved
_guard = threading.Lock()


@contextmanager
def alone(student: nn.Module) -> Iterator[None]:
    """Hold the student for one run; a second run over the same student would mix two trainings.

    >>> with alone(kd.nets.build("mlp8", classes=2)):
    ...     pass  # a second run of the same net would be refused here
    """
    with _guard:
        if student in _held:
            raise BusyError(
                "this student is already being trained by another run; stop that run first, or build a new student"
            )
        _held.add(student)
    try:
        yield
    finally:
        with _guard:
            _held.discard(student)
