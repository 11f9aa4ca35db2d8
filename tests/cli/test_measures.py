"""Reports, comparisons and curves of other tasks than classification."""

import json

import pytest

import kdtutor as kd
from kdtutor.cli.compare import Comparison
from kdtutor.cli.report import Report
from kdtutor.errors import StoppedError
from kdtutor.figures.history import curves, words_of
from kdtutor.jobs.job import Job
from kdtutor.train import History

TERMS = {
    "multi-label": {"train_accuracy": 0.7, "val_map": 0.5, "val_accuracy": 0.8},
    "regression": {"train_mae": 12.0, "val_r2": 0.25, "val_mae": 13.0},
    "dense": {"train_pixel_accuracy": 0.7, "val_miou": 0.4, "val_pixel_accuracy": 0.9},
}


def history(task: str, shift: float = 0.0) -> History:
    """Three epochs, of which the second is the best by the first measure."""
    made = History({"phases": [["alone", 3]], "data": "mine", "student": {"name": "resnet8"}})
    terms = TERMS[task]
    first = next(term for term in terms if term.startswith("val_"))
    for epoch, bonus in enumerate((0.0, 0.125, 0.0625), 1):
        made.add("alone", epoch, loss=1.0, **{**terms, first: terms[first] + bonus + shift})
    made.add("alone", 3, **{term.replace("val_", "test_"): x + shift for term, x in terms.items() if "val_" in term})
    return made


@pytest.mark.parametrize(("task", "line"), [
    ("multi-label", "test mAP 50.00 %, accuracy 80.00 %: weights of the last epoch, 50 images, seed 0"),
    ("regression", "test R² 0.2500, MAE 13: weights of the last epoch, 50 images, seed 0"),
    ("dense", "test mIoU 40.00 %, pixel accuracy 90.00 %: weights of the last epoch, 50 images, seed 0"),
])  # fmt: skip
def test_a_report_tells_the_measures_of_its_task(task, line):
    made = history(task)
    report = Report(Job("alone"), made, None, 10, 50, 1.0)
    assert report.table().splitlines()[-1] == line
    assert report.best_epoch == 2 and made.held_out == report.held_out
    assert f"validation {line.split()[1]}" in report.table().splitlines()[0]
    summary = json.loads(json.dumps(report.summary()))
    assert summary[f"test_{made.measured}"] == made.last(f"test_{made.measured}") and "test_accuracy" not in summary
    assert summary["best"] == {"epoch": 2, made.held_out: made.best(made.held_out)}


def test_a_teacher_is_told_with_the_measure_that_its_card_has():
    for card, told in (
        ({"name": "big", "map": 0.75, "parameters": 9}, "big (75.00 %)"),
        ({"name": "big"}, "big"),
    ):
        report = Report(Job("binary"), history("multi-label"), card, 10, 50, 1.0)
        assert f"teacher {told}, student" in report._markdown("curves")
        assert report.summary()["teacher"] == card


@pytest.mark.parametrize(("task", "head", "gain"), [
    ("multi-label", "test mAP  difference (points)", "+6.25"),
    ("regression", "test R²        difference  seeds won", "+0.0625"),
    ("dense", "test mIoU  difference (points)", "+6.25"),
])  # fmt: skip
def test_methods_are_compared_by_the_first_measure(task, head, gain):
    alone, taught = history(task), history(task, shift=0.0625)
    comparison = Comparison(tuple(
        Report(Job(method, seed), run, None, 10, 50, 1.0)
        for seed in (0, 1) for method, run in (("alone", alone), ("attention", taught))
    ))  # fmt: skip
    assert head in comparison.table().splitlines()[0] and f"{gain} ± 0.00" in comparison.table()
    (row,) = comparison.summary()["differences"]
    assert row["mean"] == pytest.approx(0.0625) and row["wins"] == 2


def test_curves_of_unlike_units_have_axes_of_their_own():
    def panels(run):
        return [[line.get_label() for line in ax.get_lines()] for ax in curves(run).axes]

    assert len(panels(history("multi-label"))) == 2 and len(panels(history("regression"))) == 3
    labels = [ax.get_ylabel() for ax in curves(history("regression")).axes]
    assert labels == ["loss", "R²", "MAE"]
    several = curves({"alone": history("regression"), "taught": history("regression", 0.1)})
    assert [ax.get_ylabel() for ax in several.axes] == ["loss", "validation R²"]


def test_words():
    told = {"val_map": "validation mAP", "test_r2": "test R²", "train_mae": "train MAE", "val_miou": "validation mIoU",
            "val_accuracy": "validation accuracy", "test_accuracy": "test accuracy", "rate_stage1": "rate stage1",
            "accuracy": "accuracy", "train_pixel_accuracy": "train pixel accuracy", "loss": "loss"}  # fmt: skip
    assert {term: words_of(term) for term in told} == told


def test_what_measured_nothing_says_so():
    stopped = History({"phases": [["alone", 3]]})
    stopped.add("alone", 1, loss=1.0)
    with pytest.raises(StoppedError, match="stopped after epoch 1 of 3, before anything was measured"):
        stopped.held_out  # noqa: B018


def test_live_curves_follow_the_task():
    from kdtutor.widgets.live_curves import LiveCurves

    shown = LiveCurves()
    shown.compare({"earlier": history("regression")})
    assert [ax.get_ylabel() for ax in shown.figure.axes[:2]] == ["loss", "validation R²"]
    named = LiveCurves(("loss", "val_accuracy"))
    named.compare({"earlier": history("regression")})
    assert named.figure.axes[1].get_ylabel() == "validation accuracy"
    assert kd.data.TASKS.keys() == {*TERMS, "classification"}
