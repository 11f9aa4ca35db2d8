"""The rules that were decided before the runs, on runs made up by hand."""

import pandas as pd
import pytest

from kdtutor.course.studies.spot_again import AUTHORS, RIVALS, SEEDS, STUDENTS, judged

PATTERN = (0.00, 0.01, 0.02, 0.01, 0.00, 0.02, 0.01, 0.01, 0.00, 0.02)
"""Differences over ten seeds: mean 0.01, standard deviation 0.00816, so t = 0.01 / (0.00816 / √10) = 3.87."""


def runs(**gains: float) -> pd.DataFrame:
    """Ten seeds; each rival is `gains[name]` times `PATTERN` above 0.8."""
    rows = []
    for images in STUDENTS:
        for rival in RIVALS:
            name = str(rival["strategy"]) if rival["beta"] == AUTHORS else "lighter"
            for seed in SEEDS:
                test = 0.8 + gains.get(name, 0.0) * PATTERN[seed]
                rows.append({"images": images, **rival, "seed": seed, "test": test})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("gains", "t", "holds"),
    [
        ({"adaptive": 1, "always": 0, "random": 2, "lighter": 0.5}, 3.9, ["yes", "no", "yes"]),
        ({"adaptive": 1, "always": 0, "random": 0, "lighter": 2}, 3.9, ["yes", "yes", "no"]),
        ({"adaptive": 0, "always": 1, "random": 0.5, "lighter": 2}, -3.9, ["no", "not asked", "not asked"]),
    ],
)
def test_the_rules_are_followed(gains: dict[str, float], t: float, holds: list[str]) -> None:
    table = judged(runs(**gains)).loc["damaged"]
    assert table["holds"].tolist() == holds
    assert table["t"].iloc[0] == t
    assert table["difference, points"].iloc[0] == f"{1.0 if t > 0 else -1.0:+.1f} ± 0.3"


def test_what_is_below_the_bound_is_no_gain() -> None:
    few = runs(adaptive=1)
    few.loc[few["strategy"].eq("adaptive") & few["seed"].eq(0), "test"] -= 0.03
    said = judged(few)
    assert 0 < said["t"].iloc[0] < 2.69 and said["holds"].tolist() == 2 * ["no", "not asked", "not asked"]
