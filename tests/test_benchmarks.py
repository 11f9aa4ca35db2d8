"""The reference form of a training computes what ours does; what is measured on a GPU is rehearsed without one."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import kdtutor as kd
from benchmarks import folder, zoo
from kdtutor.data import Batch

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("method", zoo.OBJECTIVES)
def test_a_step_of_the_zoos_loop_is_a_step_of_ours(method):
    torch.manual_seed(0)
    student, teacher = (kd.nets.build(name, classes=10) for name in ("resnet8", "resnet14"))
    batch = Batch(torch.randn(6, 3, 32, 32), torch.arange(6), torch.arange(6))
    recipe = replace(kd.settings.zoo.RECIPE, lr=0.1)
    theirs = zoo.training(method, student, teacher, recipe, torch.device("cpu"))
    theirs.student.train()
    theirs.teacher.eval()
    losses, top1, top5 = zoo.Meter(), zoo.Meter(), zoo.Meter()
    loss = theirs.step(batch.images, batch.labels, losses, top1, top5)

    distiller = zoo.ours(method, student, teacher).train()
    (phase,) = distiller.phases(1)
    terms = distiller.step(batch, phase, {"student": recipe.optimise(student.parameters())})
    assert losses.average == loss == pytest.approx(terms["loss"].item(), rel=1e-5)
    assert top1.average == pytest.approx(100 * terms["train_accuracy"].item())
    for moved, expected in zip(theirs.student.state_dict().values(), student.state_dict().values(), strict=True):
        torch.testing.assert_close(moved, expected, rtol=1e-4, atol=1e-5)


def rehearse(file, *options):
    started = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.gpu", "--device", "cpu", "--out", str(file), *options]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return time.monotonic() - started, told, {row["item"]: row for row in rows}


@pytest.mark.slow
def test_a_rehearsal_for_a_gpu_ends_at_its_budget_and_goes_on_from_there(tmp_path):
    file = tmp_path / "rows.jsonl"
    took, told, rows = rehearse(file, "--budget", "0.5")
    assert told.returncode == 0 and took < 10 and not rows and "no time for   card, gpu tests" in told.stdout

    _, told, rows = rehearse(file, "--budget", "60", "--only", "students", "step: hinton")
    assert told.returncode == 0 and list(rows) == ["students", "step: hinton"]  # what fails does not hold up the next
    assert "there is no teacher yet" in rows["students"]["failed"] and rows["students"]["failed"] in told.stdout
    assert rows["step: hinton"]["floor_ms"] > 0 and rows["step: hinton"]["torch"] == torch.__version__

    with file.open("a") as rest:
        rest.write('{"item": "cut o')
    _, told, again = rehearse(file, "--budget", "60", "--only", "students", "step: hinton", "--strict")
    assert told.returncode == 1 and list(again) == ["step: hinton", "students"]  # the one that failed, tried again
    assert again["step: hinton"] == rows["step: hinton"]


def test_a_folder_for_the_benchmark_is_read_whole(tmp_path):
    photographs = folder.photographs(tmp_path / "photographs", 40)
    assert sum(map(len, folder.ours(photographs, memory=0))) == 28  # 70 % of 40
    assert folder.milliseconds_an_image(folder.ours(photographs, memory=10**6), count=8) > 0
