"""The runner of the studies: pairing, storing, continuing."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import kdtutor as kd
from kdtutor import BusyError, ConfigError, DataError
from kdtutor.course.studies import Study, conduct, paired, stored_results
from kdtutor.files import held, sealed


def toss(case: dict[str, float], seed: int) -> dict[str, float]:
    """A run that takes no time: what a seed shares, plus what the case adds."""
    return {"accuracy": 0.5 + 0.01 * seed + case["gain"]}


def epochs(case: dict[str, float], seed: int) -> list[dict[str, float]]:
    return [{"epoch": epoch, "accuracy": 0.1 * epoch} for epoch in (1, 2)]


def never(case: dict[str, float], seed: int) -> dict[str, float]:
    raise AssertionError("a run that is done must not run again")


CASES = ({"method": "alone", "gain": 0.0}, {"method": "taught", "gain": 0.02})


def quiet(_: str) -> None: ...


@pytest.mark.slow
def test_rows_are_stored_in_order_with_their_origin(tmp_path: Path) -> None:
    path = conduct(Study("coin", "Does it help?", CASES, epochs, seeds=(0, 1)), tmp_path, say=quiet)
    frame = stored_results("coin", tmp_path)
    runs = [["alone", 0], ["alone", 1], ["taught", 0], ["taught", 1]]
    assert frame[["method", "seed"]].to_numpy().tolist() == [run for run in runs for _ in (1, 2)]
    assert frame["epoch"].tolist() == 4 * [1, 2], "a run may give several rows"
    assert frame.attrs["question"] == "Does it help?" and frame.attrs["command"] == "kdtutor results coin"
    assert frame.attrs["environment"]["threads"] == 1
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_study_goes_on_where_it_was(tmp_path: Path) -> None:
    notes = tmp_path / "coin.partial.jsonl"
    done = [
        {"case": case, "seed": seed, "rows": [toss(case, seed)], "seconds": 0.1} for case in CASES for seed in (0, 1)
    ]
    notes.write_text("\n".join(map(json.dumps, done)) + '\n{"case": {"meth')  # the last line was cut by a kill
    conduct(Study("coin", "?", CASES, never, seeds=(0, 1)), tmp_path, say=quiet)
    assert len(stored_results("coin", tmp_path)) == 4 and not notes.exists()


@pytest.mark.slow
def test_damaged_notes_do_not_count(tmp_path: Path) -> None:
    study = Study("coin", "?", CASES, toss, seeds=(0, 1))
    notes = tmp_path / "coin.partial.jsonl"
    done = [
        sealed({"case": case, "seed": seed, "rows": [toss(case, seed)], "seconds": 0.0})
        for case in CASES
        for seed in (0, 1)
    ]
    lines = [json.dumps(note) for note in done]
    lines[1], lines[2] = lines[1].replace("0.51", "0.91"), '{"case": 3}'
    notes.write_text("\n".join(lines))
    said: list[str] = []
    conduct(study, tmp_path, workers=1, say=said.append)
    assert "2 lines of coin.partial.jsonl are damaged" in said[0] and "2 runs to do, 2 done" in said[1]
    right = [{**case, "seed": seed, **toss(case, seed)} for case in CASES for seed in (0, 1)]
    assert stored_results("coin", tmp_path).to_dict("records") == right


def test_a_study_is_conducted_by_one_process(tmp_path: Path) -> None:
    with held(tmp_path, ".coin.lock"), pytest.raises(BusyError, match="in use by another run"):
        conduct(Study("coin", "?", CASES, never), tmp_path, say=quiet)


SLOW = """
import os, pathlib, sys, time
from kdtutor.course.studies import Study, conduct

def run(case, seed):
    (pathlib.Path(sys.argv[1]) / "worker").write_text(str(os.getpid()))
    time.sleep(120)

if __name__ == "__main__":
    conduct(Study("slow", "", ({},), run, (0,)), pathlib.Path(sys.argv[1]), workers=1)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_workers_end_with_a_study_that_is_killed(tmp_path: Path) -> None:
    script, told = tmp_path / "slow.py", tmp_path / "worker"
    script.write_text(SLOW)
    parent = subprocess.Popen([sys.executable, script, tmp_path], stdout=subprocess.DEVNULL)
    eventually(told.exists)
    worker = int(told.read_text())
    parent.kill()
    parent.wait(30)
    eventually(lambda: not alive(worker))


def eventually(condition) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")


def alive(process: int) -> bool:
    try:
        os.kill(process, signal.SIG_DFL)  # sends nothing
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"  # ended, not yet collected


def test_differences_are_paired_over_seeds() -> None:
    rows = [{"method": c["method"], "seed": s, **toss(c, s)} for c in CASES for s in range(5)]
    rows[-1]["accuracy"] += 0.05
    (line,) = paired(pd.DataFrame(rows), "method", "alone", "accuracy").to_dict("records")
    differences = [0.02] * 4 + [0.07]
    assert line["mean"] == pytest.approx(0.03) and (line["n"], line["wins"]) == (5, 5)
    variance = sum((d - 0.03) ** 2 for d in differences) / 4
    assert line["se"] == pytest.approx(math.sqrt(variance / 5))
    assert line["level"] == pytest.approx(0.55)


def test_groups_are_compared_within_themselves() -> None:
    rows = [
        {"labels": n, "method": c["method"], "seed": s, "accuracy": n / 100 + toss(c, s)["accuracy"]}
        for n in (2, 20) for c in CASES for s in (0, 1)
    ]  # fmt: skip
    lines = paired(pd.DataFrame(rows), "method", "alone", "accuracy", by=["labels"])
    assert lines["labels"].tolist() == [2, 20] and lines["mean"].tolist() == pytest.approx([0.02, 0.02])


def test_a_missing_partner_is_refused() -> None:
    rows = [{"method": c["method"], "seed": s, **toss(c, s)} for c in CASES for s in (0, 1)][:-1]
    with pytest.raises(ConfigError, match="not run with the same seeds"):
        paired(pd.DataFrame(rows), "method", "alone", "accuracy")
    with pytest.raises(ConfigError, match="'lonely' is not a value of 'method'"):
        paired(pd.DataFrame(rows), "method", "lonely", "accuracy")


def test_absent_and_damaged_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="kdtutor results nothing"):
        stored_results("nothing", tmp_path)
    (tmp_path / "odd.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        stored_results("odd", tmp_path)


def test_results_go_where_the_reader_keeps_data_and_are_read_there_first(tmp_path, monkeypatch):
    study = Study("my_study", "?", ({"x": 1},), lambda case, seed: {"y": case["x"] + seed}, seeds=(0, 1))
    shipped = study.path()
    assert shipped == kd.data.root() / "results" / "my_study.json"
    monkeypatch.setenv("KDTUTOR_DATA", str(tmp_path))
    assert study.path() == tmp_path / "results" / "my_study.json"
    assert len(stored_results("hinton_labels")) > 0, "what ships is still found"
    own = stored_results("hinton_labels").attrs | {"rows": [{"x": 1}]}
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "hinton_labels.json").write_text(
        json.dumps({k: v for k, v in own.items() if k != "digest"})
    )
    assert len(stored_results("hinton_labels")) == 1
