"""What the tests of runs share."""

from pathlib import Path

import pytest

import kdtutor as kd
from kdtutor.cli.distil import distil
from kdtutor.cli.report import Report
from kdtutor.jobs.job import Job

FILES = {
    "checkpoint.pt", "config.json", "history.json", "history.csv", "curves.png", "last.safetensors", "last.json",
    "best.safetensors", "report.md", "result.json",
}  # fmt: skip


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> kd.Data:
    """A small part of the digits under their name; runs/ in a folder of its own."""
    whole = kd.data.load("digits")
    part = kd.Data("few", whole.train[::35], whole.val[::10], whole.test[::20], whole.classes, whole.mean, whole.std)
    known = kd.data.load
    monkeypatch.setattr("kdtutor.data.load", lambda name, root=None: part if name == "digits" else known(name, root))
    monkeypatch.chdir(tmp_path)
    return part


@pytest.fixture
def report(few: kd.Data) -> Report:
    return distil(Job("fsp", epochs=3), progress=False)


@pytest.fixture
def somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
