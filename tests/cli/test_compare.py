"""Methods side by side with the student alone."""

from pathlib import Path

import pytest

from kdtutor.cli.compare import Comparison, compare
from kdtutor.cli.report import Report
from kdtutor.jobs.job import Job, Setting
from kdtutor.train import History

pytestmark = pytest.mark.usefixtures("few")


@pytest.mark.slow
def test_methods_are_compared_with_the_student_alone(monkeypatch):
    comparison = compare(["KD", "hinton"], [0, 1], Setting(epochs=2), "here", progress=False)
    assert sorted(path.name for path in Path("here").iterdir()) == [
        "alone-minute-2epochs-seed0", "alone-minute-2epochs-seed1",
        "hinton-minute-2epochs-seed0", "hinton-minute-2epochs-seed1",
    ]  # fmt: skip
    frame = comparison.frame().pivot_table(index="seed", columns="method", values="test_accuracy")
    mean = (frame["hinton"] - frame["alone"]).mean()
    (row,) = comparison.summary()["differences"]
    assert (row["method"], row["acronym"]) == ("hinton", "KD") and "\nhinton (KD) " in comparison.table()
    assert row["mean"] == pytest.approx(mean) and row["n"] == 2
    assert f"{100 * mean:+.2f} ± {100 * row['se']:.2f}" in comparison.table()
    assert "paired over seeds 0, 1" in comparison.table()
    monkeypatch.setattr("kdtutor.train.run.Run._step", lambda *_: pytest.fail("trained again"))
    assert compare(["KD", "hinton"], [0, 1], Setting(epochs=2), "here", progress=False).table() == comparison.table()


@pytest.mark.slow
def test_spots_are_compared_with_the_student_alone():
    comparison = compare(["AT"], [0], Setting(epochs=2, spots="adaptive"), progress=False)
    folders = {str(report.job.folder) for report in comparison.reports}
    assert folders == {"runs/alone-minute-2epochs-seed0", "runs/attention-adaptive_spots-minute-2epochs-seed0"}
    assert "Weights of the last epoch, adaptive spots; differences" in comparison.table()


def test_one_seed_has_no_standard_error():
    history = History({"phases": [["alone", 1]]})
    history.add("alone", 1, loss=1.0, test_accuracy=0.5)
    runs = tuple(Report(Job(method), history, None, 10, 50, 1.0) for method in ("alone", "fsp"))
    assert "+0.00" in Comparison(runs).table() and "no standard error" in Comparison(runs).table()
    assert "±" not in Comparison(runs).table()
