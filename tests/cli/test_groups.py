"""Jobs in groups: who is trained with whom, by whom, and what comes of it."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import kdtutor as kd
from kdtutor.cli.away import train_away
from kdtutor.cli.compare import compare
from kdtutor.cli.distil import distil
from kdtutor.cli.groups import HERE, Makers, grouped, placed, train_jobs
from kdtutor.cli.report import Report
from kdtutor.jobs.job import Job, Setting

pytestmark = pytest.mark.slow


def jobs(*methods: str, seeds: tuple[int, ...] = (0, 1), **setting: object) -> list[Job]:
    return [Job(method, seed, **setting) for seed in seeds for method in methods]


def sizes(groups: list[list[Job]]) -> list[int]:
    return [len(group) for group in groups]


def test_workers_have_equal_shares():
    four = ("alone", "KD", "AT", "RKD")
    assert sizes(grouped(jobs(*four))) == [4, 4]
    assert sizes(grouped(jobs(*four, seeds=(0, 1, 2)), 2)) == [4, 4, 2, 2]
    assert sizes(grouped(jobs(*four, seeds=(0,)), 3)) == [2, 2]
    assert sizes(grouped(jobs(*four, seeds=(0, 1)), 8)) == [1] * 8
    together = [{job.seed for job in group} for group in grouped(jobs(*four, seeds=(0, 1, 2)), 2)]
    assert all(len(seeds) == 1 for seeds in together)
    assert sizes(grouped([*jobs("KD", seeds=(0,)), *jobs("KD", seeds=(0,), data="moons", student="mlp8")])) == [1, 1]


def test_a_group_has_one_teacher_and_the_numbers_of_runs_alone(few):
    methods = ("alone", "hinton", "relational", "similarity")
    asked = [Job(method, 1, f"packed/{method}", epochs=2) for method in methods]
    packed = dict(train_jobs(placed(asked), HERE, progress=False))
    for number, method in enumerate(methods):
        alone = distil(Job(method, 1, f"alone/{method}", epochs=2), progress=False)
        assert packed[number].history.rows == alone.history.rows
        for name in ("last.safetensors", "best.safetensors"):
            assert Path(f"packed/{method}/{name}").read_bytes() == Path(f"alone/{method}/{name}").read_bytes()
        assert {path.name for path in Path(f"packed/{method}").iterdir()} == {
            path.name for path in Path(f"alone/{method}").iterdir()
        }


def test_a_run_that_fails_is_told_and_the_others_are_finished(few, monkeypatch):
    weights = kd.papers.method("hinton").weights
    monkeypatch.setattr(kd.papers.method("hinton"), "weights", lambda self: {**weights(self), "kd": 1e39})
    outcomes = dict(train_jobs(placed(jobs("hinton", "alone", seeds=(0,), epochs=1)), HERE, progress=False))
    assert isinstance(outcomes[0], kd.DivergedError) and isinstance(outcomes[1], Report)
    with pytest.raises(kd.DivergedError, match="a weight is too large"):
        compare(["hinton"], [0], Setting(epochs=1), progress=False)


def test_a_pool_gives_the_same_numbers(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    setting = Setting(data="moons", student="mlp8", teacher_of_other_data=True, epochs=1)
    threads = torch.get_num_threads()
    asked = [Job("alone", seed, f"here/{seed}", **vars(setting)) for seed in (0, 1)]
    here = dict(train_jobs(asked, HERE, progress=False))
    pooled = [Job("alone", seed, f"pool/{seed}", **vars(setting)) for seed in (0, 1)]
    there = dict(train_jobs(pooled, Makers("pool", 2), progress=False))
    assert [there[n].history.rows for n in (0, 1)] == [here[n].history.rows for n in (0, 1)]
    assert here[0].history.rows != here[1].history.rows and torch.get_num_threads() == threads
    assert Path("pool/1/report.md").is_file()
    monkeypatch.setattr("kdtutor.workers.pool.Pool.run", lambda *_: pytest.fail("asked for what is there"))
    again = dict(train_jobs(pooled, Makers("pool", 2), progress=False))
    assert [again[n].history.rows for n in (0, 1)] == [there[n].history.rows for n in (0, 1)]


def test_makers_that_do_not_go_together_are_refused_at_once():
    with pytest.raises(kd.ConfigError, match="gpus_per_run"):
        Makers("pool", gpus_per_run=0.5)
    with pytest.raises(kd.ConfigError, match="no place to work"):
        Makers("nowhere")


class Elsewhere:
    """Workers on a machine that sees no folder of this one: what goes there and what comes back is copied."""

    def run(self, function, tasks):
        for number, task in enumerate(tasks):
            yield number, pickle.loads(pickle.dumps(function(*pickle.loads(pickle.dumps(task)))))


def test_what_a_strange_machine_needs_goes_along_and_what_it_leaves_comes_back(few, monkeypatch):
    teacher = kd.nets.teacher("digits-resnet14")
    kd.nets.save_teacher(teacher, "mine", {**teacher.card, "name": "mine"}, folder="elsewhere")
    asked = placed([Job(m, 0, f"out/{m}", epochs=2, teacher="elsewhere/mine.safetensors") for m in ("alone", "KD")])
    here = dict(train_jobs([replace(job, out=f"{job.out}-here") for job in asked], HERE, progress=False))
    in_sight = Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda path: not path.name.startswith(".in-sight") and in_sight(path))
    ((_, away),) = train_away(Elsewhere(), [asked])
    for job, outcome, own in zip(asked, away, here.values(), strict=True):
        assert outcome.job == job and outcome.history.rows == own.history.rows
        folders = job.folder, own.job.folder
        assert len({(folder / "last.safetensors").read_bytes() for folder in folders}) == 1
        assert len({tuple(path.name for path in sorted(folder.iterdir())) for folder in folders}) == 1
        assert job.command in (job.folder / "report.md").read_text()
    monkeypatch.setattr("kdtutor.train.run.Run._step", lambda *_: pytest.fail("trained again"))
    ((_, again),) = train_away(Elsewhere(), [asked])  # finished runs went along and were read
    assert [outcome.history.rows for outcome in again] == [outcome.history.rows for outcome in away]
    assert not Path("runs").exists(), "nothing is kept there, so no empty folder is left"
