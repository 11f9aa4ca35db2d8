"""A whole table: filled, interrupted, added to, refused, and shown."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import kdtutor as kd
from kdtutor.cli.distil import distil
from kdtutor.cli.table.filled import Filled
from kdtutor.cli.table.page import markdown, pictures
from kdtutor.cli.table.plan import Plan
from kdtutor.cli.table.run import fill
from kdtutor.files import read_json, require_sealed
from kdtutor.jobs.job import Job
from kdtutor.settings import PAIRS, TEACHER_PLANS, zoo

from . import tiny
from .calls import call
from .test_groups import Elsewhere

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ASKED = ("table", "--workers", "1", "--no-progress", "--images", "64")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = tiny.cifar()
    monkeypatch.setattr("kdtutor.data.load", lambda name, root=None: data)
    monkeypatch.setitem(PAIRS, tiny.PAIR, tiny.NETS)
    monkeypatch.setitem(TEACHER_PLANS, tiny.TEACHER, tiny.PLAN)
    monkeypatch.chdir(tmp_path)


def plan(*methods: str, seeds: tuple[int, ...] = (0,), epochs: int = 1) -> Plan:
    return Plan(pairs=(tiny.PAIR,), methods=methods, seeds=seeds, epochs=epochs, images=64)


def cells(folder: str | Path) -> dict[str, dict]:
    content = json.loads((Path(folder) / "table.json").read_text())
    return {f"{cell['method']}{cell['seed']}": cell for cell in content["cells"]}


def test_its_numbers_are_those_of_runs_by_themselves_and_it_grows(monkeypatch):
    filled = fill(plan("KD", seeds=(0, 1)), progress=False)
    folder = Path("runs/table-quick-paper-1epochs-64images")
    found = cells(folder)
    assert filled.folder == folder and set(found) == {"alone0", "hinton0", "alone1", "hinton1"}
    for cell in found.values():
        kept = folder / "cells" / f"{tiny.PAIR}-{cell['method']}-seed{cell['seed']}"
        assert cell["digests"]["weights"] == sha256((kept / "last.safetensors").read_bytes()).hexdigest()
        assert "epoch 1 of 1" in (kept / "log.txt").read_text() and (kept / "report.md").is_file()
    setting = {"preset": "quick-paper", "pair": tiny.PAIR, "epochs": 1, "images": 64}
    teacher = f"{tiny.TEACHER}-1epochs-64images"
    report = distil(Job("hinton", 1, "by-itself", teacher=teacher, **setting), progress=False)
    cell = found["hinton1"]
    assert (cell["last"], cell["curve"][1]) == (report.test_accuracy, report.history.curve("test_accuracy")[1])
    assert cell["digests"]["weights"] == sha256(Path("by-itself/last.safetensors").read_bytes()).hexdigest()
    assert cell["command"] == report.job.command.replace("by-itself", cell["command"].split(" --out ")[1].split()[0])

    (row,) = [row for row in filled.as_json()["rows"] if row["method"] == "hinton"]
    levels = [100 * found[f"hinton{seed}"]["last"] for seed in (0, 1)]
    assert row["last"]["mean"] == pytest.approx(np.mean(levels))
    assert row["last"]["standard deviation"] == pytest.approx(np.std(levels, ddof=1))
    assert row["published"] == zoo.published(tiny.PAIR, "KD")
    assert f"{np.mean(levels):.2f} ± {np.std(levels, ddof=1):.2f}" in filled.text()

    step, taken = kd.train.run.Run._step, []
    monkeypatch.setattr(kd.train.run.Run, "_step", lambda run, *_, **__: taken.append(run) or step(run, *_, **__))
    again = call(*shlex.split(filled.command)[1:], "--workers", "1", "--no-progress")
    assert again.exit_code == 0 and again.stdout.startswith(filled.text()) and not taken
    grown = fill(plan("SP"), progress=False)
    assert {type(run.distiller).__name__ for run in taken} == {"Similarity"}
    assert set(cells(folder)) == {*found, "similarity0"} and cells(folder)["hinton1"] == cell
    assert [row.seeds for row in grown.rows(tiny.PAIR)] == [2, 2, 2]


def test_another_setting_never_mixes_with_what_is_there(monkeypatch):
    fill(plan("KD"), "here", progress=False)
    before = Path("here/table.json").read_bytes()
    for change, told in (
        ({"epochs": 2}, "epochs 1, not 2"),
        ({"images": 100}, "images 64, not 100"),
        ({"preset": "paper"}, "preset quick-paper, not paper"),
        ({"precision": "bf16"}, "precision float32, not bf16"),
    ):
        options = {"preset": "quick-paper", "epochs": 1, "images": 64, "precision": "float32", **change}
        other = Plan(pairs=(tiny.PAIR,), methods=("KD",), seeds=(5,), **options)
        monkeypatch.setitem(TEACHER_PLANS, f"cifar100-{tiny.NETS[0]}", tiny.PLAN)
        with pytest.raises(kd.ConfigError, match=f"here holds a table with {told}, and tables do not mix"):
            fill(other, "here", progress=False)
    (card,) = kd.nets.teachers("runs/teachers")
    net = kd.nets.build(**card["config"])
    kd.nets.save_teacher(net, card["name"], card, "runs/teachers", overwrite=True)
    with pytest.raises(kd.ConfigError, match=r"another teacher .* its weights have changed"):
        fill(plan("KD", seeds=(1,)), "here", progress=False)
    assert Path("here/table.json").read_bytes() == before
    Path("here/table.json").write_bytes(before.replace(b'"epochs": 1', b'"epochs": 7'))
    with pytest.raises(kd.DataError, match=r"table\.json is damaged"):
        fill(plan("KD"), "here", progress=False)


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_table_that_is_killed_goes_on_to_the_same_numbers():
    command = [*ASKED, "--methods", "KD", "--seeds", "0", "--epochs", "5", "--out", "killed"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "tests.cli.tiny", *command], env=environment)
    record = Path(f"killed/cells/{tiny.PAIR}-hinton-seed0/cell.json")
    deadline = time.monotonic() + 60
    while not record.exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    stopped = json.loads(record.read_text())
    assert stopped["state"] == "running" and stopped["epoch"] < stopped["epochs"] == 5
    assert call(*command).exit_code == 0
    fill(plan("KD", epochs=5), "whole", progress=False)
    log = Path(record.with_name("log.txt")).read_text()
    assert len(re.findall("begins, on", log)) >= 2 and log.count("epoch 5 of 5, ") == 1
    for name, cell in cells("whole").items():
        assert all(cells("killed")[name][what] == cell[what] for what in ("digests", "curve", "last", "best"))
    assert cells("killed")["hinton0"]["seconds"] > stopped["seconds"]


def test_a_cell_that_diverges_is_told_and_the_others_go_on(monkeypatch):
    kind = kd.papers.method("hinton")
    weights = kind.weights
    monkeypatch.setattr(kind, "weights", lambda self: {**weights(self), "kd": 1e39})
    result = call(*ASKED, "--methods", "KD,SP", "--seeds", "0", "--epochs", "1", "--out", "here")
    assert result.exit_code == 1
    assert {name: cell["state"] for name, cell in cells("here").items()} == {
        "alone0": "done", "hinton0": "failed", "similarity0": "done",
    }  # fmt: skip
    sentence = cells("here")["hinton0"]["sentence"]
    told = f"hinton (KD): seed 0: {sentence}"
    assert told in result.stdout and told in Path("here/table.md").read_text()
    monkeypatch.setattr("kdtutor.train.run.Run._step", lambda *_, **__: pytest.fail("trained again"))
    assert call(*ASKED, "--methods", "KD,SP", "--seeds", "0", "--epochs", "1", "--out", "here").stdout == result.stdout


def test_ctrl_c_says_how_to_go_on(monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kdtutor.cli.table.run.train_jobs", stopped)
    monkeypatch.setattr("kdtutor.cli.table.run.train_teachers", lambda *_: None)
    monkeypatch.setattr("kdtutor.cli.table.run.note_teachers", lambda *_: None)
    result = call(*ASKED, "--methods", "KD", "--out", "here")
    told = "\nkdtutor: interrupted; finished cells and whole epochs are kept: continue with the same command\n"
    assert result.exit_code == 130 and result.stderr == told
    assert "no teacher yet" in Path("here/table.md").read_text(), "the table is there from the beginning"


def test_a_method_that_does_not_fit_a_pair_has_a_dash_and_the_reason():
    asked = {"methods": ("matching",), "seeds": (0,), "images": 64, "epochs": 2}
    both = Plan(pairs=("wrn_40_2-shufflenetv1", tiny.PAIR), **asked)
    (unfit,) = both.unfit(Path("here")).items()
    assert unfit[0] == ("wrn_40_2-shufflenetv1", "matching") and "240 channels" in unfit[1]
    with pytest.raises(kd.ConfigError, match=r"matching \(MGD\) cannot teach any of the pairs: .*240 channels"):
        Plan(pairs=("wrn_40_2-shufflenetv1",), **asked).unfit(Path("here"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--pairs", "resnet20-resnet56"), "'resnet20-resnet56' is not a known pair"),
        (("--pairs", ""), "--pairs '': give at least one"),
        (("--pairs", f"{tiny.PAIR},{tiny.PAIR}"), "none twice"),
        (("--methods", "KDD"), "'KDD' is not a known method"),
        (("--methods", "SAKD"), "name that one"),
        (("--methods", "alone"), "name one or more methods"),
        (("--methods", "dfad"), "--methods: adversarial (DFAD) makes its images"),
        (("--seeds", "0,0"), "--seeds '0,0': give at least one, and none twice"),
        (("--seeds", "a,b"), "--seeds 'a,b': expected whole numbers"),
        (("--seeds", str(2**63)), f"seed={2**63}: expected a whole number of at least 0, and at most 63 bits"),
        (("--seeds=-1",), "seed=-1: expected a whole number of at least 0"),
        (("--seeds", ""), "--seeds '': give at least one"),
        (("--epochs", "0"), "epochs=0: at least one"),
        (("--epochs", "1", "--methods", "FSP"), "flow_epochs=1 of 1 epochs"),
        (("--images", "0"), "--images 0: "),
        (("--images", "63"), "choose 64…300"),
        (("--images", "301"), "choose 64…300"),
        (("--preset", "minute"), "'minute' is not a known preset of a table"),
        (("--precision", "fp8"), "'fp8' is not a known precision"),
        (("--device", "abacus"), "abacus"),
        (("--on", "nowhere"), "'nowhere' is no place to work"),
        (("--out", "occupied"), "occupied holds other files and no table"),
        (("--out", "begun"), f"begun/cells/{tiny.PAIR}-hinton-seed2 holds other files and no run"),
        (("--out", "occupied/file"), "occupied/file is a file"),
    ],
)
def test_what_cannot_work_is_refused_before_the_first_run(options, told, monkeypatch):
    Path("occupied").mkdir()
    Path("occupied/file").touch()
    Path(f"begun/cells/{tiny.PAIR}-hinton-seed2").mkdir(parents=True)
    Path(f"begun/cells/{tiny.PAIR}-hinton-seed2/file").touch()
    before = sorted(Path().rglob("*"))
    monkeypatch.setattr("kdtutor.cli.table.teachers.train_teacher", lambda *_: pytest.fail("a run began"))
    result = call(*ASKED, "--methods", "KD", "--epochs", "2", *options)
    assert result.exit_code == 2 and told in result.stderr and result.stderr.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


def test_data_that_are_not_there_are_missed_before_the_first_run(monkeypatch):
    monkeypatch.undo()
    result = call(*ASKED, "--root", str(ROOT / "tests"), "--out", "nothing-is-written")
    assert result.exit_code == 1 and "cifar100: nothing at" in result.stderr
    assert not Path("nothing-is-written").exists()


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_of_a_table_made_elsewhere_is_one_file_that_everyone_can_read(monkeypatch):
    seen = Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda path: not path.name.startswith(".in-sight") and seen(path))
    far = SimpleNamespace(on="far", for_jobs=lambda jobs: (Elsewhere(), 1))
    filled = fill(plan("KD"), "here", far, progress=False)
    assert all(f"--out here/cells/{tiny.PAIR}" in cell["command"] for cell in cells("here").values())
    assert {path.name for path in Path("here/teachers").glob("*/*")} == {"cell.json", "log.txt"}
    assert filled.content["teachers"][tiny.PAIR]["seconds"] > 0
    page = Page(Path("here/table.html").read_text())
    assert page.all("html") == [{"lang": "en"}] and page.all("title") and page.all("main")
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    assert all(head["scope"] in ("col", "row") for head in page.all("th")) and page.all("th")
    assert len(page.all("caption")) == len(page.all("table")) == 2
    (picture,) = page.all("img")
    assert picture["src"].startswith("data:image/png;base64,") and "hinton (KD)" in picture["alt"]
    links = [link["href"] for link in page.all("a")]
    assert len(links) == 2 and all((filled.folder / link).is_file() for link in links)
    written = Path("here/table.md").read_text()
    for cell in cells("here").values():
        assert cell["command"] in written and cell["digests"]["weights"][:12] in written
    assert f"| {zoo.published(tiny.PAIR, 'KD'):.2f} |" in written and zoo.SOURCE in written
    assert [name for name in re.findall(r"\]\((.+?)\)", written) if not (filled.folder / name).is_file()] == []


def test_the_stored_table_says_what_its_numbers_say_and_that_it_is_reduced():
    folder = ROOT / "docs" / "tables" / "reduced"
    content = read_json((folder / "table.json").read_bytes())
    require_sealed(content)
    filled = Filled(folder, content)
    assert (folder / "table.md").read_text() == markdown(filled, pictures(filled))
    assert content["rows"] == filled.summary_rows() and filled.caption().startswith("Reduced: it proves the path")
    assert all(cell["state"] == "done" for cell in content["cells"]) and not filled.failed
