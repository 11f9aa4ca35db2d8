"""What an instructor runs: does every notebook still do what its stored outputs say? Which cell does not, and why?"""

import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from ..course.map import FOLDER
from ..course.submission import CHECKED
from ..data import SHIPPED
from ..errors import Error, choose, require
from ..settings.chosen import USUAL
from . import kernels
from .lessons import notebooks_of
from .notebooks import SECONDS, clean_environment, code_cells, first_line, problems, read

SANITIZE = FOLDER.parent / "tests" / "notebooks" / "sanitize.cfg"
# Not compared, as in nbval: what may differ although the notebook is right.
UNCOMPARED = (
    "metadata", "traceback", "output_type", "name", "execution_count", "image/png", "image/jpeg",
    "application/vnd.jupyter.widget-view+json",
)  # fmt: skip
DIFFERS = "Cell outputs differ"  # nbval's words
SHOWN = 100  # characters of a line in a report


@dataclass(frozen=True)
class Failure:
    """A code cell, by number from 1, that does not do what is stored."""

    cell: int
    line: str  # the one that raised; where none did, its first
    why: str
    row: int | None = None  # which line that is, from 1
    values: dict[str, str] = field(default_factory=dict)  # of the names in an assertion that failed


@dataclass
class Outcome:
    """What became of one notebook: its failing cells, and what in the file breaks the rules of the course."""

    file: str
    cells: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    exercises: dict[str, str] = field(default_factory=dict)  # the verdict on each that the notebook checks
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.failures and not self.problems

    def __str__(self) -> str:
        passed = sum(verdict == "passed" for verdict in self.exercises.values())
        solved = f"  {passed} of {len(self.exercises)} exercises passed" if self.exercises else ""
        lines = [f"{'ok' if self.ok else 'FAILED':6}  {self.file}  {self.cells} cells  {self.seconds:.1f} s{solved}"]
        for failure in self.failures:
            row = f", line {failure.row}:" if failure.row else " "
            lines += [f"    cell [{failure.cell}]{row} {failure.line[:SHOWN]}", f"        {failure.why}"]
            if failure.values:
                lines.append("        " + ", ".join(f"{name} = {value}" for name, value in failure.values.items()))
        return "\n".join([*lines, *(f"    {problem}" for problem in self.problems)])

    def as_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}


def validate(
    words: Iterable[str | Path],
    seconds: float = SECONDS,
    style: bool = True,
    data: str = "digits",
    say: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Run the notebooks that `words` mean (see `notebooks_of`) in clean kernels, and compare what they do with what
    they store.

    `data` is the set that the lessons run on, see `chosen_set`; on any but the digits, of which the stored outputs are,
    nothing is compared, and a cell fails only if it raises. Neither is a cell with an exercise: its verdict is read, so
    that a notebook is as right solved as unsolved. `seconds` is the limit for one cell. `say` is called with
    each outcome as soon as it is there.
    """
    choose("set of the course", data, SHIPPED)
    outcomes: dict[Path, Outcome] = {}
    runnable = []
    for path in notebooks_of(words):
        outcome = outcomes[path] = Outcome(path.name)
        try:
            nb = read(path)
        except Error as error:
            outcome.problems.append(str(error))
            say(outcome)
            continue
        outcome.problems = problems(nb) if style else []
        if code_cells(nb):
            runnable.append(path)
        else:
            say(outcome)
    if runnable:
        _run(runnable, outcomes, seconds, data, say)
    return list(outcomes.values())


def _run(
    paths: Sequence[Path], outcomes: dict[Path, Outcome], seconds: float, data: str, say: Callable[[Outcome], None]
) -> None:
    options = [
        "--disable-plugin-autoload", "-p", "nbval.plugin", "-p", "no:cacheprovider", "-p", "no:faulthandler",
        "-c", os.devnull, "--rootdir", str(paths[0].parent), "--noconftest", "--color=no",
        "--nbval" if data == USUAL else "--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={seconds}",
        *(["--nbval-sanitize-with", str(SANITIZE)] if SANITIZE.is_file() else []),
    ]  # fmt: skip
    watch = _Watch(outcomes, say)
    with clean_environment(data):
        code = pytest.main([*options, *map(str, paths)], plugins=[watch, kernels])
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    require(code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), f"nbval itself failed: {watch.trouble}", Error)


class _Watch:
    """A plug-in of pytest that keeps what nbval finds, and keeps pytest itself quiet."""

    def __init__(self, outcomes: dict[Path, Outcome], say: Callable[[Outcome], None]) -> None:
        self.outcomes, self.say = outcomes, say
        self.started: float | None = None
        self.lost: Path | None = None  # the notebook whose kernel does not answer any more
        self.trouble = "no reason given"

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_internalerror(self, excrepr: Any) -> None:
        self.trouble = (str(excrepr).strip().splitlines() or [self.trouble])[-1]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> Iterator[None]:
        self.started = self.started or time.perf_counter()
        result = yield
        outcome = self.outcomes[item.path]
        outcome.cells += 1
        if nextitem is None or nextitem.path != item.path:
            outcome.seconds = round(time.perf_counter() - self.started, 1)
            self.started = None
            with item.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
                self.say(outcome)
        return result

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        error = call.excinfo.value if call.excinfo else None
        names = CHECKED.findall(item.cell.source)
        if call.when == "call" and names:
            self.outcomes[item.path].exercises.update(zip(names, _verdicts(item.test_outputs or []), strict=False))
            if first_line(str(error)) == DIFFERS:  # an answer is the reader's own: its verdict is read, not compared
                return
        if error is None or isinstance(error, pytest.skip.Exception) or self.lost == item.path:
            return
        why = reason(item, error)
        if item.parent.timed_out or not _alive(item):
            self.lost = item.path
            why += "; the cells after it were not judged"
        blame = getattr(error, "blame", None) or kernels.Blame()
        line = blame.line or first_line(item.cell.source)
        failure = Failure(item.cell_num + 1, line, why, blame.row, blame.values)
        self.outcomes[item.path].failures.append(failure)


def _verdicts(outputs: list[NotebookNode]) -> Iterator[str]:
    """The states in the verdicts that a cell shows, in order."""
    for output in outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        yield from re.findall(r"^\[(to do|not yet|passed)\]", text, re.MULTILINE)


def _alive(item: Any) -> bool:
    kernel = item.parent.kernel
    return kernel is not None and kernel.is_alive()


def reason(item: Any, error: BaseException) -> str:
    """Why a cell fails, in one or two lines."""
    outputs = item.test_outputs or []
    message = first_line(str(error))
    raised = next((output for output in outputs if output.output_type == "error"), None)
    if lost := item.parent.stash.get(kernels.LOST, ""):
        return lost
    if "Failed to interrupt" in message:
        seconds = item.config.option.nbval_cell_timeout
        return f"it took longer than {seconds:g} seconds, and its kernel hangs so that it cannot be interrupted"
    if item.parent.timed_out:
        return f"it took longer than {item.config.option.nbval_cell_timeout:g} seconds"
    if message == DIFFERS:
        return difference(item.cell.outputs, outputs, item.sanitize) or "the outputs differ"
    if raised is not None:
        return f"{raised.ename}: {first_line(raised.evalue)[: 2 * SHOWN]}".rstrip(": ")
    return message


def difference(stored: list[NotebookNode], now: list[NotebookNode], sanitize: Callable[[Any], Any]) -> str:
    """The first line in which two lists of outputs differ; empty if none does."""
    before, after = _texts(stored, sanitize), _texts(now, sanitize)
    for kind in dict.fromkeys([*before, *after]):
        if len(before[kind]) != len(after[kind]):
            return f"stored {_count(before[kind], kind)}, now {_count(after[kind], kind)}"
        for old, new in zip(before[kind], after[kind], strict=True):
            if old != new:
                return f"{kind} differs{_line(str(old), str(new))}"
    return ""


def _texts(outputs: list[NotebookNode], sanitize: Callable[[Any], Any]) -> dict[str, list[Any]]:
    """The values of each kind of output, in order."""
    texts: dict[str, list[Any]] = defaultdict(list)
    for output in outputs:
        values = {output.name: output.text} if output.output_type == "stream" else {**output, **output.get("data", {})}
        for kind, value in values.items():
            if kind not in UNCOMPARED and kind != "data":
                texts[kind].append(sanitize(value))
    return texts


def _count(values: list[Any], kind: str) -> str:
    return f"{len(values)} × {kind}" if values else f"no {kind}"


def _line(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    for number, (a, b) in enumerate(zip(before, after, strict=False), 1):
        if a != b:
            return f" in line {number}\n        stored: {a.strip()[:SHOWN]}\n        now:    {b.strip()[:SHOWN]}"
    return f": stored {len(before)} lines, now {len(after)}"
