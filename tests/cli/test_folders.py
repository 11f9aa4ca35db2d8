"""Whose folder it is: a run is continued, and nobody else's files are touched."""

from dataclasses import replace
from pathlib import Path

import pytest

import kdtutor as kd
from kdtutor.cli.compare import compare
from kdtutor.cli.distil import distil
from kdtutor.jobs.job import Job, Setting
from kdtutor.jobs.setup import prepare

from .conftest import FILES

pytestmark = pytest.mark.usefixtures("few")


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


@pytest.mark.parametrize("left", [".lock", ".checkpoint.pt.part", "..checkpoint.pt.part.7.part"])
def test_what_a_killed_run_left_behind_blocks_nothing(tmp_path, left):
    folder = tmp_path / "killed"
    folder.mkdir()
    (folder / left).write_text("half of a fi")
    distil(Job("alone", epochs=1, out=str(folder)), progress=False)
    assert {path.name for path in folder.iterdir()} == FILES


def test_a_run_keeps_its_hands_off_files_with_the_names_of_its_own(tmp_path, few):
    mine = tmp_path / "mine" / "best.safetensors"
    mine.parent.mkdir()
    mine.write_text("mine")
    setup = prepare(Job("alone"))
    with pytest.raises(kd.ConfigError, match="holds other files and no run"):
        kd.fit(setup.distiller, few, 1, recipe=setup.recipe, progress=False, device="cpu", out=mine.parent)
    assert mine.read_text() == "mine"


def saved_teacher(folder: str, seed: int, **card: object) -> str:
    kd.seed_everything(seed)
    net = kd.nets.build("resnet8x0.25", classes=10, channels=1, stem_stride=2)
    told = {"data": "digits", "recipe": {}, "seed": seed, "accuracy": 0.1, "correct": 1, "total": 10, "command": "none"}
    return str(kd.nets.save_teacher(net, "teacher", {**told, **card}, folder=folder).relative_to(Path.cwd()))


def test_two_teachers_of_the_same_file_name_do_not_share_a_run(tmp_path):
    one, other = saved_teacher(tmp_path / "A", 1), saved_teacher(tmp_path / "B", 2)
    jobs = [Job("hinton", teacher=path, epochs=1) for path in (one, other)]
    assert jobs[0].folder == jobs[1].folder
    reports = [distil(job, progress=False) for job in jobs]
    first, second = (report.job.folder for report in reports)
    assert str(first) == "runs/hinton-minute-teacher-1epochs-seed0" and second.name.startswith(f"{first.name}-teacher")
    assert one in (first / "report.md").read_text() and other not in (first / "report.md").read_text()
    assert other in (second / "report.md").read_text()
    assert reports[0].history.last("kd") != reports[1].history.last("kd")
    for job, report in zip(jobs, reports, strict=True):  # each finds its own again
        assert distil(job, progress=False).history.rows == report.history.rows
    with pytest.raises(kd.ConfigError, match="holds another run: its teacher's weights differ"):
        distil(replace(jobs[1], out=str(first)), progress=False)


def test_a_teacher_of_other_data_is_refused_unless_it_is_allowed(tmp_path):
    path = saved_teacher(tmp_path, 1, data="fashion-mnist")
    for run, *arguments in (distil, Job("hinton", teacher=path)), (compare, ["hinton"], [0], Setting(teacher=path)):
        with pytest.raises(kd.ConfigError, match=r"teacher\.safetensors was trained on fashion-mnist .*other-data"):
            run(*arguments, progress=False)
    assert not Path("runs").exists(), "it is said before the first run"
    allowed = Job("hinton", teacher=path, teacher_of_other_data=True)
    assert prepare(allowed).distiller.teacher.card["data"] == "fashion-mnist"
    assert allowed.command.endswith("--teacher-of-other-data")
    prepare(Job("alone", teacher=path))
