"""`kdtutor lab`: an address that answers, Ctrl-C that ends it, a token that nobody else sees."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from kdtutor.cli import lab as lab_command
from kdtutor.course.map import FOLDER
from kdtutor.errors import ConfigError

from .calls import KDTUTOR, heed_ctrl_c

pytestmark = pytest.mark.usefixtures("somewhere_else")


@pytest.fixture
def lab(tmp_path):
    """`kdtutor lab` without a browser, in a process group of its own."""
    if not FOLDER.is_dir():
        pytest.fail("no notebooks here")
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")}
    env |= {"JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    process = subprocess.Popen(
        [*KDTUTOR, "lab"], env=env, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def address_of(lab) -> str:
    """The address that is said, below what Jupyter's extensions have to say where Voilà is installed."""
    return next(line for line in lab.stdout if "http" in line).split()[-1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as POSIX does")
def test_lab_prints_an_address_that_answers_and_ends_with_ctrl_c(lab, tmp_path):
    address = address_of(lab)
    assert "/lab/tree/notebooks/00_start.ipynb?token=" in address
    assert "Open this address" in lab.stdout.readline()
    with urllib.request.urlopen(address, timeout=30) as page:
        text = page.read().decode()
    assert "<title>JupyterLab" in text
    assert '"disabledExtensions": ["@jupyterlab/apputils-extension:announcements"]' in text
    os.killpg(lab.pid, signal.SIGINT)
    assert lab.wait(30) == 0 and not lab.stdout.read()
    assert not list((tmp_path / "runtime").iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads the process list of Linux")
def test_other_users_do_not_see_the_token_of_lab(lab, tmp_path):
    address = address_of(lab)
    url, token = address.partition("/lab/")[0], address.partition("?token=")[2]
    request = urllib.request.Request(f"{url}/api/kernels?token={token}", b"{}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201  # a kernel, to look at a child of the server as well
    commands = [line for _, line in processes_of(lab.pid)]
    assert any("jupyterlab" in line for line in commands) and any("ipykernel" in line for line in commands)
    assert len(token) >= 32 and not [line for line in commands if token in line]
    told = [path for path in tmp_path.rglob("*") if path.is_file() and token in path.read_text(errors="ignore")]
    assert told and all(any(not part.stat().st_mode & 0o077 for part in within(path, tmp_path)) for path in told)


def processes_of(session: int) -> list[tuple[int, str]]:
    """Numbers and command lines, as every user can read them, of the processes of a session and of their children."""
    found, inside = [], {session}
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            line = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it has ended meanwhile
            continue
        if int(folder.name) in inside or parent in inside:
            inside.add(int(folder.name))
            found.append((int(folder.name), line))
    return found


def within(path: Path, top: Path) -> list[Path]:
    """A file and the folders around it up to `top`, which itself does not count."""
    return [path, *(folder for folder in path.parents if folder.is_relative_to(top) and folder != top)]


def test_the_panel_without_voila_says_what_to_install(monkeypatch):
    monkeypatch.setattr(lab_command, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="`pip install voila`"):
        lab_command.serve([], print, panel=True)


@pytest.mark.extra("voila")
def test_the_panel_is_a_page_of_voila(monkeypatch):
    asked = {}
    monkeypatch.setattr(lab_command, "_serve", lambda page, *rest: asked.update(page=page) or 0)
    assert lab_command.serve([], print, panel=True) == 0
    assert asked["page"] == "voila/render/notebooks/lab.ipynb" and (FOLDER / "lab.ipynb").is_file()
