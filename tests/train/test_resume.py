"""A run that is stopped, killed or damaged: what is on disk, and what a second call makes of it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest
import torch

import kdtutor as kd
from kdtutor.train import History, Recipe, steps
from kdtutor.train.checkpoint import CHECKPOINT

from .common import RECIPE, make, same_weights


@pytest.mark.parametrize("method", ["hinton", "fsp"])
@pytest.mark.parametrize("stop_at", [1, 4, 6, 8, 11])
def test_a_stopped_run_continues_to_the_same_numbers(digits, tmp_path, method, stop_at):
    whole = make(method)
    expected = kd.fit(whole, digits, 3, recipe=RECIPE, progress=False, device="cpu")
    running = steps(make(method), digits, 3, recipe=RECIPE, device="cpu", out=tmp_path)
    for _ in range(stop_at):
        next(running)
    running.close()
    torch.manual_seed(1234)  # whatever happened in between
    resumed = make(method)
    history = kd.fit(resumed, digits, 3, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    assert history.rows == expected.rows and same_weights(resumed.student, whole.student)


RUN = """
    import sys, torch
    torch.set_num_threads(1)
    import kdtutor as kd
    from tests.train.common import RECIPE, make
    whole = kd.data.load("digits")
    few = kd.Data("few", whole.train[::35], whole.val[::10], whole.test[::20], whole.classes, whole.mean, whole.std)
    for at in kd.train.steps(make("fsp"), few, 3, recipe=RECIPE, device="cpu", out=sys.argv[1]):
        print(at.step, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", [2, 5, 9])
def test_a_killed_run_continues_to_the_same_numbers(digits, tmp_path, kill_at):
    """kill -9 in the middle of a step: the last whole epoch on disk is continued."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        expected = kd.fit(make("fsp"), digits, 3, recipe=RECIPE, progress=False, device="cpu")
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(RUN), str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == kill_at:
                os.kill(process.pid, signal.SIGKILL)
                break
        assert process.wait(60) == -signal.SIGKILL
        history = kd.fit(make("fsp"), digits, 3, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    finally:
        torch.set_num_threads(threads)
    assert history.rows == expected.rows


def test_a_finished_run_is_not_trained_again(digits, tmp_path):
    first = kd.fit(make(), digits, 2, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    before = time.perf_counter()
    distiller = make()
    again = kd.fit(distiller, digits, 2, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    assert again.rows == first.rows and time.perf_counter() - before < 2
    assert {path.name for path in tmp_path.iterdir()} == {
        CHECKPOINT, "best.safetensors", "last.safetensors", "history.json", "history.csv",
    }  # fmt: skip
    assert History.load(tmp_path / "history.json").rows == first.rows


def test_a_table_grows_from_epoch_to_epoch(digits, tmp_path):
    seen = []

    def look(at):
        seen.append((tmp_path / "history.csv").read_text())
        assert seen[-1] == at.history.csv() == at.history.frame().to_csv(index=False)

    history = kd.fit(make(), digits, 2, recipe=RECIPE, progress=False, device="cpu", out=tmp_path, on_epoch=look)
    assert len(seen) == 2 and seen[1].startswith(seen[0])
    assert (tmp_path / "history.csv").read_text() == history.csv()  # with the last number of the test split


def test_another_run_in_the_same_folder_is_refused(digits, tmp_path):
    kd.fit(make(), digits, 1, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    with pytest.raises(kd.ConfigError, match="holds another run: its seed is 0, this run's is 1"):
        kd.fit(make(), digits, 1, recipe=RECIPE, seed=1, progress=False, device="cpu", out=tmp_path)


def test_of_another_recipe_the_number_that_differs_is_told(digits, tmp_path):
    kd.fit(make(), digits, 1, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    slower = replace(RECIPE, lr=RECIPE.lr / 10)
    told = (
        f"holds another run: its recipe is {{'lr': {RECIPE.lr}}}, this run's is {{'lr': {slower.lr}}}; choose another"
    )
    with pytest.raises(kd.ConfigError, match=told):
        kd.fit(make(), digits, 1, recipe=slower, progress=False, device="cpu", out=tmp_path)


def test_a_run_that_diverged_before_it_kept_a_step_makes_room_for_the_next_try(digits, tmp_path):
    with pytest.raises(kd.DivergedError, match="lower the learning rate"):
        kd.fit(make(), digits, 1, recipe=replace(RECIPE, lr=1e9), progress=False, device="cpu", out=tmp_path)
    tried = kd.fit(make(), digits, 1, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    fresh = kd.fit(make(), digits, 1, recipe=RECIPE, progress=False, device="cpu")
    assert tried.rows == fresh.rows
    with pytest.raises(kd.ConfigError, match="holds another run"):
        kd.fit(make(), digits, 1, recipe=replace(RECIPE, lr=1e9), progress=False, device="cpu", out=tmp_path)


def test_a_damaged_checkpoint_is_named_and_kept(digits, tmp_path):
    kd.fit(make(), digits, 1, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(kd.DataError, match="is damaged"):
        kd.fit(make(), digits, 1, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    assert path.stat().st_size == 1000


def test_the_teacher_is_not_in_the_checkpoint(digits, tmp_path):
    kd.fit(make(), digits, 1, recipe=RECIPE, progress=False, device="cpu", out=tmp_path)
    stored = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert not any(name.startswith("teacher.") for name in stored["distiller"])


def test_history_files_that_are_not_ours_are_named(tmp_path):
    with pytest.raises(kd.DataError, match="does not exist"):
        History.load(tmp_path / "none.json")
    (tmp_path / "odd.json").write_text(json.dumps({"rows": 3}))
    with pytest.raises(kd.DataError, match="not a history"):
        History.load(tmp_path / "odd.json")


def test_history_as_a_table(digits):
    history = kd.fit(make(), digits, 2, recipe=RECIPE, progress=False, device="cpu")
    table = history.frame()
    assert list(table.columns) == ["phase", "epoch", "term", "value"] and len(table) == len(history.rows)
    with pytest.raises(kd.UnknownName, match="'los'"):
        history.last("los")


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"lr": 0.0}, "lr=0.0"),
        ({"lr": float("inf")}, "lr=inf"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"momentum": 1.0}, "momentum=1.0"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0"),
        ({"optimiser": "sgdd"}, "'sgdd' is not a known optimiser. Did you mean 'sgd'"),
        ({"schedule": "linear"}, "'linear' is not a known schedule"),
        ({"schedule": "steps"}, r"milestones=\(\): expected shares of a phase"),
        ({"schedule": "steps", "milestones": (150, 180)}, r"milestones=\(150, 180\): expected shares"),
        ({"steps_per_epoch": 0}, "steps_per_epoch=0"),
    ],
)
def test_a_bad_recipe_is_refused_when_it_is_written(option, sentence):
    with pytest.raises(kd.Error, match=sentence):
        Recipe(**option)
