"""Studies on a second set: settings are chosen by a tuning study, and one table shows both sets."""

import math
import pickle
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kdtutor import ConfigError, DivergedError
from kdtutor.course.studies import Study, conduct, hinton, planned, sets, stored_results, studies
from kdtutor.course.studies.sets import Trial, best, grid, on_both, on_clothes
from kdtutor.methods import taught

TEST = {"alone": (0.80, 0.82, 0.79), "taught": (0.85, 0.83, 0.86)}


def frame(shift: float = 0.0, methods: tuple[str, ...] = ("taught", "alone"), **more: Any) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"method": m, "seed": s, "test": v + (shift if m == "taught" else 0), **more}
            for m in methods
            for s, v in enumerate(TEST[m])
        ]
    )


def by_hand(shift: float) -> list[str]:
    """The row of "taught", with the paired differences in points written out."""
    gains = [100 * (t + shift - a) for t, a in zip(TEST["taught"], TEST["alone"], strict=True)]
    mean = sum(gains) / 3
    error = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / 2) / math.sqrt(3)
    level = 100 * (sum(TEST["taught"]) / 3 + shift)
    return [f"{level:.1f}", f"{mean:+.1f} ± {error:.1f}", f"{sum(gain > 0 for gain in gains)} of 3"]


def test_the_table_says_what_a_hand_computes() -> None:
    table = on_both(frame(), frame(-0.02), "method", base="alone")
    assert table.index.tolist() == ["alone", "taught"], "the baseline comes first"
    assert table.loc["alone", "on digits"].tolist() == [f"{100 * sum(TEST['alone']) / 3:.1f}", "", ""]
    assert table.loc["taught", "on digits"].tolist() == by_hand(0)
    assert table.loc["taught", "on clothes"].tolist() == by_hand(-0.02)
    assert by_hand(-0.02)[2] == "2 of 3", "one seed changes its mind"


def test_groups_stay_apart_and_what_one_set_lacks_is_left_out() -> None:
    digits = pd.concat([frame(labels="all"), frame(0.1, labels=20), frame(labels=5)])
    clothes = pd.concat([frame(0.1, labels=5), frame(labels="all")])
    table = on_both(digits, clothes, "method", base="alone", by="labels")
    assert table.index.tolist() == [(n, m) for n in (5, "all") for m in ("alone", "taught")]
    assert table.loc[(5, "taught"), "on clothes"].tolist() == by_hand(0.1)
    assert table.loc[(5, "taught"), "on digits"].tolist() == by_hand(0)


def test_epochs_before_the_last_do_not_count() -> None:
    early = frame().assign(test=float("nan"))
    table = on_both(pd.concat([early, frame()]), frame(), "method", base="alone")
    assert table["on digits"].equals(table["on clothes"])


def test_sets_without_a_common_method_are_refused() -> None:
    other = frame().replace({"method": {"taught": "copied"}})
    with pytest.raises(ConfigError, match="no value of 'method' in common but 'alone'"):
        on_both(frame(), other, "method", base="alone")
    with pytest.raises(ConfigError, match="'alone' is not a value of 'method'"):
        on_both(frame(), frame(methods=("taught",)), "method", base="alone")


def learn(case: dict[str, Any], seed: int) -> list[dict[str, float]]:
    """Best at the rate 0.2; at 0.4 the taught student diverges."""
    if case["lr"] == 0.4 and case["method"] == "taught":
        raise DivergedError("no number")
    return [{"val": 0.0}, {"val": 0.9 - abs(case["lr"] - 0.2) + 0.001 * seed, "test": case["lr"]}]


TRIALS = (
    Trial(({"method": "alone", "labels": 5}, {"method": "alone", "labels": 20}), grid(lr=(0.1, 0.2, 0.4))),
    Trial(({"method": "taught", "labels": 5},), (*grid(lr=(0.4, 0.1)), *grid(lr=(0.2,), layer=(2, 3)))),
)


def test_every_case_runs_with_what_was_best_on_validation_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "stored_results", lambda name: stored_results(name, tmp_path))
    tuning, study = on_clothes("coin", "Does it help?", learn, TRIALS)
    assert pickle.loads(pickle.dumps(study.run)).func is study.run.func, "workers are sent it"
    conduct(tuning, tmp_path, workers=1, say=lambda _: None)
    tried = stored_results(tuning.name, tmp_path)
    assert set(tried["seed"]) == set(sets.TUNING_SEEDS) and not set(sets.TUNING_SEEDS) & set(study.seeds)
    assert tried.query("method == 'taught' and lr == 0.4")["val"].tolist() == [0.0, 0.0], "a trial that diverged"
    assert [study.run(case, 0)[-1]["test"] for case in study.cases] == [0.2, 0.2, 0.2]
    assert study.run(study.cases[2], 0)[-1]["layer"] == 2, "the first of equals; a row says its settings"
    assert {case["data"] for case in (*tuning.cases, *study.cases)} == {"fashion"}


def test_one_setting_is_taken_as_it_is() -> None:
    (study,) = on_clothes("coin", "Does it help?", learn, [Trial(({"method": "alone"},), grid(lr=(0.1,)))])
    assert study.name == "coin_clothes" and study.run(study.cases[0], 0)[-1]["test"] == 0.1


def test_a_setting_that_nobody_tried_is_named() -> None:
    tried = pd.DataFrame([{"method": "alone", "lr": 0.1, "seed": 10, "val": 0.5}])
    with pytest.raises(ConfigError, match=r"nobody tried \{'method': 'alone', 'lr': 0.2\}"):
        best(tried, Trial(({"method": "alone"},), grid(lr=(0.1, 0.2))))


def on_both_sets(known: dict[str, Study]) -> list[Study]:
    return [one for one in known.values() if isinstance(one.run, partial) and one.run.func is sets._learn]


STORED, PLANNED = on_both_sets(studies()), on_both_sets(planned())


def test_every_lesson_on_digits_has_its_clothes() -> None:
    names = {study.name for study in (*STORED, *PLANNED)}
    lessons = {row.name: row.name for row in taught() if row.lesson is not None and 1 <= row.lesson <= 12}
    lessons["spot_adaptive"] = "spot"  # its studies have a short name
    assert len(lessons) == 12 and {f"{lesson}_clothes" for lesson in lessons.values()} <= names


@pytest.mark.parametrize("study", STORED, ids=lambda study: study.name)
def test_stored_runs_are_paired_and_had_what_was_best(study: Study) -> None:
    assert isinstance(study.run, partial)
    _, tuning, trials = study.run.args
    frame = stored_results(study.name)
    for trial in trials:
        setting = best(stored_results(tuning), trial) if len(trial.settings) > 1 else trial.settings[0]
        for case in trial.cases:
            rows = frame[(frame[list(case)] == pd.Series(case)).all(axis=1)]
            assert sorted(rows["seed"].unique()) == sorted(study.seeds), case
            assert all((rows[name] == value).all() for name, value in setting.items()), case


@pytest.mark.slow
@pytest.mark.isa
@pytest.mark.parametrize("study", [*STORED, *PLANNED], ids=lambda study: study.name)
def test_the_smallest_run_of_each_study(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    learn, tuning, trials = study.run.args  # type: ignore[attr-defined]
    monkeypatch.setattr(sets, "best", lambda _, trial: trial.settings[0])
    monkeypatch.setattr(sets, "stored_results", lambda _: None)
    for module in (import_module(learn.__module__), hinton):
        monkeypatch.setattr(module, "STEPS", 1)
        monkeypatch.setattr(module, "EPOCHS", 4, raising=False)
    known = {**studies(), **planned()}
    if tuning in known:
        assert set(known[tuning].run(known[tuning].cases[0], 10)) == {"val"}
    first, again = (study.run(trials[-1].cases[-1], 0)[-1] for _ in range(2))
    first, again = ({**row, "cpu": 0, "seconds": 0} for row in (first, again))
    assert first == again and {"test", "distance"} & set(first)
