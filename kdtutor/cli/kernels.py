"""A plug-in of pytest for nbval: a kernel that dies is said at once, and a cell that raises quotes its failing line."""

import ast
import inspect
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import Empty
from typing import Any

import nbval.plugin
import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, NbCellError

from . import blame
from .notebooks import death

POLL = 0.5  # seconds between two looks at a silent kernel
PATIENCE = 10.0  # seconds for the answer which line failed
LOST = pytest.StashKey[str]()


@dataclass(frozen=True)
class Blame:
    """The statement of a cell that raised: its line from 1, its text, and in an assertion the values of its names."""

    row: int | None = None
    line: str = ""
    values: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        values = ", ".join(f"{name} = {value}" for name, value in self.values.items())
        return f"line {self.row}: {self.line}" + (f" ({values})" if values else "")


class KernelDied(Exception):
    """The process of a kernel has ended. Says of what."""


class WatchedKernel(RunningKernel):
    """nbval's kernel, whose process is looked at while a message is awaited."""

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        deadline = time.monotonic() + timeout if timeout is not None else float("inf")
        while True:
            left = deadline - time.monotonic()
            try:
                return dict(super().get_message(stream, timeout=max(0.0, min(POLL, left))))
            except Empty:
                self.look()
                if left <= POLL:
                    raise

    def look(self) -> None:
        """Raise `KernelDied` if the process has ended by itself, and end what it may have left running."""
        process = getattr(self.km.provisioner, "process", None) if hasattr(self, "km") else None
        if process is not None and (code := process.poll()) is not None:
            self.stop()
            raise KernelDied(death(code))

    def blame(self) -> Blame | None:
        """Which line raised last; None where the kernel does not say."""
        asked = f"(lambda space: exec({inspect.getsource(blame)!r}, space) or space['blame']())({{}})"
        request = self.kc.execute("", silent=True, user_expressions={"blame": asked}, allow_stdin=False)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = self.get_message("shell", timeout=PATIENCE)
            except Empty:
                return None
            if answer["parent_header"].get("msg_id") == request:
                shown = answer["content"].get("user_expressions", {}).get("blame", {})
                return Blame(**json.loads(ast.literal_eval(shown["data"]["text/plain"]))) if "data" in shown else None
        return None


def pytest_configure(config: pytest.Config) -> None:
    before = nbval.plugin.RunningKernel
    nbval.plugin.RunningKernel = WatchedKernel
    config.add_cleanup(lambda: setattr(nbval.plugin, "RunningKernel", before))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Run a cell; an error names the notebook and the cell, from 1, and the line that raised."""
    if not isinstance(item, IPyNbCell):
        return (yield)
    if lost := item.parent.stash.get(LOST, ""):
        pytest.skip(lost)
    kernel, number, when = item.parent.kernel, item.cell_num + 1, "before"
    try:
        kernel.look()
        when = "in"
        return (yield)
    except KernelDied as error:
        item.parent.stash[LOST] = f"its kernel {error} {when} cell {number}"
        raise NbCellError(item.cell_num, f"{item.path.name}: {item.parent.stash[LOST]}", item.cell.source) from None
    except NbCellError as error:
        if not any(output.output_type == "error" for output in item.test_outputs or []):
            raise
        error.blame = kernel.blame() if kernel.is_alive() else None
        if error.blame:
            error.args = (f"{error.args[0]}: {item.path.name}, cell {number}, {error.blame}",)
        raise
