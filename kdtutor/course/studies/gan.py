"""The experiments of the lesson on GAN compression: students over a ladder of sizes in three ways, a large teacher
against a small one, and how the rates were chosen.

All students take the same number of steps with 32 images each, from equal first weights and, where there is a critic,
with the same critic and the same real images. Quality is told by `generators.measured`: 2,000 images against the test
images, by the eyes of a classifier of ours. Rates were chosen on validation digits for each size and way (study
gan_tuning), with seeds that are not reported.
"""

from functools import partial
from typing import TYPE_CHECKING

import torch.nn.functional as F

from ... import data as sets
from ... import nets
from ...data import Data
from ...nets import Generator
from ...papers.gan import Distil
from ...settings.generators import LATENT, latents, measured
from ...train import Recipe, evaluating, fit, seed_everything
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

if TYPE_CHECKING:
    import pandas as pd

STEPS = 400
SIZES = (0.0625, 0.125, 0.25, 0.5)  # of the teacher's widths
TUNING_SEEDS = (10, 11)  # none of the seeds that the results are reported on
ALPHA = {"scratch": 0.0, "joint": 0.9, "black box": 1.0}
RATES = {
    "scratch": (0.02, 0.04, 0.08, 0.16, 0.32),
    "joint": (0.02, 0.05, 0.1, 0.2, 0.4),
    "black box": (0.05, 0.1, 0.2, 0.4),
}
LR = {
    "scratch": {0.0625: 0.16, 0.125: 0.04, 0.25: 0.08, 0.5: 0.04},
    "joint": {0.0625: 0.05, 0.125: 0.2, 0.25: 0.1, 0.5: 0.1},
    "black box": {0.0625: 0.2, 0.125: 0.1, 0.25: 0.1, 0.5: 0.1},
}
"""What `gan_tuning` chose for each way and size."""
CRITIC_LR = 0.005
SMALL = "digits-dcgan-small"  # it learnt as digits-dcgan did: 10,417 parameters against 66,241
PUPILS = (0.125, 0.25)  # the students of the small teacher


def student(times: float, seed: int) -> Generator:
    """A generator with `times` the teacher's widths; its first weights depend on `seed` alone."""
    seed_everything(seed)
    return nets.generator(f"dcganx{times:g}", LATENT, channels=1, size=16)


def method(way: str, net: Generator, teacher: Generator | None, seed: int) -> Distil:
    """Who learns what from whom; every critic of a seed starts alike."""
    seed_everything(seed + 1000)
    critic = nets.critic("dcganx0.75", norm="batch") if way != "black box" else None
    return Distil(
        net, teacher if way != "scratch" else None, critic, alpha=ALPHA[way],
        critic_lr=CRITIC_LR if critic is not None else None,
    )  # fmt: skip


def recipe(lr: float, steps: int) -> Recipe:
    return Recipe(lr=lr, batch_size=32, steps_per_epoch=steps)


def train(way: str, net: Generator, teacher: Generator | None, data: Data, seed: int, lr: float, steps: int) -> None:
    fit(method(way, net, teacher, seed), data, 1, recipe=recipe(lr, steps), seed=seed, device="cpu", progress=False)


def worth(net: Generator, teacher: Generator | None, data: Data, val: bool = False) -> dict[str, float]:
    """Quality against the test images (or the validation images), and how much of the teacher's variance is copied."""
    quality, sharpness = measured(net, data, data.val if val else None)
    row = {
        **quality.numbers(), "missing": len(quality.missing), "sharpness": sharpness,
        "parameters": nets.count_parameters(net),
    }  # fmt: skip
    if teacher is not None:
        z = latents(500)
        with evaluating(net):
            made, target = net(z), teacher(z)
        row["explained"] = 1 - float(F.mse_loss(made, target) / (target - target.mean(0)).square().mean())
    return {name: round(value, 4) for name, value in row.items()}


def learn(case: Case, seed: int, val: bool = False) -> dict[str, float]:
    """One student of a teacher that ships, or on its own."""
    name = case.get("data", "digits")
    way, teacher = str(case["way"]), nets.trained_generator(case.get("teacher", f"{name}-dcgan"))
    net, data = student(case["size"], seed), sets.load(f"{name}-16")
    train(way, net, teacher, data, seed, case.get("lr", LR[way][case["size"]]), STEPS)
    return worth(net, teacher, data, val)


def nearness(case: Case, seed: int) -> dict[str, float]:
    """One student, by how near its images are to the validation images: the distance, below zero."""
    return {"val": -learn(case, seed, val=True)["distance"]}


def in_distances(differences: "pd.DataFrame") -> "pd.DataFrame":
    """The table of `runner.paired` for a page, of a number whose small values are good: differences as mean ± standard
    error, and how many seeds were better than the baseline's."""
    table = differences.drop(columns=["level", "mean", "se", "wins", "n"])
    rows = list(differences[["level", "mean", "se", "wins", "n"]].itertuples(index=False))
    return table.assign(
        **{
            "distance": [f"{row.level:.2f}" for row in rows],
            "difference": [f"{row.mean:+.2f} ± {row.se:.2f}" for row in rows],
            "better with": [f"{row.n - row.wins} of {row.n} seeds" for row in rows],
        }
    )


STUDIES = (
    Study(
        "gan_tuning",
        "Which learning rate is best on validation digits for each way and size?",
        tuple({"way": way, "size": size, "lr": lr} for size in SIZES for way in ALPHA for lr in RATES[way]),
        partial(learn, val=True),
        seeds=TUNING_SEEDS,
    ),
    Study(
        "gan_ladder",
        "How small may a student become, from scratch, as a black box and jointly?",
        tuple({"way": way, "size": size} for size in SIZES for way in ALPHA),
        learn,
    ),
    Study(
        "gan_teachers",
        "Is a small teacher, trained alike, as good a teacher as a large one?",
        tuple({"way": "black box", "size": size, "teacher": SMALL} for size in PUPILS),
        learn,
    ),
    *on_clothes(
        "gan",
        "What do a copy and a copy with a critic bring to a small generator of clothes?",
        learn,
        tuple(
            Trial(tuple({"way": way, "size": size} for size in PUPILS), grid(lr=rates))
            for way, rates in {"scratch": (0.04, 0.08, 0.16), "joint": (0.1, 0.2), "black box": (0.1, 0.2)}.items()
        ),
        nearness,
    ),
)
