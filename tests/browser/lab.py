"""A real JupyterLab on a copy of the notebooks, and what a reader does in it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SCREENSHOTS = Path(os.environ.get("KDTUTOR_SCREENSHOTS", Path(__file__).parents[2] / "runs" / "screenshots"))
TOKEN = "kdtutor-tests"
CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
]  # fmt: skip


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """JupyterLab over a copy of the notebooks in `folder`, with settings of its own; yields its address."""
    shutil.copytree(NOTEBOOKS, folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
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
    with open(folder / "lab.log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{address}/api/status?token={TOKEN}", process, folder / "lab.log")
            yield address
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # its own session: the kernels end with it
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def open_notebook(page: Page, address: str, name: str) -> None:
    """Open a notebook and wait until its kernel is there; the indicator says idle before one is connected."""
    page.goto(f"{address}/lab/tree/{name}?token={TOKEN}&reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=60_000,
    )


def run_all(page: Page, seconds: int = 240) -> None:
    """Run All Cells, and wait until every cell has its number."""
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_function(
        r"""() => {
            const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
            return prompts.length > 0 && prompts.every(e => /^\[\d+\]:$/.test(e.textContent.trim()));
        }""",
        timeout=1000 * seconds,
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
    """Keep screenshots of the whole notebook, one for each view, below SCREENSHOTS."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    scroller = page.locator(".jp-WindowedPanel-outer").first
    height = scroller.evaluate("e => e.scrollHeight")
    view = scroller.evaluate("e => e.clientHeight")
    for number, top in enumerate(range(0, height, view)):
        scroller.evaluate(f"e => {{ e.scrollTop = {top}; }}")
        page.wait_for_timeout(150)
        page.screenshot(path=SCREENSHOTS / f"{name}-{number:02d}.png")


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
