"""Every study of every lesson: what is stored answers its question with every case and seed, and nothing else."""

import pandas as pd
import pytest

from kdtutor.course.studies import Study, stored_results, studies
from kdtutor.course.studies.runner import Case

EVERY_STUDY = pytest.mark.parametrize("study", studies().values(), ids=lambda study: study.name)


def rows_of(frame: pd.DataFrame, case: Case, names: set[str]) -> pd.Series:
    """Which rows belong to a case: they hold its values, and nothing where it is silent and others are not."""
    mine = pd.Series(True, index=frame.index)
    for name in names:
        mine &= frame[name] == case[name] if name in case else frame[name].isna()
    return mine


@EVERY_STUDY
def test_stored_results_answer_every_case_with_every_seed(study: Study) -> None:
    frame = stored_results(study.name)
    assert frame.attrs["question"] == study.question
    assert frame.attrs["command"] == f"kdtutor results {study.name}"
    claimed = pd.Series(False, index=frame.index)
    names = {name for case in study.cases for name in case}
    for case in study.cases:
        mine = rows_of(frame, case, names)
        assert set(frame[mine]["seed"]) == set(study.seeds), case
        assert frame[mine].groupby("seed").size().nunique() == 1, f"{case}: some seeds have more rows than others"
        claimed |= mine
    assert claimed.all(), "a stored row belongs to no case"


@EVERY_STUDY
def test_stored_results_are_small(study: Study) -> None:
    assert study.path().stat().st_size < 300_000


def test_no_stored_result_is_left_over() -> None:
    paths = [study.path() for study in studies().values()]
    assert sorted(paths[0].parent.glob("*.json")) == sorted(paths)
