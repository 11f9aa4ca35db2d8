"""Rows of a board: what is paired with what, against sums done by hand."""

import csv
import io
import math

import pytest

from kdtutor.jobs.board import as_csv, standings
from kdtutor.jobs.job import Job
from kdtutor.jobs.result import Result


def result(method: str, seed: int, accuracy: float | None, **asked) -> Result:
    job = Job(method, seed, out=f"runs/{method}{seed}", **asked)
    return Result(job, "digits", "", "resnet8", 10, 2, 3.0 + seed, accuracy)


def test_differences_are_paired_over_the_seeds():
    runs = [result("alone", s, x) for s, x in enumerate((0.5, 0.6, 0.7))]
    runs += [result("hinton", s, x) for s, x in ((1, 0.7), (0, 0.7))]
    alone, taught = standings(runs)
    assert alone.accuracy == pytest.approx(0.6) and alone.difference is None and alone.seconds == 4.0
    assert taught.seeds == (0, 1) == taught.pairs and taught.name == "hinton (KD)"
    mean, error = taught.difference
    assert mean == pytest.approx(0.15)  # 0.2 and 0.1
    assert error == pytest.approx(0.05)  # s / √n = 0.0707 / 1.414


def test_only_the_same_setting_is_compared():
    runs = [result("alone", 0, 0.5), result("alone", 0, 0.3, labels=5), result("hinton", 0, 0.6, labels=5)]
    runs += [result("hinton", 0, 0.9, student="resnet8"), result("attention", 0, 0.6, spots="adaptive", device="cpu")]
    rows = {row.name + (row.setting.student or ""): row.difference for row in standings(runs)}
    assert rows["hinton (KD), 5 labels a class"][0] == pytest.approx(0.3)
    assert math.isnan(rows["hinton (KD), 5 labels a class"][1])
    assert rows["hinton (KD)resnet8"] is None
    assert rows["attention (AT), adaptive spots"][0] == pytest.approx(0.1)


def test_a_stopped_run_counts_for_nothing():
    runs = [result("alone", 0, 0.5), result("hinton", 0, 0.6), result("hinton", 1, None)]
    row = standings(runs)[1]
    assert row.seeds == (0,) and [run.job.seed for run in row.stopped] == [1]
    assert row.accuracy == 0.6 and row.seconds == 3.0
    (only,) = standings(runs[2:])
    assert only.accuracy is None and only.seconds == 4.0


def test_the_table_has_a_line_for_each_run_and_the_command_that_asks_for_it():
    runs = [result("alone", 0, 0.5), result("hinton", 0, 0.75), result("hinton", 1, None)]
    lines = list(csv.DictReader(io.StringIO(as_csv(standings(runs)))))
    assert [(line["method"], line["seed"], line["accuracy"]) for line in lines] == [
        ("alone", "0", "0.5"), ("hinton", "0", "0.75"), ("hinton", "1", ""),
    ]  # fmt: skip
    assert [line["mean_difference"] for line in lines] == ["", "0.25", "0.25"]
    assert lines[2]["command"] == "kdtutor distil hinton --seed 1 --out runs/hinton1"
    assert lines[0]["labels"] == "all" and lines[0]["standard_error"] == ""
