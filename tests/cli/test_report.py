"""What a finished run leaves behind, and what its table and its summary say."""

import json
from pathlib import Path

import pandas as pd
import pytest
from safetensors.torch import load_file

import kdtutor as kd
from kdtutor.cli.distil import distil
from kdtutor.cli.report import Report
from kdtutor.cli.tables import plain_table
from kdtutor.jobs.job import Job
from kdtutor.train import History, evaluate

from .conftest import FILES

pytestmark = pytest.mark.usefixtures("few")


def test_a_run_leaves_a_report(report, few):
    folder = Path("runs/fsp-minute-3epochs-seed0")
    assert {path.name for path in folder.iterdir()} == FILES
    config = json.loads((folder / "config.json").read_text())
    assert config["command"] == "kdtutor distil fsp --epochs 3" and config["seed"] == 0
    assert config["phases"] == [["match the flow", 1], ["learn the task", 2]]
    assert History.load(folder / "history.json").rows == report.history.rows
    assert len(pd.read_csv(folder / "history.csv")) == len(report.history.rows)
    text = (folder / "report.md").read_text()
    assert report.table() in text and "![Curves over the epochs" in text and "digits-resnet14 (98.90 %)" in text
    student = kd.nets.build(**config["student"])
    student.load_state_dict(load_file(folder / "last.safetensors"))
    assert evaluate(student, few.test, few).accuracy == report.test_accuracy


@pytest.mark.parametrize("strategy", ["adaptive", "never"])
def test_a_run_with_spots_leaves_a_report(strategy):
    report = distil(Job("attention", epochs=2, spots=strategy), progress=False)
    folder = Path(f"runs/attention-{strategy}_spots-minute-2epochs-seed0")
    assert {path.name for path in folder.iterdir()} == FILES and report.summary()["spots"] == strategy
    text = (folder / "report.md").read_text()
    assert text.startswith(f"# attention (AT), {strategy} spots, preset minute, seed 0\n")
    assert f"kdtutor distil attention --epochs 2 --spots {strategy}\n" in text
    routed = strategy == "adaptive"
    assert ("routing" in report.history.terms) == routed and ("rate_logits" in report.history.terms) == routed
    assert ("kd" in report.history.terms) == (strategy != "never")


def test_the_table_has_the_terms_of_each_phase_and_test_accuracy_last(report):
    lines = report.table().splitlines()
    assert lines[0].split() == ["phase", "epoch", "fsp", "task", "loss", "train", "accuracy", "validation", "accuracy"]
    assert lines[1].startswith("match the flow") and any(line.startswith("learn the task") for line in lines[2:])
    flow = lines[1].removeprefix("match the flow").split()
    assert "-" in flow and f"{report.history.curve('fsp')[1][0]:.4f}" in flow
    assert ", last" in report.table() and "best" in report.table()
    assert lines[-1].startswith(
        f"test accuracy {100 * report.test_accuracy:.2f} %: weights of the last epoch, 50 images"
    )


def test_the_summary_is_for_machines(report):
    summary = json.loads(json.dumps(report.summary()))
    assert summary["test_accuracy"] == report.test_accuracy and summary["teacher"]["name"] == "digits-resnet14"
    assert summary["best"] == {"epoch": report.best_epoch, "val_accuracy": report.history.best("val_accuracy")}
    assert (summary["method"], summary["acronym"], summary["data_free"]) == ("fsp", "FSP", None)
    assert summary["student"] == {"name": "resnet8x0.25", "parameters": 5142}


def rows(*accuracies: float, term: str) -> History:
    history = History({"phases": [["alone", len(accuracies)]]})
    for epoch, value in enumerate(accuracies, 1):
        history.add("alone", epoch, loss=1.0, **{term: value})
    return history


def test_the_best_epoch_is_named_beside_the_last():
    history = rows(0.5, 0.9, 0.9, 0.7, term="val_accuracy")
    history.add("alone", 4, test_accuracy=0.6)
    table = Report(Job("alone"), history, None, 10, 1000, 1.0).table()
    assert [line.split()[1:3] for line in table.splitlines()[1:3]] == [["2,", "best"], ["4,", "last"]]
    assert "test accuracy 60.00 %: weights of the last epoch" in table


def test_without_a_validation_split_the_best_epoch_is_not_a_result():
    report = Report(Job("alone"), rows(0.5, 0.9, 0.7, term="test_accuracy"), None, 10, 10_000, 1.0)
    assert report.test_accuracy == 0.7 and report.best_epoch == 2
    assert "so do not report it" in report.table()


def test_columns_are_aligned():
    assert plain_table(["a", "b"], [["x", "1"], ["long", "22"]]) == "a      b\nx      1\nlong  22"
