"""A lesson's headline comparison on a second set: the studies `NAME_clothes`, and one table for both sets.

How a lesson does it. Its function `learn(case, seed)` asks `common.minute_for(case)` for images and teacher, and takes
from the case what is tuned (`case.get("lr", LR[method])`). Its `STUDIES` then end with

    *on_clothes("fsp", "Does the flow help on clothes, too?", learn, (
        Trial(({"method": "alone", "labels": 5}, {"method": "alone", "labels": 20}), grid(lr=(0.05, 0.1, 0.2))),
        Trial(({"method": "taught", "labels": 5}, {"method": "taught", "labels": 20}), grid(lr=(0.02, 0.05))),
    )),

which are two studies: fsp_clothes_tuning tries the settings of each trial on its first case, on validation images, with
seeds that are not reported; fsp_clothes runs every case with the settings that were best there, found by themselves. A
trial with one setting has nothing to try: it takes that of the digits, say, as it is.
The lesson shows, right behind its result on digits,

    on_both(digits, stored_results("fsp_clothes"), "method", base="alone", by="labels")
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from ...errors import DivergedError, require
from .common import TUNING_SEEDS
from .runner import Case, Study, in_points, paired, stored_results

if TYPE_CHECKING:
    import pandas as pd

CLOTHES = "fashion"
ALL = {"labels": {350: "all", 800: "all"}}
"""What stands for as many labels a class as there are, of digits and of clothes: `frame.replace(ALL)`."""
Row = dict[str, Any]
Learn = Callable[[Case, int], Row | list[Row]]


@dataclass(frozen=True)
class Trial:
    """Cases that share their settings, and the settings that are tried on the first of them."""

    cases: tuple[Case, ...]
    settings: tuple[Case, ...]


def grid(**values: Sequence[Any]) -> tuple[Row, ...]:
    """Every combination of the values.

    >>> grid(lr=(0.1, 0.2), beta=(3.0,))
    ({'lr': 0.1, 'beta': 3.0}, {'lr': 0.2, 'beta': 3.0})
    """
    return tuple(dict(zip(values, chosen, strict=True)) for chosen in product(*values.values()))


def on_clothes(
    lesson: str, question: str, learn: Learn, trials: Sequence[Trial], tune: Learn | None = None
) -> tuple[Study, ...]:
    """The studies LESSON_clothes_tuning and LESSON_clothes; the second alone where there is nothing to choose.

    `learn` runs a case with its settings in it, `tune` (default: `learn`) a case that is tried; the `val` of its last
    row is what settings are chosen by. A trial that diverges has 0. All cases get `data="fashion"`.

    >>> trial = Trial(({"method": "alone"}, {"method": "alone, later"}), grid(lr=(0.1, 0.2)))
    >>> tuning, study = on_clothes("fsp", "Does it help?", lambda case, seed: {"val": 0.5, "test": 0.5}, [trial])
    >>> tuning.name, tuning.cases[0], study.name, study.cases[1]
    ('fsp_clothes_tuning', {'data': 'fashion', 'method': 'alone', 'lr': 0.1}, \
'fsp_clothes', {'data': 'fashion', 'method': 'alone, later'})
    """
    tuning = f"{lesson}_clothes_tuning"
    dressed = tuple(Trial(tuple({"data": CLOTHES, **case} for case in t.cases), t.settings) for t in trials)
    tried = [trial for trial in dressed if len(trial.settings) > 1]
    first = Study(
        tuning,
        f"Which settings are best on validation clothes for each method of {lesson}_clothes?",
        tuple({**trial.cases[0], **setting} for trial in tried for setting in trial.settings),
        partial(_tune, tune or learn),
        seeds=TUNING_SEEDS,
    )
    cases = tuple(case for trial in dressed for case in trial.cases)
    study = Study(f"{lesson}_clothes", question, cases, partial(_learn, learn, tuning, dressed))
    return (first, study) if tried else (study,)


def best(tuning: "pd.DataFrame", trial: Trial) -> Case:
    """The setting of a trial with the highest mean of `val` in the stored tuning; the first of equals.

    >>> import pandas as pd
    >>> tuning = pd.DataFrame([{"way": "a", "lr": lr, "seed": 10, "val": 1 - lr} for lr in (0.1, 0.2)])
    >>> best(tuning, Trial(({"way": "a"},), grid(lr=(0.2, 0.1))))
    {'lr': 0.1}
    """

    def level(setting: Case) -> float:
        asked = {**trial.cases[0], **setting}
        mine = tuning["val"].notna()
        for name in tuning.columns.drop(["seed", "val"]):
            mine &= tuning[name] == asked[name] if name in asked else tuning[name].isna()
        require(bool(mine.any()), f"nobody tried {asked}: run the tuning study again")
        return float(tuning.loc[mine, "val"].mean())

    return max(trial.settings, key=level)


def on_both(
    digits: "pd.DataFrame",
    clothes: "pd.DataFrame",
    case: str,
    base: str,
    value: str = "test",
    by: str | None = None,
    show: "Callable[[pd.DataFrame], pd.DataFrame]" = in_points,
) -> "pd.DataFrame":
    """A comparison on both sets side by side: accuracy, difference to `base` in points ± standard error, seeds won.

    Both frames hold one run a row of the column `case` (and group of the column `by`); the first line is `base` itself.
    Differences are paired over the seeds of each set, see `paired`. What only one of the sets has is left out. `show`
    makes the text of a table of `paired` (`gan.in_distances`, where small values are good).

    >>> study = stored_results("hinton_labels").query("labels == 20")
    >>> table = on_both(study, study, "method", base="alone")
    >>> table.loc["alone", "on digits"].tolist(), table.loc["taught", "on clothes"].tolist()
    (['91.8', '', ''], ['96.8', '+5.0 ± 0.4', '5 of 5'])
    """
    import pandas as pd

    tables = {
        title: _by_group(frame, case, base, value, by, show)
        for title, frame in {"on digits": digits, "on clothes": clothes}.items()
    }
    both = pd.concat(tables, axis=1, join="inner")
    require(len(both) > 1, f"the two frames have no value of {case!r} in common but {base!r}: compare the same methods")
    return both


def _by_group(
    frame: "pd.DataFrame", case: str, base: str, value: str, by: str | None, show: Callable[..., "pd.DataFrame"]
) -> "pd.DataFrame":
    import pandas as pd

    frame = frame[frame[value].notna()]
    if by is None:
        return _against(frame, case, base, value, show)
    groups = dict(list(frame.groupby(by, sort=False)))
    order = sorted(groups, key=lambda group: (isinstance(group, str), group))  # numbers, then "all"
    return pd.concat({group: _against(groups[group], case, base, value, show) for group in order}, names=[by])


def _against(
    frame: "pd.DataFrame", case: str, base: str, value: str, show: Callable[..., "pd.DataFrame"]
) -> "pd.DataFrame":
    """The shown table of `paired`, and above it a line for the baseline, of which only the level is told."""
    import pandas as pd

    found = paired(frame, case, base, value)
    first = {**dict.fromkeys(found, 0), case: base, "level": frame.loc[frame[case] == base, value].mean()}
    table = show(pd.concat([pd.DataFrame([first]), found], ignore_index=True)).set_index(case)
    table.iloc[0, 1:] = ""
    return table


def _tune(tune: Learn, case: Case, seed: int) -> Row:
    try:
        return {"val": _listed(tune(case, seed))[-1]["val"]}
    except DivergedError:
        return {"val": 0.0}


def _learn(learn: Learn, tuning: str, trials: Sequence[Trial], case: Case, seed: int) -> list[Row]:
    """The rows of a case with the settings that were best, which they name, too."""
    trial = next(trial for trial in trials if case in trial.cases)
    setting = best(stored_results(tuning), trial) if len(trial.settings) > 1 else trial.settings[0]
    return [{**setting, **row} for row in _listed(learn({**case, **setting}, seed))]


def _listed(rows: Row | list[Row]) -> list[Row]:
    return rows if isinstance(rows, list) else [rows]
