"""The experiments of the lesson on spot-adaptive distillation: strategies, damaged images, families, teachers that
learn, and the temperature of the decisions.

The teacher has seen every clean training digit and knows nearly all of them by heart, so that a policy has nothing to
decide there. Hence most runs use training digits of which four tenths are damaged on purpose (`plant`); validation and
test digits stay as they are. Every run: the same first weights, batches and random shifts for each seed, and 120 steps
of 64 images. Host weights and learning rates were chosen for the strategy "always" on validation digits (study
spot_tuning) with seeds that are not reported; the student alone has its own rate.
"""

import time
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ... import nets
from ...data import Data, Split
from ...nets import Net
from ...papers.attention import Attention
from ...papers.fitnets import Hint
from ...papers.relational import Relational
from ...papers.spot_adaptive import STRATEGIES, SpotAdaptive
from ...train import Distiller, History, Progress, Recipe, evaluate, evaluating, seed_everything
from . import common
from .common import MINUTE, TUNING_SEEDS, last, minute_for, student, train
from .runner import Case, Study
from .sets import Trial, grid, on_clothes

EPOCHS, STEPS = 8, 15  # 120 steps of 64 images
KINDS = ("clean", "noise", "half", "mixed", "label")
SHARE = 0.1  # of the training images, for each of the four kinds of damage
NOISE = 0.7  # how much of a noisy pixel is noise
WATCHED = 60  # images of each kind of damage whose probabilities are noted after each epoch; three times as many clean
SAME, CROSS = "resnet8x0.5", "vgg8x0.25"
HOSTS = ("attention", "hint", "relational")

# Host weights that were tried, and what `spot_tuning` chose.
TUNED = {"attention": (50.0, 150.0, 450.0), "hint": (30.0, 100.0, 300.0), "relational": (3.0, 10.0, 30.0, 100.0)}
BETA = {"attention": 150.0, "hint": 100.0, "relational": 30.0}
LR = {"always": 0.2, "never": 0.4}
BETAS, TAUS = (50.0, 150.0, 1000.0), (1.0, 5.0, 25.0)  # of the heat map; 1000 and 5 are the authors'
TEACHERS = ("frozen", "learns on", "from scratch")


def plant(data: Data, seed: int = 0, share: float = SHARE) -> tuple[Data, Int[Tensor, " N"]]:
    """`data` with damaged training images, a `share` for each kind, and the kind of every image (index in `KINDS`).

    noise: NOISE parts of it and the rest digit. half: one half black. mixed: another digit laid over. label: the image
    is whole, its label is a wrong one.
    """
    generator = torch.Generator().manual_seed(seed)
    old, N = data.train, len(data.train)
    rows = torch.randperm(N, generator=generator)[: 4 * round(share * N)]
    noise, half, mixed, label = rows.chunk(4)
    images, labels, kinds = old.images.clone(), old.labels.clone(), torch.zeros(N, dtype=torch.long)
    for number, damaged in enumerate((noise, half, mixed, label), start=1):
        kinds[damaged] = number
    grain = 255 * torch.rand(images[noise].shape, generator=generator)
    images[noise] = ((1 - NOISE) * images[noise].float() + NOISE * grain).to(torch.uint8)
    sides = torch.randint(4, (len(half),), generator=generator)
    images[half] *= halves(images.shape[-1])[sides].to(torch.uint8)
    others = torch.randint(N, (len(mixed),), generator=generator)
    images[mixed] = torch.maximum(images[mixed], old.images[others])
    wrong = torch.randint(1, data.num_classes, (len(label),), generator=generator)
    labels[label] = (labels[label] + wrong) % data.num_classes
    return replace(data, train=Split(images, labels)), kinds


def halves(size: int) -> Int[Tensor, "4 1 size size"]:
    """Four masks: 0 in the upper, lower, left or right half."""
    upper = (torch.arange(size) >= size // 2).long()
    rows = torch.stack([upper, 1 - upper])[:, :, None].expand(2, size, size)
    return torch.cat([rows, rows.transpose(1, 2)])[:, None]


def watched(kinds: Int[Tensor, " N"]) -> Int[Tensor, " n"]:
    """The rows that are watched, of each kind evenly spaced: the training images are sorted by class."""
    return torch.cat([spaced(kinds == k, WATCHED if k else 3 * WATCHED) for k in range(len(KINDS))])


def spaced(mask: Bool[Tensor, " N"], count: int) -> Int[Tensor, " count"]:
    """`count` of the rows where `mask` holds, evenly spaced."""
    rows = mask.nonzero().flatten()
    return rows[torch.arange(count) * len(rows) // count]


def probabilities(distiller: SpotAdaptive, images: Tensor) -> Float[Tensor, "N spots"]:
    """The policy's probability of "distil" for each image and spot, both nets in eval mode."""
    assert distiller.teacher is not None
    with evaluating(distiller.student), evaluating(distiller.teacher):
        s, t = distiller.student.trace(images), distiller.teacher.trace(images)
        return F.softmax(distiller.policy_logits(s, t), 2)[..., 0]


def recipe(lr: float) -> Recipe:
    return common.recipe(lr, STEPS)


def host(name: str, net: Net, teacher: Net, beta: float) -> Distiller:
    """The method whose spots are chosen; `relational` weighs angles twice as much as distances, as its paper."""
    if name == "relational":
        return Relational(net, teacher, distance=beta, angle=2 * beta)
    return Attention(net, teacher, beta=beta) if name == "attention" else Hint(net, teacher, beta=beta)


def prepare(case: Case, seed: int) -> SpotAdaptive:
    """Who is taught by whom, and how."""
    net = student(seed, str(case.get("student", SAME)))
    kind, name = case.get("teacher", "frozen"), str(case.get("host", "attention"))
    teacher = fresh_teacher(seed) if kind == "from scratch" else minute_for(case).teacher()
    inner = host(name, net, teacher, float(case.get("beta", BETA[name])))
    options: dict[str, Any] = {key: case[key] for key in ("tau", "head_start") if key in case}
    seed_everything(seed)  # the first weights of policy and adapters do not depend on what was drawn before
    return SpotAdaptive(inner, case.get("strategy", "always"), learning_teacher=kind != "frozen", **options)


def fresh_teacher(seed: int) -> Net:
    """The teacher's net before it has learnt anything."""
    seed_everything(seed + 1000)
    return nets.build("resnet14", **MINUTE.net_options)


def rate(case: Case) -> float:
    """The learning rate of a case: one where there is a teacher, one for the student alone."""
    return float(case.get("lr", LR["never" if case.get("strategy") == "never" else "always"]))


def learn(case: Case, seed: int) -> list[dict[str, float]]:
    """One student: a row after each epoch where there is a policy to watch, else one after the last."""
    data, kinds = plant(minute_for(case).data(), seed)
    distiller = prepare(case, seed)
    notes: list[dict[str, float]] = []

    def note(at: Progress) -> None:
        if distiller.strategy == "adaptive":
            notes.append(by_kind(distiller, data, kinds))

    before = time.process_time()
    epochs = case.get("epochs", EPOCHS)
    history = train(distiller, data, epochs, recipe(rate(case)), seed, note)
    cpu = round(time.process_time() - before, 2)
    rows: list[dict[str, float]]
    rows = [{"epoch": e + 1, **decided(history, e), **seen} for e, seen in enumerate(notes)] or [{"epoch": epochs}]
    rows[-1] |= {**last(history), "cpu": cpu}
    if distiller.learning_teacher and distiller.teacher is not None:
        rows[-1]["teacher_test"] = evaluate(distiller.teacher, data.test, data).accuracy
    return rows


def by_kind(distiller: SpotAdaptive, data: Data, kinds: Int[Tensor, " N"]) -> dict[str, float]:
    """The mean probability at each spot, for each kind of image: {"noise, stage1": 0.5, …}."""
    rows = watched(kinds)
    p, kind = probabilities(distiller, data.normalise(data.train.images[rows])), kinds[rows]
    return {
        f"{name}, {place.name}": round(p[kind == k, i].mean().item(), 4)
        for k, name in enumerate(KINDS)
        for i, place in enumerate(distiller.places)
    }


def decided(history: History, epoch: int) -> dict[str, float]:
    """The rates and probabilities of an epoch, over the batches of the training."""
    terms = [term for term in history.terms if term.startswith(("rate_", "probability_"))]
    return {term: round(history.curve(term)[1][epoch], 4) for term in terms}


STUDIES = (
    Study(
        "spot_tuning",
        "Which host weights and learning rates are best on validation digits where every sample is distilled?",
        (
            *({"strategy": "never", "lr": lr} for lr in (0.2, 0.4, 0.8)),
            *({"beta": BETA["attention"], "lr": lr} for lr in (0.1, 0.4)),
            *({"host": name, "beta": beta, "lr": LR["always"]} for name, betas in TUNED.items() for beta in betas),
        ),
        learn,
        seeds=TUNING_SEEDS,
    ),
    Study(
        "spot_strategies",
        "Does it matter which samples are distilled where, and does the policy choose well?",
        (
            {"strategy": "never"},
            *({"host": name, "strategy": strategy} for name in HOSTS for strategy in STRATEGIES if strategy != "never"),
        ),
        learn,
    ),
    Study(
        "spot_families",
        "How does the policy decide where the nets are of two families?",
        tuple({"student": CROSS, "strategy": strategy} for strategy in ("always", "adaptive")),
        learn,
    ),
    Study(
        "spot_cool",
        "What does the policy turn away when the temperature of its decisions is 1 instead of 5?",
        ({"strategy": "adaptive", "tau": 1.0},),
        learn,
    ),
    Study(
        "spot_teachers",
        "What does a teacher give that learns in the same steps, and what does it cost?",
        tuple({"teacher": kind, "strategy": "adaptive"} for kind in TEACHERS[1:]),
        learn,
    ),
    Study(
        "spot_temperature",
        "How much do the host weight and the temperature of the decisions matter?",
        (
            *({"beta": beta, "strategy": "always"} for beta in BETAS),
            *({"beta": beta, "strategy": "adaptive", "tau": tau} for beta in BETAS for tau in TAUS),
        ),
        learn,
    ),
)

PLANNED = (
    *on_clothes(
        "spot",
        "Does it matter on clothes which samples are distilled where, and does the policy choose well?",
        learn,
        (
            Trial(({"strategy": "never"},), grid(lr=(0.2, 0.4, 0.8))),
            Trial(
                tuple({"strategy": strategy} for strategy in ("always", "adaptive", "random", "anti")),
                (*grid(lr=(0.2,), beta=(50.0, 150.0, 450.0)), {"lr": 0.1, "beta": 150.0}),
            ),
        ),
    ),
)
