"""Opens the course in JupyterLab."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

from .map import LESSONS, notebooks_folder

SETTINGS = Path(__file__).with_name("jupyter")  # labconfig/page_config.json: no pop-up asks about Jupyter's news
POLL = 0.1  # seconds


def serve(arguments: Sequence[str], say: Callable[[str], None]) -> int:
    """Run JupyterLab on the first lesson until Ctrl-C; return its exit code. `arguments` are added to its own.

    The address is said once the server is up: Jupyter takes the next port if its first is in use.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    folder, browser = notebooks_folder(), has_browser()
    lesson = f"lab/tree/{folder.name}/{LESSONS[0].file}"
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.parent}", f"--LabApp.default_url=/{lesson}",
        f"--ServerApp.open_browser={browser}", "--ServerApp.answer_yes=True", "--Application.log_level=ERROR",
        f"--IdentityProvider.token={secrets.token_hex(16)}",  # with a token of its own Jupyter prints a banner
        *(["--allow-root"] if is_root() else []), *arguments,
    ]  # fmt: skip
    places = filter(None, (os.environ.get("JUPYTER_CONFIG_PATH"), str(SETTINGS)))
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))  # kdtutor in its terminals
    environment = {**os.environ, "PATH": path, "JUPYTER_CONFIG_PATH": os.pathsep.join(places)}
    server = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())  # who ends kdtutor ends the server with it
    try:
        if address := _address(Path(jupyter_runtime_dir(), f"jpserver-{server.pid}.json"), server, lesson):
            say(f"The course is at  {address}")
            say("It opens in your browser; Ctrl-C ends it." if browser else "Open this address; Ctrl-C ends it.")
        return server.wait()
    except KeyboardInterrupt:  # the server got it too, and ends its kernels
        server.wait()
        return 0


def _address(note: Path, server: "subprocess.Popen[bytes]", lesson: str) -> str:
    """The address of the first lesson, from the note that a running server leaves; empty if it ended instead."""
    while server.poll() is None:
        try:
            found = json.loads(note.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # not there yet, or being written
            time.sleep(POLL)
            continue
        return f"{found['url']}{lesson}" + (f"?token={found['token']}" if found["token"] else "")
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
