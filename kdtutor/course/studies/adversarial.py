"""The experiments of the lesson on data-free adversarial distillation: what a student may learn from instead of data,
which distance the generator follows, how fast either player should move, and how the rates were chosen.

Teacher digits-lenet5-plain, student lenet5_half: the pair of the paper's table for MNIST, on the digits that ship.
Every run takes as many steps of the student, 64 images each, with the same loss (L1 on the logits) and no label. The
rates were chosen on validation digits (study adversarial_tuning) with seeds that are not reported.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ... import nets
from ...data import UNLABELLED, Batch, Data, Latents, Source, Split, load, root
from ...nets import Generator, Net
from ...papers.adapters import batch_statistics
from ...papers.adversarial import Adversarial, Logits
from ...papers.generated import Generated
from ...train import Distiller, Recipe, environment, evaluate, evaluating, seed_everything, steps
from .common import suffix
from .halfway import STEP, named
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

STUDENT = "lenet5_half"
EPOCHS, STEPS = 5, 100  # 500 steps of the student
BATCH, LATENT, K = 64, 100, 5  # K: steps of the student for each of the generator (§3.3)
SIZE = 28  # pixels
MADE = 640  # images that are looked at when a generator is judged
SHAPES = 3500  # unrelated images: as many as there are digits for training
TUNING_SEEDS = (10, 11, 12, 13)  # none of the seeds that the results are reported on

# What `adversarial_tuning` chose: the schedule, the student's rate for each source, and the generator's.
SCHEDULE = "one-cycle"
LR = {"dfad": 8e-3, "noise": 3.2e-2, "unrelated": 8e-3, "real": 1.6e-2}
GENERATOR_LR = 1e-3
COSINE = {"noise": 1.6e-2, "unrelated": 4e-3, "real": 8e-3}  # where a rate that only falls was tried
SOURCES = ("dfad", "noise", "unrelated", "real")
FALLING = {"source": "dfad", "lr": 4e-3, "schedule": "cosine"}  # the best of the rates that only fall
STEADY = {"generator": "steady"}  # the generator's rate stays, whatever the schedule


def teacher_of(data: str) -> str:
    """The name of the teacher that knows this set."""
    return f"{data}-lenet5-plain"


class Noise(Latents):
    """Images whose pixels are normal random numbers, new ones for every batch."""

    def __init__(self, size: int = BATCH, steps: int = STEPS) -> None:
        super().__init__(SIZE * SIZE, size, steps)

    def epoch(self, number: int, seed: int, start: int = 0) -> Iterator[Batch]:
        for batch in super().epoch(number, seed, start):
            yield Batch(batch.images.view(-1, 1, SIZE, SIZE), batch.labels, batch.indices)


def shapes(count: int = SHAPES, seed: int = 0) -> Split:
    """Disks, rings, boxes, frames, bars and gratings of random place, size, direction and brightness on black: images
    that have nothing to do with digits. uint8 (count, 1, 28, 28), unlabelled."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, generator=generator)

    axis = torch.linspace(-1, 1, SIZE)
    y, x = axis.view(1, -1, 1) - draw(-0.4, 0.4), axis.view(1, 1, -1) - draw(-0.4, 0.4)
    angle, size, period = draw(0, torch.pi), draw(0.25, 0.8), draw(0.25, 0.8)
    u, v = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    disk, box, width = u.hypot(v) < size, torch.maximum(u.abs(), v.abs()) < size, 0.25 * size + 0.08
    inner_disk, inner_box = u.hypot(v) < size - width, torch.maximum(u.abs(), v.abs()) < size - width
    bar = (u.abs() < width) & (v.abs() < 1.2 * size)
    grating = torch.sin(2 * torch.pi * u / period) > 0
    kinds = torch.stack([disk, disk & ~inner_disk, box, box & ~inner_box, bar, grating])
    chosen = torch.randint(len(kinds), (count,), generator=generator)
    images = kinds[chosen, torch.arange(count)] * draw(100, 255)
    return Split(images.to(torch.uint8).unsqueeze(1), torch.full((count,), UNLABELLED))


def pair(seed: int) -> tuple[Net, Generator]:
    """A student and a generator with fresh weights; the student's are the same with or without the generator."""
    seed_everything(seed)
    return nets.build(STUDENT, classes=10, channels=1), nets.generator("deconvolution", LATENT, channels=1, size=SIZE)


def recipe(lr: float) -> Recipe:
    return Recipe(lr=lr, optimiser="adam", schedule=SCHEDULE, weight_decay=0.0, batch_size=BATCH, steps_per_epoch=STEPS)


def prepare(case: Case, seed: int) -> tuple[Distiller, Data, Source | None]:
    """Who learns, the images to measure on (or to learn from), and where those come from that it learns from."""
    name = case.get("data", "digits")
    source, data = str(case["source"]), load(name)
    student, generator = pair(seed)
    inner = Logits(student, nets.teacher(case.get("teacher", teacher_of(name))))
    if source == "noise":
        return inner, data, Noise()
    if source == "unrelated":
        return inner, Data(data.name, shapes(seed=seed), data.val, data.test, data.classes, data.mean, data.std), None
    if source == "real":
        return inner, data, None
    game = Steady if "generator" in case else Adversarial
    rate = case.get("generator_lr", GENERATOR_LR)
    return game(inner, generator, K, case.get("distance", "l1"), rate), data, None


class Steady(Adversarial):
    """A game whose generator keeps its rate while the student's follows the schedule."""

    def recipe_for(self, group: str, recipe: Recipe) -> Recipe:
        given = super().recipe_for(group, recipe)
        return replace(given, schedule="constant") if group == "generator" else given


class Fixed(Generated):
    """The student learns from a generator that keeps its first weights."""

    def step(self, batch: Batch, phase: Any, optimisers: Any) -> dict[str, Tensor]:
        return self.learn_from(self.imagine(batch.images), batch.indices, phase, optimisers)


def made(generator: Generator, teacher: Net, count: int = MADE) -> tuple[Tensor, Tensor]:
    """`count` images of a generator, as in training (batch norms see the batch), and the teacher's answers (count, K)
    as probabilities."""
    z = torch.randn(count, generator.latent_dim, generator=torch.Generator().manual_seed(0))
    with batch_statistics(generator), evaluating(teacher):
        images = generator(z.to(next(generator.parameters())))
        return images, teacher(images).softmax(1)


def balance(p_t: Tensor) -> dict[str, float]:
    """How the teacher's answers (N, K) spread over the classes: their entropy in nats, and the smallest share."""
    shares = torch.bincount(p_t.argmax(1), minlength=p_t.shape[1]) / len(p_t)
    return {"entropy": -torch.special.xlogy(shares, shares).sum().item(), "smallest": shares.min().item()}


def gradient_norm(generator: Generator) -> float:
    """The length of the gradient that the generator's last step left in its parameters."""
    return torch.stack([p.grad.norm() for p in generator.parameters() if p.grad is not None]).norm().item()


def learn(case: Case, seed: int) -> list[dict[str, float]]:
    """One student: a row for each epoch, with the validation accuracy, and for a generator the mean length of its
    gradients and the balance of its images; the last row has the test accuracy too."""
    distiller, data, source = prepare(case, seed)
    rule = replace(recipe(case.get("lr", LR[case["source"]])), schedule=case.get("schedule", SCHEDULE))
    rows: list[dict[str, float]] = []
    gradients: list[float] = []
    epochs = case.get("epochs", EPOCHS)
    for at in steps(distiller, data, epochs, recipe=rule, seed=seed, device="cpu", source=source):
        if isinstance(distiller, Adversarial) and at.step % K == 0 and at.step > len(rows) * STEPS:
            gradients.append(gradient_norm(distiller.generator))
        if at.epoch_ended:
            rows.append({"epoch": at.epoch, "val": at.history.last("val_accuracy"), **_seen(distiller, gradients)})
            gradients = []
    rows[-1]["test"] = evaluate(distiller.student, data.test, data).accuracy
    return rows


def _seen(distiller: Distiller, gradients: list[float]) -> dict[str, float]:
    if not isinstance(distiller, Generated):
        return {}
    assert distiller.teacher is not None
    _, p_t = made(distiller.generator, distiller.teacher)
    found = balance(p_t)
    if gradients:
        found["gradient"] = sum(gradients) / len(gradients)
    return {name: round(value, 5) for name, value in found.items()}


def make_halfway(case: Case, seed: int) -> dict[str, float]:
    """Train `case["step"]` steps of the lesson's run, and store both nets with their cards; `halfway` reads them."""
    distiller, data, _ = prepare({**case, "source": "dfad"}, seed)
    assert isinstance(distiller, Adversarial)
    rule = recipe(LR["dfad"])
    run = steps(distiller, data, EPOCHS, recipe=rule, seed=seed, device="cpu")
    for at in run:
        if at.step == case["step"]:
            break
    run.close()
    assert data.val is not None
    answers, val = (evaluate(distiller.student, split, data) for split in (data.test, data.val))
    card = {
        "data": f"none; measured on {data.name}",
        "recipe": {"steps": case["step"], "of": EPOCHS * STEPS, "lr": rule.lr, "k": K},
        "seed": seed,
        "command": f"kdtutor results adversarial_halfway{suffix(data.name)}",
        "environment": environment(),
    }
    measured = {"accuracy": answers.accuracy, "correct": answers.correct, "total": len(data.test)}
    nets.save_teacher(
        distiller.student, named(data.name), {**card, **measured}, folder=root() / "students", overwrite=True
    )
    nets.save_generator(distiller.generator, named(data.name), card, folder=root() / "generators", overwrite=True)
    return {"val": val.accuracy, "test": answers.accuracy}


PATIENT: dict[str, dict[str, float]] = {"dfad": {"lr": 1.6e-2, "generator_lr": 1e-3}, "unrelated": {"lr": 1.6e-2}}
"""The rates that adversarial_clothes_tuning chose."""


def _cases(source: str, rates: tuple[float, ...]) -> tuple[Case, ...]:
    return tuple({"source": source, "lr": lr} for lr in rates)


STUDIES = (
    Study(
        "adversarial_tuning",
        "Which schedule and which learning rates are best on validation digits for each source of images?",
        (
            *({"source": "dfad", "lr": lr, "generator_lr": 3e-3} for lr in (4e-3, 8e-3, 1.6e-2)),
            *({"source": "dfad", "lr": 8e-3, "generator_lr": lr} for lr in (5e-4, 1e-3, 6e-3)),
            *({"source": "dfad", "lr": lr, "generator_lr": 1e-3} for lr in (4e-3, 1.6e-2)),
            *({"source": "dfad", "lr": lr, "generator_lr": 1e-3, "schedule": "cosine"} for lr in (4e-3, 8e-3)),
            *_cases("noise", (4e-3, 8e-3, 1.6e-2, 3.2e-2, 6.4e-2)),
            *_cases("unrelated", (2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2)),
            *_cases("real", (4e-3, 8e-3, 1.6e-2, 3.2e-2)),
            *({"source": source, "lr": lr, "schedule": "cosine"} for source, lr in COSINE.items()),
        ),
        learn,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "adversarial_sources",
        "What is a student worth that learns from generated images, from noise, from unrelated or from real ones?",
        tuple({"source": source} for source in SOURCES),
        learn,
    ),
    Study(
        "adversarial_longer",
        "How far does each source come with twice the steps?",
        tuple({"source": source, "epochs": 2 * EPOCHS} for source in SOURCES),
        learn,
    ),
    Study(
        "adversarial_pace",
        "Should the generator's rate follow the schedule of the student's, and which one?",
        ({"source": "dfad", **STEADY}, FALLING, {**FALLING, **STEADY}),
        learn,
    ),
    Study(
        "adversarial_distances",
        "Which distance should the generator follow?",
        tuple({"source": "dfad", "distance": distance} for distance in ("log", "kl")),
        learn,
    ),
    Study(
        "adversarial_halfway",
        "The state of student and generator in the middle of a run, to go on from.",
        ({"step": STEP},),
        make_halfway,
        seeds=(0,),
    ),
    Study(
        "adversarial_halfway_clothes",
        "The same on clothes: the state of student and generator in the middle of a run.",
        ({"step": STEP, "data": "fashion"},),
        make_halfway,
        seeds=(0,),
    ),
    *on_clothes(
        "adversarial",
        "What is a student of clothes worth that learns from generated images, noise, unrelated or real ones?",
        learn,
        (
            Trial(
                ({"source": "dfad"},),
                (*grid(lr=(4e-3, 8e-3, 1.6e-2), generator_lr=(1e-3,)), {"lr": 8e-3, "generator_lr": 3e-3}),
            ),
            Trial(({"source": "noise"},), grid(lr=(1.6e-2, 3.2e-2))),
            Trial(({"source": "unrelated"},), grid(lr=(4e-3, 8e-3, 1.6e-2))),
            Trial(({"source": "real"},), grid(lr=(8e-3, 1.6e-2))),
        ),
    ),
    Study(
        "adversarial_patience_clothes",
        "On clothes, does the game overtake unrelated images with four times the steps?",
        tuple(
            {"data": "fashion", "source": source, "epochs": 4 * EPOCHS, **rates} for source, rates in PATIENT.items()
        ),
        learn,
    ),
)
