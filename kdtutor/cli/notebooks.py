"""Notebooks as files: run them and store their outputs, and say what in them is not as the course wants it."""

import math
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from ..errors import Error, require
from ..files import write_whole

CODE_LINES, USUAL_LINES, USUAL_SHARE = 15, 12, 0.9  # of a cell: at most; at most in this share of the cells
CODE_CELLS_IN_A_ROW = 2
IGNORED_SHARE = 0.1
MEGABYTES = 0.5
SECONDS = 120.0  # for one cell

WIDGET = "application/vnd.jupyter.widget-view+json"
IMAGES = ("image/png", "image/jpeg", "image/svg+xml")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "name": "python",
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "pygments_lexer": "ipython3",
    },
}
MARKER = re.compile(r"NBVAL_\w+")
MARKER_ALONE = re.compile(r"\s*#\s*NBVAL_\w+\s*")
IGNORED = ("ignore_output", "skip")
ABSOLUTE = re.compile(
    r"(?<![\w./~-])(?:/(?:content|etc|home|mnt|opt|private|root|srv|tmp|usr|var|work|workspace|Users)/|[A-Z]:\\+Users)[^\s'\"<>]*"
)


# -- running ----------------------------------------------------------------------------------------------------------


def store(path: Path, seconds: float = SECONDS) -> Path:
    """Run every cell of the notebook in a clean kernel and store its outputs, as every machine would store them.

    Raises `Error`, and leaves the file as it is, if a cell raises, takes longer than `seconds`, or ends its kernel, and
    if the file was changed meanwhile.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    nb, before = read(path), path.read_bytes()
    at: list[tuple[NotebookNode, Any]] = []  # the cells that were begun, and the process that runs them
    client: Any = NotebookClient(  # traits, which have no types
        nb, timeout=math.ceil(seconds), kernel_name="python3", record_timing=False, store_widget_state=False,
        coalesce_streams=True, resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=lambda cell, cell_index: at.append((cell, client.km.provisioner.process)),
    )  # fmt: skip
    try:
        with clean_environment():
            client.execute(stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        reason = f"{error.ename}: {first_line(error.evalue)}".rstrip(": ")
    except CellTimeoutError:
        reason = f"it took longer than {seconds:g} seconds"
    except DeadKernelError:
        reason = f"its kernel {death(at[-1][1].poll())}"
    else:
        require(path.read_bytes() == before, f"{path.name} was changed while it ran; nothing was stored", Error)
        tidy(nb)
        return write_whole(path, nbformat.writes(nb) + "\n")
    failed = at[-1][0]
    number = next(number for number, cell in code_cells(nb) if cell is failed)
    raise Error(f"{path.name}, cell [{number}] `{first_line(failed.source)}`: {reason}; nothing was stored")


def death(code: int) -> str:
    """What the exit code of a kernel says: "died of SIGSEGV (signal 11)", "died with exit code 3"."""
    if code >= 0:
        return f"died with exit code {code}"
    try:
        return f"died of {signal.Signals(-code).name} (signal {-code})"
    except ValueError:
        return f"died of signal {-code}"


@contextmanager
def clean_environment(data: str = "digits") -> Iterator[None]:
    """Kernels started here compute on the CPU and, unless another set is named, on the digits, as the stored outputs
    did; they see no IPython profile of the user's."""
    from ..settings.chosen import SET_VARIABLE  # here, because it imports torch
    from ..train import DEVICE_VARIABLE

    with tempfile.TemporaryDirectory(prefix="kdtutor-") as folder:
        ours = {DEVICE_VARIABLE: "cpu", SET_VARIABLE: data, "IPYTHONDIR": folder}
        before = {name: os.environ.get(name) for name in ours}
        os.environ.update(ours)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def tidy(nb: NotebookNode) -> None:
    """Take out, in place, what differs from run to run or is of no use without its kernel; cell ids stay."""
    nb.metadata = nbformat.from_dict(METADATA)
    for _, cell in code_cells(nb):
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if "data" in output:
                output.data.pop(WIDGET, None)
                output.metadata.pop(WIDGET, None)


# -- style ------------------------------------------------------------------------------------------------------------


def problems(nb: NotebookNode) -> list[str]:
    """What in a stored notebook breaks the rules of the course, one line each; empty if nothing does.

    Code cells are named by their number, which is also their prompt in a notebook that was run from top to bottom.
    """
    return [problem for check in CHECKS for problem in check(nb)]


def read(path: Path) -> NotebookNode:
    """The notebook in a file. Raises `Error` if it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError, AttributeError) as error:
        raise Error(f"{path} is not a notebook that can be read ({first_line(str(error))})") from None


def code_cells(nb: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """The code cells with their numbers, from 1."""
    return list(enumerate((cell for cell in nb.cells if cell.cell_type == "code"), 1))


def first_line(text: str) -> str:
    """The first line that says something; a marker or a magic does not."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not MARKER_ALONE.fullmatch(line)]
    return lines[0] if lines else ""


def _outputs(nb: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    for number, cell in code_cells(nb):
        for output in cell.outputs:
            yield number, output


def _header(nb: NotebookNode) -> Iterator[str]:
    first = nb.cells[0] if nb.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "the first cell is not a header: a text that begins with '# ' and the title"
    elif not re.search(r"\bminutes?\b", first.source):
        yield "the header does not say how many minutes the notebook takes"


def _run_in_order(nb: NotebookNode) -> Iterator[str]:
    unrun = [number for number, cell in code_cells(nb) if cell.execution_count is None]
    if unrun:
        yield f"{len(unrun)} code cells were never run, the first is [{unrun[0]}]"
    for number, cell in code_cells(nb):
        if not cell.source.strip():
            yield f"cell [{number}] is empty"
        if cell.execution_count not in (None, number):
            yield f"cell [{number}] was run as number {cell.execution_count}: run all cells once, from top to bottom"
            return


def _errors(nb: NotebookNode) -> Iterator[str]:
    expected = {number for number, cell in code_cells(nb) if "raises-exception" in cell.metadata.get("tags", [])}
    for number, output in _outputs(nb):
        if output.output_type == "error" and number not in expected:
            yield f"cell [{number}] stores an error, {output.ename}: {first_line(output.evalue)}"
        if output.output_type == "stream" and output.name == "stderr":
            yield f"cell [{number}] writes to stderr: {first_line(output.text)[:80]}"


def _length(nb: NotebookNode) -> Iterator[str]:
    lengths = [len([line for line in cell.source.splitlines() if _is_code(line)]) for _, cell in code_cells(nb)]
    for number, length in enumerate(lengths, 1):
        if length > CODE_LINES:
            yield f"cell [{number}] has {length} lines of code; at most {CODE_LINES}"
    long = sum(length > USUAL_LINES for length in lengths)
    if long > (1 - USUAL_SHARE) * len(lengths):
        share = f"{USUAL_SHARE:.0%} must keep to that"
        yield f"{long} of {len(lengths)} cells have more than {USUAL_LINES} lines of code; {share}"


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


def _prose(nb: NotebookNode) -> Iterator[str]:
    number = in_a_row = 0
    for cell in nb.cells:
        code = cell.cell_type == "code"
        number, in_a_row = number + code, in_a_row + 1 if code else 0
        if in_a_row == CODE_CELLS_IN_A_ROW + 1:
            yield f"cell [{number}] follows {CODE_CELLS_IN_A_ROW} other code cells without a word between them"


def _alternative_text(nb: NotebookNode) -> Iterator[str]:
    for number, output in _outputs(nb):
        data: dict[str, Any] = output.get("data", {})
        for kind in IMAGES:
            text = output.get("metadata", {}).get(kind, {}).get("alt") if kind in data else None
            if kind in data and not text and not re.match(r"<Picture: \S", data.get("text/plain", "")):
                yield f"cell [{number}] shows an image without alternative text"
        if re.search(r"<img\b(?![^>]*\balt=['\"][^'\"])", data.get("text/html", "")):
            yield f"cell [{number}] shows an image in HTML without alternative text"
    for index, cell in enumerate(nb.cells, 1):
        if cell.cell_type == "markdown" and re.search(r"!\[\s*\]\(|<img\b(?![^>]*\balt=['\"][^'\"])", cell.source):
            yield f"the text in place {index} has an image without alternative text"


def _paths(nb: NotebookNode) -> Iterator[str]:
    for index, cell in enumerate(nb.cells, 1):
        if found := ABSOLUTE.search(cell.source):
            yield f"the cell in place {index} names an absolute path, {found.group()}"
    for number, output in _outputs(nb):
        data = output.get("data", {})
        texts = [
            output.get("text", ""),
            output.get("evalue", ""),
            data.get("text/plain", ""),
            data.get("text/html", ""),
        ]
        if found := ABSOLUTE.search("\n".join(texts)):
            yield f"the output of cell [{number}] names an absolute path, {found.group()}"


def _leftovers(nb: NotebookNode) -> Iterator[str]:
    if "widgets" in nb.metadata:
        yield "the state of widgets is stored"
    for number, cell in code_cells(nb):
        if "execution" in cell.metadata:
            yield f"cell [{number}] stores when it was run"
        if any(WIDGET in output.get("data", {}) for output in cell.outputs):
            yield f"cell [{number}] stores a widget's number, which means nothing without its kernel"
    name = nb.metadata.get("kernelspec", {}).get("name")
    if name != "python3":
        yield f"the kernel is {name!r}; it must be 'python3', which every environment has"


def _size(nb: NotebookNode) -> Iterator[str]:
    size = len(nbformat.writes(nb).encode()) / 1e6
    if size > MEGABYTES:
        yield f"the file has {size:.2f} MB; at most {MEGABYTES}"


def _markers(nb: NotebookNode) -> Iterator[str]:
    cells, ignored = code_cells(nb), 0
    for number, cell in cells:
        marked = [line for line in cell.source.splitlines() if MARKER.search(line)]
        if any(not MARKER_ALONE.fullmatch(line) for line in marked):
            yield f"cell [{number}] has an NBVAL marker that does not stand alone on its line, so it counts for nothing"
        words = " ".join([*marked, *cell.metadata.get("tags", [])]).lower().replace("-", "_")
        ignored += any(f"nbval_{word}" in words for word in IGNORED)
    if ignored > IGNORED_SHARE * len(cells):
        yield f"{ignored} of {len(cells)} cells are not compared by nbval; at most {IGNORED_SHARE:.0%}"


CHECKS = (
    _header, _run_in_order, _errors, _length, _prose, _alternative_text, _paths, _leftovers, _size, _markers,
)  # fmt: skip
