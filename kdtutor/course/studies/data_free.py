"""The experiments of the lesson on data-free learning: each of the three losses switched off, the loop of the paper and
its replay variant, the adversarial rival of lesson 9 at equal steps, and how the rates were chosen.

Teacher, student, generator, first weights, batches of latents and the number of the student's steps are those of
lesson 9, so that its stored results stand beside these. Rates and schedule of each loop were chosen on validation
digits (study data_free_tuning) with seeds that are not reported; those of the rival in lesson 9 (adversarial_tuning).
"""

import time
from dataclasses import replace
from typing import Any

import torch

from ... import nets
from ...data import load, root
from ...nets import Generator, Net
from ...papers.adversarial import Logits
from ...papers.data_free import ACTIVATION, ENTROPY, ONE_HOT, DataFree, activation_loss, entropy_loss, one_hot_loss
from ...train import Distiller, Recipe, environment, evaluate, evaluating, steps
from . import adversarial
from .adversarial import EPOCHS, SCHEDULE, TUNING_SEEDS, pair, recipe, teacher_of
from .common import suffix
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

REPLAY = 4  # steps of the student for each of the generator; ours
MADE = 512  # images that are looked at when a generator is judged

FINAL_SEEDS = tuple(range(14, 22))  # likewise not reported; four seeds leave several pairs of rates level

# What `data_free_tuning`, and for replay `data_free_finals`, chose: the student's rate and the generator's.
LR = {"replay": 8e-3, "faithful": 8e-3}
GENERATOR_LR = {"replay": 3e-2, "faithful": 1e-3}

WEIGHTS = {"one_hot": ONE_HOT, "activation": ACTIVATION, "entropy": ENTROPY}
OFF: dict[str, tuple[str, ...]] = {
    "all three": (),
    "no one-hot": ("one_hot",),
    "no activation": ("activation",),
    "no entropy": ("entropy",),
}
"""The losses that are switched off, by name of the case."""


def generator_of(data: str) -> str:
    """The name of the generator that ships in data/generators, made by asking the teacher that knows this set."""
    return f"{data}-dafl"


def weights_of(losses: str) -> dict[str, float]:
    """The weights of a case of `OFF`."""
    return {name: 0.0 if name in OFF[losses] else weight for name, weight in WEIGHTS.items()}


def method(
    student: Net, generator: Generator, loop: str, losses: str = "all three", data: str = "digits", **options: Any
) -> DataFree:
    """The student's logits on what the generator makes, by Kullback-Leibler divergence; `options` as of `DataFree`."""
    replay = REPLAY if loop == "replay" else 1
    settings = {**weights_of(losses), "replay": replay, "generator_lr": GENERATOR_LR[loop], **options}
    return DataFree(Logits(student, nets.teacher(teacher_of(data)), "kl"), generator, **settings)


def prepare(case: Case, seed: int) -> tuple[Distiller, Recipe]:
    """Who learns, and how the student's weights move."""
    loop = case["loop"]
    name = case.get("data", "digits")
    if loop == "adversarial":
        distiller, _, _ = adversarial.prepare({"source": "dfad", "data": name}, seed)
        return distiller, recipe(adversarial.LR["dfad"])
    options = {"generator_lr": case["generator_lr"]} if "generator_lr" in case else {}
    distiller = method(*pair(seed), loop, case.get("losses", "all three"), name, **options)
    return distiller, replace(recipe(case.get("lr", LR[loop])), schedule=case.get("schedule", SCHEDULE))


def made(generator: Generator, teacher: Net, count: int = MADE) -> dict[str, float]:
    """What the teacher says of `count` images: the three losses without weights, and the share of each class."""
    z = torch.randn(count, generator.latent_dim, generator=torch.Generator().manual_seed(0))
    with evaluating(generator), evaluating(teacher):
        t = teacher.trace(generator(z.to(next(generator.parameters()))))
    shares = t.logits.argmax(1).bincount(minlength=t.logits.shape[1]) / count
    return {
        "one_hot": one_hot_loss(t.logits).item(),
        "activation": activation_loss(t.embedding).item(),
        "entropy": entropy_loss(t.logits).item(),
        **{f"share {k}": share for k, share in enumerate(shares.tolist())},
    }


def learn(case: Case, seed: int) -> list[dict[str, float]]:
    """One student: a row for each epoch with the validation accuracy; the last one has the test accuracy, the CPU
    seconds of the whole run, and what the teacher says of the generator's images."""
    distiller, rule = prepare(case, seed)
    data = load(case.get("data", "digits"))
    before = time.process_time()
    rows: list[dict[str, float]] = [
        {"epoch": at.epoch, "val": at.history.last("val_accuracy")}
        for at in steps(distiller, data, case.get("epochs", EPOCHS), recipe=rule, seed=seed, device="cpu")
        if at.epoch_ended
    ]
    seconds = time.process_time() - before
    rows[-1]["test"] = evaluate(distiller.student, data.test, data).accuracy
    rows[-1]["seconds"] = round(seconds, 1)
    assert distiller.teacher is not None
    generator: Any = distiller.generator
    rows[-1].update({name: round(value, 5) for name, value in made(generator, distiller.teacher).items()})
    return rows


def make_generator(case: Case, seed: int) -> dict[str, float]:
    """Run the loop of the paper to its end, and ship its generator with a card: the one that lesson 10 begins with."""
    distiller, rule = prepare(case, seed)
    assert isinstance(distiller, DataFree) and distiller.teacher is not None
    name = case.get("data", "digits")
    for _ in steps(distiller, load(name), case["epochs"], recipe=rule, seed=seed, device="cpu"):
        pass
    card = {
        "data": f"none; the teacher is {teacher_of(name)}",
        "recipe": {"steps": case["epochs"] * adversarial.STEPS, "lr": case["generator_lr"], **WEIGHTS},
        "seed": seed,
        "command": f"kdtutor results data_free_generator{suffix(name)}",
        "environment": environment(),
    }
    nets.save_generator(distiller.generator, generator_of(name), card, folder=root() / "generators", overwrite=True)
    return {name: round(value, 5) for name, value in made(distiller.generator, distiller.teacher).items()}


STUDIES = (
    Study(
        "data_free_generator",
        "What does the generator make that ships with lesson 10?",
        ({"loop": "faithful", "epochs": 4, "generator_lr": 3e-3},),
        make_generator,
        seeds=(0,),
    ),
    Study(
        "data_free_generator_clothes",
        "The same with the teacher of the clothes.",
        ({"loop": "faithful", "epochs": 4, "generator_lr": 3e-3, "data": "fashion"},),
        make_generator,
        seeds=(0,),
    ),
    Study(
        "data_free_tuning",
        "Which rates of student and generator, and which schedule, are best on validation digits for each loop?",
        (
            *({"loop": "replay", "lr": 8e-3, "generator_lr": lr} for lr in (3e-3, 1e-2, 3e-2, 1e-1)),
            *({"loop": "replay", "lr": lr, "generator_lr": 1e-2} for lr in (4e-3, 1.6e-2, 3.2e-2)),
            {"loop": "replay", "lr": 8e-3, "generator_lr": 1e-2, "schedule": "cosine"},
            *({"loop": "faithful", "lr": 8e-3, "generator_lr": lr} for lr in (3e-4, 1e-3, 3e-3)),
            *({"loop": "faithful", "lr": lr, "generator_lr": 1e-3} for lr in (4e-3, 1.6e-2)),
        ),
        learn,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "data_free_finals",
        "Which of the best pairs of rates for replay is best with other seeds?",
        (
            *({"loop": "replay", "lr": lr, "generator_lr": lr_g} for lr in (8e-3, 1.6e-2) for lr_g in (1e-2, 3e-2)),
            {"loop": "replay", "lr": 8e-3, "generator_lr": 1e-1},
        ),
        learn,
        seeds=FINAL_SEEDS,
    ),
    Study(
        "data_free_losses",
        "What does each of the three losses do to the images, and to the student?",
        tuple({"loop": "replay", "losses": losses} for losses in OFF),
        learn,
    ),
    Study(
        "data_free_loops",
        "What do the loop of the paper and the adversarial rival reach in equally many steps, and in what time?",
        ({"loop": "faithful"}, {"loop": "adversarial"}),
        learn,
    ),
    Study(
        "data_free_longer",
        "How far do both loops come with twice the steps?",
        ({"loop": "replay", "epochs": 2 * EPOCHS}, {"loop": "faithful", "epochs": 2 * EPOCHS}),
        learn,
    ),
    *on_clothes(
        "data_free",
        "What does each of the three losses do to a student that never saw clothes?",
        learn,
        (
            Trial(
                tuple({"loop": "replay", "losses": losses} for losses in OFF),
                grid(lr=(8e-3, 1.6e-2), generator_lr=(1e-2, 3e-2)),
            ),
        ),
    ),
)
