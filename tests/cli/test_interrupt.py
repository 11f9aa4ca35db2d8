"""Ctrl-C: what is kept, what is said, and how to go on."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .calls import KDTUTOR, MLP, call, heed_ctrl_c

pytestmark = pytest.mark.usefixtures("somewhere_else")


@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as POSIX does")
def test_ctrl_c_tells_how_to_go_on_and_the_same_command_does():
    command = ["distil", *MLP, "--epochs", "150"]
    process = subprocess.Popen(
        [*KDTUTOR, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    )
    folder = Path("runs/alone-minute-moons-mlp-150epochs-seed0")
    for _ in range(600):
        if (folder / "checkpoint.pt").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and not out and "Traceback" not in err
    assert err.strip() == (
        f"kdtutor: interrupted; the run is kept in {folder} to its last whole epoch: "
        "continue with `kdtutor distil alone --data moons --student mlp --epochs 150`"
    )
    result = call("distil", *MLP, "--epochs", "150", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["phases"] == [{"name": "alone", "epochs": 150}]


def test_ctrl_c_before_the_first_epoch_keeps_nothing(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("kdtutor.cli.distil.fit", interrupted)
    monkeypatch.setattr("kdtutor.cli.groups.together", interrupted)
    kept = {
        "distil": "no epoch was whole yet, so nothing is kept",
        "compare": "finished runs and whole epochs are kept",
    }
    for command in (["distil", *MLP], ["compare", "hinton", "--no-progress", "--workers", "1"]):
        result = call(*command)
        assert result.exit_code == 130 and result.stderr.startswith(f"\nkdtutor: interrupted; {kept[command[0]]}")
