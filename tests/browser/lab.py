"""A real JupyterLab on a copy of the notebooks, and what a reader does in it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from playwright.sync_api import Locator, Page, expect

from kdtutor.cli.notebooks import METADATA

from ..children import guarded

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SCREENSHOTS = os.environ.get("KDTUTOR_SCREENSHOTS")  # a folder, for who wants to look at the lessons
TOKEN = "kdtutor-tests"
CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
]  # fmt: skip


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """JupyterLab over a copy of the notebooks in `folder`, with settings of its own; yields its address."""
    shutil.copytree(NOTEBOOKS, folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints", "runs"))
    settings = folder / "settings" / "labconfig"
    settings.mkdir(parents=True)
    _write(
        settings / "page_config.json", {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    )
    _write(
        settings / "default_setting_overrides.json",
        {
            "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # every cell is in the page
            "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
        },
    )
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(folder / "settings"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings" / "user"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "settings" / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    port = _free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True",
        f"--ServerApp.root_dir={folder / 'notebooks'}",
    ]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with (
        open(folder / "lab.log", "wb") as log,
        guarded(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        _wait_for(f"{address}/api/status?token={TOKEN}", process, folder / "lab.log")
        yield address


def end_kernels(address: str) -> None:
    """End every kernel of the server; a page that is closed leaves its own running."""
    for kernel in json.loads(_ask(address, "api/kernels")):
        _ask(address, f"api/kernels/{kernel['id']}", method="DELETE")


def put_notebook(address: str, name: str, *sources: str) -> None:
    """Store a notebook of code cells beside the lessons."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    content = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    body = {"type": "notebook", "format": "json", "content": content}
    _ask(address, f"api/contents/{name}", method="PUT", data=json.dumps(body).encode())


def _ask(address: str, path: str, method: str = "GET", data: bytes | None = None) -> bytes:
    request = urllib.request.Request(f"{address}/{path}?token={TOKEN}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def open_notebook(page: Page, address: str, name: str) -> None:
    """Open a notebook, wait until its kernel is there (the indicator says idle before one is connected), and unfold it.

    A page that `can_open_another` opens it as a reader would, from within JupyterLab; any other loads JupyterLab anew.
    """
    if can_open_another(page):
        page.evaluate("path => { window.jupyterapp.commands.execute('docmanager:open', {path}); }", name)
    else:
        page.goto(f"{address}/lab/tree/{name}?token={TOKEN}&reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=120_000)
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=120_000,
    )
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:expand-all-headings')")  # nothing is folded away


# What is open in the main area, but for the launcher, which JupyterLab shows where nothing is.
DOCUMENTS = "[...window.jupyterapp.shell.widgets('main')].filter(opened => 'context' in opened)"


def close_notebooks(page: Page) -> None:
    """Close whatever is open in the page, and ask nobody whether to save it."""
    page.evaluate(f"() => {DOCUMENTS}.forEach(opened => opened.dispose())")


def can_open_another(page: Page) -> bool:
    """Whether the page shows JupyterLab, with nothing open and no dialog that waits for an answer."""
    asked = f"!!window.jupyterapp && {DOCUMENTS}.length === 0 && document.querySelector('.jp-Dialog') === null"
    return bool(page.evaluate(f"() => {asked}"))


# `state()` tells where Run All stands: how many cells have their number, which is the first without, and what was
# raised. A kernel that died is started anew within moments and the numbers go: where it stood is noted at once.
BEGIN = r"""(lost) => {
    const panel = window.jupyterapp.shell.currentWidget;
    let died = null;
    window.state = () => {
        const cells = panel.content.widgets.filter(cell => cell.model.type === 'code');
        const prompts = cells.map(cell => cell.node.querySelector('.jp-InputPrompt').textContent.trim());
        const numbered = prompts.map(text => /^\[\d+\]:$/.test(text));
        const unfinished = numbered.indexOf(false);
        const waiting = prompts.some(text => text.includes('*'));
        const outputs = waiting ? [] : cells.flatMap(cell => cell.model.outputs.toJSON());
        const errors = outputs.filter(out => out.output_type === 'error');
        return died ?? {
            cells: cells.length,
            done: numbered.filter(Boolean).length,
            waiting: waiting,
            source: unfinished < 0 ? '' : cells[unfinished].model.sharedModel.source,
            number: unfinished + 1,
            error: errors.length ? `${errors[0].ename}: ${errors[0].evalue}` : '',
            kernel: '',
        };
    };
    panel.sessionContext.statusChanged.connect((_, status) => {
        if (lost.includes(status)) died ??= {...window.state(), kernel: status};
    });
    window.jupyterapp.commands.execute('notebook:run-all-cells');
}"""
LOST = ("dead", "restarting", "autorestarting", "terminating")


def run_all(page: Page, seconds: float = 180) -> None:
    """Run All Cells, and wait until every cell has its number.

    Raises `AssertionError` with the cell at fault if its kernel dies, if Run All stops at an error, or if no further
    cell ends for `seconds`.
    """
    page.evaluate(BEGIN, LOST)
    done, since, begun = 0, time.monotonic(), False
    while True:
        at = page.evaluate("() => window.state()")
        begun = begun or at["waiting"] or at["done"] > 0
        if at["done"] == at["cells"] > 0:
            return
        lines = [line for line in at["source"].splitlines() if line.strip() and not line.startswith("# NBVAL")]
        cell = f"cell [{at['number']}] `{lines[0] if lines else ''}`"
        assert not at["kernel"], f"{cell}: its kernel died (it is {at['kernel']!r})"
        assert at["waiting"] or not begun or not at["error"], f"Run All stopped before {cell}: {at['error']}"
        if at["done"] > done:
            done, since = at["done"], time.monotonic()
        assert time.monotonic() - since < seconds, f"{cell} has not ended after {seconds:g} s ({done} cells have)"
        page.wait_for_timeout(500)


def as_notebook(page: Page) -> NotebookNode:
    """The notebook as the page holds it, with the outputs that it shows."""
    return nbformat.reads(
        page.evaluate("() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.toJSON())"), 4
    )


def complaints(page: Page) -> list[str]:
    """The texts of error and stderr outputs."""
    kinds = ("application/vnd.jupyter.stderr", "application/vnd.jupyter.error")
    found = page.locator(", ".join(f"[data-mime-type='{kind}']" for kind in kinds))
    return found.all_inner_texts()


def widget(page: Page, name: str) -> Locator:
    """The widget of class kd-<name>, scrolled into view."""
    box = page.locator(f".kd-{name}").last
    box.scroll_into_view_if_needed()
    expect(box).to_be_visible()
    return box


def photograph(page: Page, name: str) -> None:
    """Keep screenshots of the whole notebook, one for each view, in KDTUTOR_SCREENSHOTS if that names a folder."""
    if not SCREENSHOTS:
        return
    folder = Path(SCREENSHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    scroller = page.locator(".jp-WindowedPanel-outer").first
    height = scroller.evaluate("e => e.scrollHeight")
    view = scroller.evaluate("e => e.clientHeight")
    for number, top in enumerate(range(0, height, view)):
        scroller.evaluate(f"e => {{ e.scrollTop = {top}; }}")
        page.wait_for_timeout(150)
        page.screenshot(path=folder / f"{name}-{number:02d}.png")


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"JupyterLab ended early:\n{log.read_text(errors='replace')[-2000:]}")
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise TimeoutError(f"JupyterLab did not answer within {seconds:.0f} s")
