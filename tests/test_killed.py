"""A run of the tests that is killed leaves nothing behind: no worker, no server, no kernel, no browser."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from .children import alive

ROOT = Path(__file__).parents[1]

WAITING = """
import json, time, urllib.request
from pathlib import Path
from tests.browser.lab import TOKEN
from tests.browser.session import visiting

def test_waits(request, needs_chromium):
    visiting(request.config, needs_chromium)(wait)

def wait(page, address):
    body = urllib.request.Request(f"{address}/api/kernels?token={TOKEN}", data=b"{}", method="POST")
    urllib.request.urlopen(body, timeout=60).read()
    page.goto("about:blank")
    Path(__file__).with_name("ready").touch()
    time.sleep(300)
"""


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_nothing_outlives_a_run_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "test_waits.py").write_text(WAITING)
    pytest_command = f"-m pytest -p tests.conftest -p no:cacheprovider -n 1 {tmp_path / 'test_waits.py'}"
    shell = f"KDTUTOR_TESTS_END_WITH=$$ {sys.executable} {pytest_command}; true"
    log = (tmp_path / "log").open("w")
    starter = subprocess.Popen(["sh", "-c", shell], cwd=ROOT, stdout=log, stderr=log)
    try:
        eventually(lambda: (tmp_path / "ready").exists() or starter.poll() is not None, "the waiting test begins")
        started = psutil.Process(starter.pid).children(recursive=True)
        names = " ".join(word for process in started for word in process.cmdline())
        assert all(word in names for word in ("pytest", "jupyterlab", "ipykernel", "--headless")), names
    finally:
        os.kill(starter.pid, signal.SIGKILL)
        starter.wait(10)
    eventually(lambda: not any(alive(process.pid) for process in started), f"{started} end")


STARTER = """
import sys, time
from tests.children import guarded
with guarded([sys.executable, "-c", "import os, sys, time; print(os.getpid(), flush=True); time.sleep(300)"]):
    time.sleep(300)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_guarded_command_ends_when_the_group_of_its_starter_does(number: int) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert starter.stdout is not None
    command = int(starter.stdout.readline())
    os.killpg(starter.pid, number)
    starter.wait(10)
    eventually(lambda: not alive(command), "the command ends", seconds=30)


def eventually(condition, what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain until {what}"
        time.sleep(0.2)
