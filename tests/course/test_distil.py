"""The headless main job: what it prepares, what it leaves behind, and how runs are compared."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import kdtutor as kd
from kdtutor.course.compare import Comparison, compare
from kdtutor.course.distil import Job, Report, distil, prepare
from kdtutor.course.tables import plain_table
from kdtutor.train import History, evaluate

FILES = {
    "checkpoint.pt", "config.json", "history.json", "history.csv", "curves.png", "last.safetensors", "best.safetensors",
    "report.md",
}  # fmt: skip


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> kd.Data:
    """A small part of the digits under their name; runs/ in a folder of its own."""
    whole = kd.data.load("digits")
    part = kd.Data("few", whole.train[::35], whole.val[::10], whole.test[::20], whole.classes, whole.mean, whole.std)
    known = kd.data.load
    monkeypatch.setattr("kdtutor.data.load", lambda name, root=None: part if name == "digits" else known(name, root))
    monkeypatch.chdir(tmp_path)
    return part


def test_the_folder_is_named_after_what_was_asked_for():
    assert str(Job("fsp").folder) == "runs/fsp-minute-seed0"
    job = Job("fsp", preset="paper", pair="wrn_40_2-wrn_16_2", teacher="a/b.safetensors", epochs=3, seed=2)
    assert str(job.folder) == "runs/fsp-paper-wrn_40_2-wrn_16_2-b-3epochs-seed2"
    assert str(Job("fsp", out="here").folder) == "here"


def test_the_command_asks_for_the_job_again():
    assert Job("fsp").command == "kdtutor distil fsp"
    assert Job("fsp", seed=1, out="a b").command == "kdtutor distil fsp --seed 1 --out 'a b'"


def test_every_method_starts_from_the_same_student():
    students = [prepare(Job(method, seed=3)).distiller.student for method in ("alone", "hinton", "fsp")]
    for student in students[1:]:
        assert all(torch.equal(a, b) for a, b in zip(students[0].parameters(), student.parameters(), strict=True))
    other = prepare(Job("alone", seed=4)).distiller.student
    assert not torch.equal(next(students[0].parameters()), next(other.parameters()))


def test_the_student_fits_the_data():
    setup = prepare(Job("alone", data="moons", student="mlp"))
    assert setup.distiller.student.config == {"name": "mlp", "classes": 2, "channels": 2, "stem_stride": 1}
    assert setup.recipe.augment is None
    setup = prepare(Job("hinton", student="lenet5"))
    assert setup.distiller.student.config["stem_stride"] == 1
    assert prepare(Job("hinton", student="resnet14")).distiller.student.config["stem_stride"] == 2


def test_the_paper_preset_counts_first_phases_on_top():
    paper = kd.preset("paper")
    assert (paper.epochs_for("hinton"), paper.epochs_for("fsp")) == (240, 270)
    assert paper.options_for("hinton") == {"T": 4.0, "alpha": 0.9}
    assert paper.options_for("boundaries") == {"margin": 1.0, "beta": 3 / 1000, "boundary_epochs": 30}
    assert paper.options_for("fsp", epochs=27) == {"pool": "max", "flow_epochs": 3}
    assert paper.options_for("fsp", epochs=2) == {"pool": "max", "flow_epochs": 1}


@pytest.mark.parametrize("name", kd.papers.METHODS)
def test_the_paper_preset_knows_every_method(name):
    paper = kd.preset("paper")
    assert set(paper.options) == set(kd.papers.METHODS)
    student, teacher = (kd.nets.build(net, classes=10, channels=1) for net in ("resnet8x0.25", "resnet8"))
    distiller = kd.papers.method(name)(student, teacher, **paper.options_for(name))
    phases = distiller.phases(paper.epochs_for(name))
    assert phases[-1].epochs == 240 and sum(phase.epochs for phase in phases) == paper.epochs_for(name)


@pytest.fixture
def report() -> Report:
    return distil(Job("fsp", epochs=3), progress=False)


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


def test_the_same_job_is_not_trained_twice_and_another_is_refused(report, monkeypatch):
    again = distil(Job("fsp", epochs=3), progress=False)
    assert again.history.rows == report.history.rows
    with pytest.raises(kd.ConfigError, match="holds another run: its seed is 0, this run's is 1"):
        distil(Job("fsp", epochs=3, seed=1, out=str(report.job.folder)), progress=False)


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    mine = tmp_path / "mine" / "config.json"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(kd.ConfigError, match="holds other files and no run"):
        distil(Job("alone", out=str(mine.parent)), progress=False)
    with pytest.raises(kd.ConfigError, match="is a file"):
        distil(Job("alone", out=str(mine)), progress=False)
    assert mine.read_text() == "mine"


def test_methods_are_compared_with_the_student_alone(monkeypatch):
    comparison = compare(["hinton"], [0, 1], Job("", epochs=2, out="here"), progress=False)
    assert sorted(path.name for path in Path("here").iterdir()) == [
        "alone-minute-2epochs-seed0", "alone-minute-2epochs-seed1",
        "hinton-minute-2epochs-seed0", "hinton-minute-2epochs-seed1",
    ]  # fmt: skip
    frame = comparison.frame().pivot_table(index="seed", columns="method", values="test_accuracy")
    mean = (frame["hinton"] - frame["alone"]).mean()
    (row,) = comparison.summary()["differences"]
    assert row["mean"] == pytest.approx(mean) and row["n"] == 2
    assert f"{100 * mean:+.2f} ± {100 * row['se']:.2f}" in comparison.table()
    assert "paired over seeds 0, 1" in comparison.table()
    monkeypatch.setattr("kdtutor.train.loop._Run._step", lambda *_: pytest.fail("trained again"))
    assert compare(["hinton"], [0, 1], Job("", epochs=2, out="here"), progress=False).table() == comparison.table()


def test_one_seed_has_no_standard_error():
    history = rows(0.5, term="test_accuracy")
    runs = tuple(Report(Job(method), history, None, 10, 50, 1.0) for method in ("alone", "fsp"))
    assert "+0.00" in Comparison(runs).table() and "no standard error" in Comparison(runs).table()
    assert "±" not in Comparison(runs).table()


def test_columns_are_aligned():
    assert plain_table(["a", "b"], [["x", "1"], ["long", "22"]]) == "a      b\nx      1\nlong  22"
