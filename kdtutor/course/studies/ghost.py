"""The experiments of the lesson on ghost modules: ghosts against an ordinary and a thin net, each alone and taught, the
kernel of the cheap filters, and the time that a layer and a net take.

All nets are ResNet-8 with shortcuts without parameters and half the usual widths, but for the thin ones: these have
ordinary convolutions and as many parameters as the net with ghosts. Every run takes 200 steps of 64 shifted images.
Learning rates were chosen on validation digits (study ghost_tuning) with seeds that are not reported.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from ...nets import Net
from ...nets.ghost import GhostModule
from ...papers.ghost import fastest
from ...papers.hinton import Hinton
from ...train import Alone, Recipe, seed_everything
from . import common
from .common import TUNING_SEEDS, last, minute_for, train
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

EPOCHS, STEPS = 8, 25
T, ALPHA = 4.0, 0.9  # Hinton's, as in lesson 1
NETS = {
    "plain": "ghost_resnet8x0.5_s1",
    "ghost, s = 2": "ghost_resnet8x0.5_s2",
    "thin, as s = 2": "ghost_resnet8x0.36_s1",
    "ghost, s = 4": "ghost_resnet8x0.5_s4",
    "thin, as s = 4": "ghost_resnet8x0.28_s1",
}
KERNELS = {"ghost, d = 1": "ghost_resnet8x0.5_s2_d1", "ghost, d = 5": "ghost_resnet8x0.5_s2_d5"}
RATES = (0.1, 0.3, 0.9)
# Where the best rate lay at the edge, or was as good as its neighbour.
FINER = (
    ("plain", True, 0.5),
    ("thin, as s = 4", False, 0.5),
    ("thin, as s = 4", True, 0.03),
    ("thin, as s = 4", True, 0.17),
    ("ghost, s = 4", True, 0.17),
)
# What `ghost_tuning` chose. The other kernels take the rate of d = 3.
LR = {
    **{(net, taught): 0.3 for net in NETS for taught in (False, True)},
    ("thin, as s = 4", False): 0.5,
    ("thin, as s = 4", True): 0.1,
}

WIDTHS = (16, 32, 64, 128)
SIZE, BATCH = 14, 16  # of the maps whose layers are timed
REPEATS = 31  # of which the fastest counts


def student(net: str, seed: int) -> Net:
    """A new student; equal seeds and nets, equal first weights."""
    return common.student(seed, {**NETS, **KERNELS}[net])


def recipe(lr: float) -> Recipe:
    return common.recipe(lr, STEPS)


def rate(net: str, taught: bool) -> float:
    """The learning rate of a net, alone or taught."""
    return LR["ghost, s = 2" if net in KERNELS else net, taught]


def learn(case: Case, seed: int) -> dict[str, float]:
    """One student on all training images: accuracy after the last epoch."""
    net, taught = str(case["net"]), bool(case["taught"])
    new = student(net, seed)
    distiller = Hinton(new, minute_for(case).teacher(), T=T, alpha=ALPHA) if taught else Alone(new)
    lr = case.get("lr", rate(net, taught))
    return last(train(distiller, minute_for(case).data(), EPOCHS, recipe(lr), seed))


def clock(case: Case, seed: int) -> list[dict[str, Any]]:
    """Milliseconds for a batch: of layers in evaluation, or of nets, forward and with the way back. A row for each."""
    seed_everything(seed)
    return _clock_layers(WIDTHS) if case["of"] == "layers" else _clock_nets(seed)


def _clock_layers(widths: Sequence[int]) -> list[dict[str, Any]]:
    """Layers of `width` maps that read as many: ordinary, and the two parts of a ghost module with s = 2, d = 3."""
    rows = []
    for width in widths:
        x = torch.randn(BATCH, width, SIZE, SIZE)
        ghost = GhostModule(width, width, kernel=3).eval()
        plain = GhostModule(width, width, kernel=3, ratio=1).eval()
        primary, cheap = ghost.primary_conv, ghost.cheap_operation
        assert cheap is not None
        with torch.no_grad():
            half = primary(x)
            times = fastest([partial(plain, x), partial(primary, x), partial(cheap, half), partial(ghost, x)], REPEATS)
        rows.append({"width": width, **dict(zip(("ordinary", "primary", "cheap", "ghost"), times, strict=True))})
    return rows


def _clock_nets(seed: int) -> list[dict[str, Any]]:
    x = torch.randn(64, 1, 28, 28)

    def step(new: Net) -> None:
        new(x).logsumexp(1).sum().backward()

    steps = fastest([partial(step, student(net, seed)) for net in NETS], REPEATS)
    with torch.no_grad():
        forwards = fastest([partial(student(net, seed).eval(), x) for net in NETS], REPEATS)
    return [{"net": net, "forward": a, "step": b} for net, a, b in zip(NETS, forwards, steps, strict=True)]


STUDIES = (
    Study(
        "ghost_tuning",
        "Which learning rates are best on validation digits for each net, alone and taught?",
        (
            *({"net": net, "taught": taught, "lr": lr} for net in NETS for taught in (False, True) for lr in RATES),
            *({"net": net, "taught": taught, "lr": lr} for net, taught, lr in FINER),
        ),
        learn,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "ghost_accuracy",
        "Are ghosts better than an ordinary net of the same cost, alone and taught?",
        tuple({"net": net, "taught": taught} for net in NETS for taught in (False, True)),
        learn,
    ),
    Study(
        "ghost_kernels",
        "Does the kernel of the cheap filters matter?",
        tuple({"net": net, "taught": False} for net in KERNELS),
        learn,
    ),
    Study(
        "ghost_timing",
        "How long do a layer and a net with ghosts take, on one thread?",
        ({"of": "layers"}, {"of": "nets"}),
        clock,
    ),
    *on_clothes(
        "ghost",
        "Are ghosts better than an ordinary net of the same cost on clothes?",
        learn,
        tuple(
            Trial(({"net": net, "taught": taught},), grid(lr=(0.1, 0.3, 0.5)))
            for net in ("plain", "ghost, s = 2", "thin, as s = 2")
            for taught in (False, True)
        ),
    ),
)
