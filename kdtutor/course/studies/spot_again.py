"""Spot-adaptive distillation once more, on clothes, where the paper's argument expects a gain: docs/spots-again.md says
what was decided before the runs, and what came out.

Two settings: the tiny student of lesson 12 on damaged clothes, and a small one of another family on whole clothes. The
host is attention with the authors' weight, and for `always` also with the one that lesson 12 chose.
"""

import time
from typing import TYPE_CHECKING

from ...data import Data
from ...errors import DivergedError
from . import common, spot_adaptive
from .common import last, minute_of, train
from .runner import Case, Study, in_points, paired
from .sets import CLOTHES

if TYPE_CHECKING:
    import pandas as pd

EPOCHS, STEPS = 8, 50  # 400 steps of 64 images
SEEDS = tuple(range(10))
GUESS = 0.1  # the accuracy of a student that knows nothing, of ten classes
AUTHORS = 1000.0  # weight of the maps
STUDENTS = {"damaged": spot_adaptive.SAME, "whole": "vgg8x0.0625"}
RIVALS: tuple[Case, ...] = (
    *({"strategy": strategy, "beta": AUTHORS} for strategy in ("always", "adaptive", "random", "anti")),
    {"strategy": "always", "beta": spot_adaptive.BETA["attention"]},
    {"strategy": "never"},
)
LIGHTER = "always, lighter"
RULES = (("always", 2.69), ("random", 2.69), (LIGHTER, -2.26))
"""Whom `adaptive` is set against, and the t that is needed: docs/spots-again.md."""


def clothes(images: str, seed: int) -> Data:
    """The training clothes "whole", or "damaged" as lesson 12 damages digits."""
    whole = minute_of(CLOTHES).data()
    return spot_adaptive.plant(whole, seed)[0] if images == "damaged" else whole


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student: its accuracy after the last step, CPU seconds, and how often each spot was chosen at the end."""
    images = str(case["images"])
    distiller = spot_adaptive.prepare({**case, "data": CLOTHES, "student": STUDENTS[images]}, seed)
    rule = common.recipe(spot_adaptive.rate(case), STEPS)
    before = time.process_time()
    try:
        history = train(distiller, clothes(images, seed), EPOCHS, rule, seed)
    except DivergedError:
        return {"val": GUESS, "test": GUESS}
    seconds = round(time.process_time() - before, 1)
    return {**last(history), "cpu": seconds, **spot_adaptive.decided(history, EPOCHS - 1)}


def judged(frame: "pd.DataFrame") -> "pd.DataFrame":
    """What the rules of docs/spots-again.md say of the runs: for each setting `adaptive` against `always`, and where
    that is better, against `random` and against `always` with the weight of lesson 12."""
    import pandas as pd

    light = frame["strategy"].eq("always") & frame["beta"].ne(AUTHORS)
    rivals = frame.assign(rival=frame["strategy"].where(~light, LIGHTER))
    rows = []
    for images, part in rivals.groupby("images", sort=False):
        helps = True
        for rule, (base, needed) in enumerate(RULES, 1):
            two = part[part["rival"].isin(["adaptive", base])]
            found = paired(two, "rival", base=base, value="test")
            t = float(found["mean"].iloc[0] / found["se"].iloc[0])
            holds = "not asked" if not helps else "yes" if t >= needed else "no"
            helps = helps and (rule > 1 or holds == "yes")
            table = in_points(found).drop(columns="rival")
            rows.append(table.assign(clothes=images, rule=rule, against=base, t=round(t, 1), holds=holds))
    return pd.concat(rows).set_index(["clothes", "rule", "against"])


STUDIES = (
    Study(
        "spot_again",
        "Is choosing spots better than distilling everywhere, where the paper's argument expects it?",
        tuple({"images": images, **rival} for images in STUDENTS for rival in RIVALS),
        learn,
        seeds=SEEDS,
    ),
)
