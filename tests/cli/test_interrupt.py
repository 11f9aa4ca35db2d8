"""Ctrl-C: what is kept, what is said, and how to go on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kdtutor.cli.answers import ended_as_by_ctrl_c

from .calls import KDTUTOR, MLP, call, heed_ctrl_c

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("somewhere_else")]


@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as POSIX does")
def test_ctrl_c_tells_how_to_go_on_and_the_same_command_does():
    command = ["distil", *MLP, "--epochs", "60"]
    process = subprocess.Popen(
        [*KDTUTOR, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    )
    folder = Path("runs/alone-minute-moons-mlp-60epochs-seed0")
    for _ in range(6000):
        if (folder / "checkpoint.pt").exists():
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and not out and "Traceback" not in err
    assert err.strip() == (
        f"kdtutor: interrupted; the run is kept in {folder} to its last whole epoch: "
        "continue with `kdtutor distil alone --data moons --student mlp --epochs 60`"
    )
    result = call("distil", *MLP, "--epochs", "60", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["phases"] == [{"name": "alone", "epochs": 60}]


def test_ctrl_c_before_the_first_epoch_keeps_nothing(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("kdtutor.cli.distil.fit", interrupted)
    monkeypatch.setattr("kdtutor.cli.group.together", interrupted)
    kept = {
        "distil": "no epoch was whole yet, so nothing is kept",
        "compare": "finished runs and whole epochs are kept",
    }
    for command in (["distil", *MLP], ["compare", "hinton", "--no-progress", "--workers", "1"]):
        result = call(*command)
        assert result.exit_code == 130 and result.stderr.startswith(f"\nkdtutor: interrupted; {kept[command[0]]}")


STUDY = """
import pathlib, sys, time
from kdtutor.cli.app import app
from kdtutor.course import studies
from kdtutor.course.studies import Study, runner

def run(case, seed):
    if seed:
        pathlib.Path("begun").touch()
        time.sleep(120)
    return {"seed squared": seed**2}

if __name__ == "__main__":
    study = Study("slow", "", ({},), run, (0, 1, 2))
    studies.studies = lambda: {"slow": study}
    runner.data.search_roots = lambda: (pathlib.Path(),)
    app(["results", "slow", "--workers", "1"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as POSIX does")
def test_ctrl_c_of_a_study_keeps_the_runs_that_are_done():
    Path("slow.py").write_text(STUDY)
    process = subprocess.Popen(
        [sys.executable, "slow.py"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_ctrl_c, start_new_session=True,
    )  # fmt: skip
    notes = Path("results/slow.partial.jsonl")
    for _ in range(600):
        if notes.exists() and Path("begun").exists():
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "slow: 3 runs to do, 0 done" in out
    assert err == "\nkdtutor: interrupted; finished runs are kept: continue with the same command\n"
    assert [json.loads(line)["rows"] for line in notes.read_text().splitlines()] == [[{"seed squared": 0}]]


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals as POSIX does")
def test_what_a_batch_system_sends_ends_a_command_as_ctrl_c_does():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), ended_as_by_ctrl_c():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
