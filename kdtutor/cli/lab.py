"""Opens the course in JupyterLab, or the lab as a page without code."""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from ..course.map import LAB, LESSONS, notebooks_folder
from ..errors import require

SETTINGS = Path(__file__).with_name("jupyter")  # labconfig/page_config.json: no pop-up asks about Jupyter's news
POLL = 0.1  # seconds
NO_VOILA = (
    "the lab as a page without code is shown by Voilà, which is not installed: `pip install voila`; or open "
    f"notebooks/{LAB} with `kdtutor lab`, where nothing but its one cell is code"
)


def serve(arguments: Sequence[str], say: Callable[[str], None], panel: bool = False) -> int:
    """Run JupyterLab on the first lesson until Ctrl-C; return its exit code. `arguments` are added to its own. With
    `panel` the page is the lab without its code, as Voilà shows it; raises `ConfigError` where that is not installed.

    The address is said once the server is up: Jupyter takes the next port if its first is in use. Its token is for this
    user alone: everyone may read a command line, so it goes through the environment, and the page by which Jupyter
    opens a browser is readable for all, so it lies in a folder that is not.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    require(not panel or find_spec("voila") is not None, NO_VOILA)
    page = f"voila/render/{notebooks_folder().name}/{LAB}" if panel else _lesson()
    shared = Path(jupyter_runtime_dir())
    shared.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kdtutor-", dir=shared, ignore_cleanup_errors=True) as private:
        return _serve(page, arguments, Path(private), say)


def _lesson() -> str:
    return f"lab/tree/{notebooks_folder().name}/{LESSONS[0].file}"


def _serve(page: str, arguments: Sequence[str], private: Path, say: Callable[[str], None]) -> int:
    folder, browser = notebooks_folder(), has_browser()
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.parent}", f"--LabApp.default_url=/{page}",
        f"--ServerApp.open_browser={browser}", "--ServerApp.answer_yes=True", "--Application.log_level=ERROR",
        *(["--allow-root"] if is_root() else []), *arguments,
    ]  # fmt: skip
    places = filter(None, (os.environ.get("JUPYTER_CONFIG_PATH"), str(SETTINGS)))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))  # kdtutor in its terminals
    environment = {
        "JUPYTER_TOKEN": secrets.token_hex(16),  # with a token of its own Jupyter prints a banner
        **os.environ,  # a user may have chosen a token
        "JUPYTER_CONFIG_PATH": os.pathsep.join(places),
        "JUPYTER_RUNTIME_DIR": str(private),
        "PATH": path,
    }
    server = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())  # who ends kdtutor ends the server with it
    try:
        if address := _address(private / f"jpserver-{server.pid}.json", server, page):
            say(f"The {'lab' if page.startswith('voila') else 'course'} is at  {address}")
            say("It opens in your browser; Ctrl-C ends it." if browser else "Open this address; Ctrl-C ends it.")
        return server.wait()
    except KeyboardInterrupt:  # the server got it too, and ends its kernels
        server.wait()
        return 0


def _address(note: Path, server: "subprocess.Popen[bytes]", page: str) -> str:
    """The address of the page, from the note that a running server leaves; empty if it ended instead."""
    while server.poll() is None:
        try:
            found = json.loads(note.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # not there yet, or being written
            time.sleep(POLL)
            continue
        return f"{found['url']}{page}" + (f"?token={found['token']}" if found["token"] else "")
    return ""


def has_browser() -> bool:
    """Whether a browser with a window can be opened here; one in the terminal is of no use."""
    if sys.platform.startswith("linux") and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))):
        return False
    try:
        return bool(webbrowser.get())
    except webbrowser.Error:
        return False


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
