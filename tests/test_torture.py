"""A little of `make torture`: runs that are killed, damaged, starved of disk and doubled."""

import random
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("kills by signal, and forks", allow_module_level=True)

from benchmarks import torture

pytestmark = pytest.mark.slow


def nothing_wrong(trials: torture.Trials, *outcomes: str) -> None:
    assert not trials.violations and all(trials.outcomes[outcome] > 0 for outcome in outcomes), trials


def test_a_run_killed_before_a_write_goes_on_to_the_same_numbers(tmp_path):
    nothing_wrong(torture.kills_at_writes(tmp_path, every=9), "killed", "then the same numbers")


def test_a_run_killed_at_random_goes_on_to_the_same_numbers(tmp_path):
    nothing_wrong(torture.kills_at_random(tmp_path, 1, random.Random(0)), "killed", "then the same numbers")


def test_a_full_disk_is_told_and_the_run_goes_on(tmp_path):
    nothing_wrong(torture.full_disk(tmp_path, every=11), "told", "then the same numbers")


def test_a_limit_on_files_is_told_and_the_run_goes_on(tmp_path):
    nothing_wrong(torture.small_files(tmp_path, (500,)), "told", "then the same numbers")


def test_of_two_runs_in_one_folder_one_is_refused(tmp_path):
    nothing_wrong(torture.two_writers(tmp_path, 1), "one refused")


def test_damaged_files_are_refused_or_mended(tmp_path):
    kinds = torture.flips(tmp_path, 15, random.Random(0))
    for trials in kinds:
        nothing_wrong(trials)
        assert trials.outcomes["refused"] + trials.outcomes["said, and the one before used"] >= 10


def test_a_run_with_a_damaged_checkpoint_goes_on_from_the_one_before(tmp_path):
    nothing_wrong(torture.runs_after_flips(tmp_path, 1, random.Random(0)), "then the same numbers")


def test_a_violation_is_noticed(tmp_path):
    """The trials themselves can fail: a reader that checks nothing is found out."""
    path = tmp_path / "numbers.txt"
    path.write_text("0.8125 " * 20)
    careless = torture.flipped("careless", path, lambda: path.read_text(errors="replace"), 5, random.Random(0))
    strict = torture.flipped(
        "strict", path, lambda: [float(number) for number in path.read_text().split()], 50, random.Random(0)
    )
    assert len(careless.violations) == 5 and strict.outcomes["raw error"] > 0 and len(strict.violations) > 0
