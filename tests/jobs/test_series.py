"""Jobs one after the other: a result in every folder, what was stopped goes on, and what is damaged is told."""

from contextlib import closing
from dataclasses import replace

import pytest

import kdtutor as kd
from kdtutor.files import held
from kdtutor.jobs.job import Job, partner
from kdtutor.jobs.result import RESULT, Result, results
from kdtutor.jobs.series import series


def job(folder, method="alone", **changes) -> Job:
    return Job(method, out=str(folder / method), epochs=2, images=70, **changes)


def test_every_run_leaves_its_result(tmp_path):
    jobs = [job(tmp_path), job(tmp_path, "hinton", labels=3)]
    seen = {each.method: at.history for each, at in series(jobs)}
    found, damaged = results(tmp_path)
    assert not damaged and [result.job for result in found] == jobs
    for result in found:
        assert result.accuracy == seen[result.job.method].last("test_accuracy")
        assert (result.data, result.student, result.epochs) == ("digits", "resnet8x0.25", 2)
        assert result.parameters == 5142 and result.seconds > 0
    assert [result.teacher for result in found] == ["", "digits-resnet14"]
    written = (tmp_path / "alone" / RESULT).read_bytes()
    assert list(series(jobs[:1]))[-1][1].step == 2  # it is read, not trained again
    assert (tmp_path / "alone" / RESULT).read_bytes() == written


def test_a_run_that_is_stopped_goes_on_to_the_same_numbers(tmp_path):
    whole, halves = job(tmp_path / "whole"), job(tmp_path / "halves")
    list(series([whole]))
    with closing(series([halves])) as run:
        next(run)
    stopped = Result.load(halves.folder)
    assert stopped.accuracy is None and stopped.seconds > 0
    list(series([halves]))
    ended = Result.load(halves.folder)
    assert ended.accuracy == Result.load(whole.folder).accuracy and ended.seconds > stopped.seconds


@pytest.mark.slow
def test_an_error_of_one_lets_the_others_have_their_turn(tmp_path):
    jobs = [job(tmp_path), job(tmp_path, "hinton")]
    with held(jobs[0].folder), pytest.raises(kd.BusyError, match="in use by another run"):
        list(series(jobs))
    assert Result.load(jobs[1].folder).accuracy is not None and not (jobs[0].folder / RESULT).exists()


def test_damaged_results_are_told_and_written_again(tmp_path):
    one = job(tmp_path)
    list(series([one]))
    before, path = Result.load(one.folder), one.folder / RESULT
    for damage in (path.read_text().replace('"accuracy": ', '"accuracy": 1'), "{", "[]", ""):
        path.write_text(damage)
        assert results(tmp_path)[0] == [] and str(path) in results(tmp_path)[1][0]
    list(series([one]))
    assert replace(Result.load(one.folder), seconds=0) == replace(before, seconds=0)


def test_a_folder_that_was_moved_keeps_its_result(tmp_path):
    one = job(tmp_path / "here")
    list(series([one]))
    (tmp_path / "here").rename(tmp_path / "there")
    (found,), _ = results(tmp_path / "there")
    assert found.job.folder == tmp_path / "there" / "alone"
    assert found.setting == Result.load(tmp_path / "there" / "alone").baseline == replace(partner(one), out=None)
