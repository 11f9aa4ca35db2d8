"""The study of dense prediction, and the page that shows it."""

import re
from pathlib import Path

import pandas as pd
import pytest

import kdtutor as kd
from kdtutor.course.studies import dense, paired, stored_results

PAGE = Path(__file__).parents[2] / "docs/dense.md"


@pytest.fixture
def small(monkeypatch):
    """A few images, one epoch, narrow nets."""
    monkeypatch.setattr(dense, "data", lambda: kd.data.shapes(train=16, val=2, test=2))
    monkeypatch.setattr(dense, "teacher", dense.teacher.__wrapped__)
    for name, value in {"TEACHER": "unet4", "STUDENT": "unet2", "TEACHER_EPOCHS": 1, "EPOCHS": 1}.items():
        monkeypatch.setattr(dense, name, value)


def test_a_run_measures_student_and_teacher(small):
    for method in dense.METHODS:
        row = dense.learn({"method": method}, seed=0)
        assert row.keys() == {"val", "test", "teacher"} and all(0 <= value <= 1 for value in row.values())


def rows(frame: pd.DataFrame) -> list[str]:
    """The lines of the page's table: mIoU and, paired over the seeds, the difference to alone; in points."""
    alone = frame[frame["method"] == "alone"]["test"].mean()
    lines = [f"| teacher | {100 * frame['teacher'].mean():.1f} | |", f"| alone | {100 * alone:.1f} | |"]
    for method, level, mean, se in paired(frame, "method", "alone", "test")[
        ["method", "level", "mean", "se"]
    ].to_numpy():
        lines.append(f"| {method} | {100 * level:.1f} | {100 * mean:+.1f} ± {100 * se:.1f} |")
    return lines


def test_the_page_shows_what_is_stored():
    page = PAGE.read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if re.match(r"\| (?!method|-)", line)] == rows(
        stored_results("dense_methods")
    )


def test_the_pages_code_runs(monkeypatch):
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    few = kd.data.shapes(train=16, val=2, test=4)
    monkeypatch.setattr(kd.data, "load", lambda name: few)
    shown = {}
    exec(code[1].replace("epochs=8", "epochs=1").replace("epochs=6", "epochs=1"), shown)
    assert "image, mask, teacher and student" in shown["picture"].alt
