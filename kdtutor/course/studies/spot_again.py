"""Spot-adaptive distillation once more, on clothes, where the paper's argument expects a gain: docs/spots-again.md says
what was decided before the runs, and what came out.

Two settings: the tiny student of lesson 12 on damaged clothes, and a small one of another family on whole clothes. The
host is attention with the authors' weight, and for `always` also with the one that lesson 12 chose.
"""

import time

from ...data import Data
from ...errors import DivergedError
from . import common, spot_adaptive
from .common import last, minute_of, train
from .runner import Case, Study
from .sets import CLOTHES

EPOCHS, STEPS = 8, 30  # 240 steps of 64 images
SEEDS = tuple(range(10))
GUESS = 0.1  # the accuracy of a student that knows nothing, of ten classes
AUTHORS = 1000.0  # weight of the maps
STUDENTS = {"damaged": spot_adaptive.SAME, "whole": "vgg8x0.0625"}
RIVALS: tuple[Case, ...] = (
    *({"strategy": strategy, "beta": AUTHORS} for strategy in ("always", "adaptive", "random")),
    {"strategy": "always", "beta": spot_adaptive.BETA["attention"]},
)


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


STUDIES = (
    Study(
        "spot_again",
        "Is choosing spots better than distilling everywhere, where the paper's argument expects it?",
        tuple({"images": images, **rival} for images in STUDENTS for rival in RIVALS),
        learn,
        seeds=SEEDS,
    ),
)
