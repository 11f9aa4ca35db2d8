"""The first steps of the preset "paper", for real: CIFAR-100, the published pairs, the published recipe.

A CPU needs days for all 240 epochs; this shows that the code path runs on the real data and that the objective falls.
`kdtutor distil METHOD --preset paper` runs the whole of it on a GPU; beside each method stands what the distillation
zoo has published for it (`settings.zoo`). FSP is not among the methods: after so few steps a deep teacher's maps, not
yet held small by weight decay, give FSP matrices a hundred times the student's, and the flow diverges. It needs a
teacher that is trained; so does the first phase of factor transfer, which rebuilds those maps and is recorded as
diverged.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from statistics import fmean
from typing import Any

from ... import nets
from ...data import Data
from ...errors import DivergedError
from ...nets import Net
from ...papers import METHODS, method
from ...papers.spot_adaptive import SpotAdaptive
from ...settings import Preset, preset, zoo
from ...train import Alone, Distiller, Progress, seed_everything, steps
from .runner import Case, Study

TEACHER_STEPS = 40  # better than chance is enough here; a teacher worth the name takes 240 epochs
# Its rate falls to 0: in full swing its running statistics lag behind its weights, and its maps in eval mode explode.
SETTLING = "one-cycle"
STEPS = 15  # of each phase
WINDOW = 5  # steps that are averaged in a row
_IN_THE_ZOO = {name for name in METHODS if zoo.published("resnet56-resnet20", name) is not None}
TAKEN = sorted({*_IN_THE_ZOO, "fitnets", "overhaul", "matching"} - {"fsp"})  # see above
HOST = "attention"  # of spot-adaptive distillation
SPOT_PAIRS = (
    "resnet56-resnet20", "wrn_40_2-wrn_16_2", "vgg13-vgg8", "vgg13-mobilenetv2", "wrn_40_2-shufflenetv1",
)  # fmt: skip
FEWER = {"matching": {"images": 128}}  # of the preset's 20,000 to match channels on


def first_steps(case: Case, seed: int) -> list[dict[str, Any]]:
    """Train the pair's teacher for a moment, then take the first steps of each phase of each method.

    One row for each window of steps, and one that says so where a loss is no number any more. A second phase starts
    here from fresh weights. One that only learns the task is left out: nothing of the method is in it.
    """
    paper = preset("paper", pair=case["pair"])
    data = paper.data()
    teacher = _begun(paper, data, seed)
    rows = []
    for name in TAKEN:
        options = {**paper.options_for(name), **FEWER.get(name, {})}
        starts = [options]
        if name in paper.extra_epochs:
            starts.append({**options, **dict.fromkeys(paper.extra_epochs[name], 0)})  # at its second phase
        for start in starts:
            published = {"method": name, "published": zoo.published(case["pair"], name)}
            seed_everything(seed)
            distiller = method(name)(paper.student(), teacher, **start)
            rows += [{**published, **row} for row in _steps_of(distiller, paper, paper.epochs_for(name), data, seed)]
    return rows


def first_spots(case: Case, seed: int) -> list[dict[str, Any]]:
    """The same for spot-adaptive distillation around one host, with its authors' weights."""
    paper = preset("paper", pair=case["pair"])
    data = paper.data()
    teacher = _begun(paper, data, seed)
    seed_everything(seed)
    inner = method(HOST)(paper.student(), teacher, **paper.host_for(HOST))
    distiller = SpotAdaptive(inner, **paper.spots_for(HOST))
    return [{"method": HOST, **row} for row in _steps_of(distiller, paper, paper.epochs, data, seed)]


def _begun(paper: Preset, data: Data, seed: int) -> Net:
    """The pair's teacher, trained for a moment."""
    seed_everything(seed)
    teacher = nets.build(paper.teacher_name.removeprefix("cifar100-"), **paper.net_options)
    settling = replace(paper.recipe, schedule=SETTLING, steps_per_epoch=TEACHER_STEPS + 1)
    list(islice(steps(Alone(teacher), data, 1, recipe=settling, seed=seed), TEACHER_STEPS))  # stops before evaluating
    return teacher


def _steps_of(distiller: Distiller, paper: Preset, epochs: int, data: Data, seed: int) -> Iterator[dict[str, Any]]:
    if distiller.phases(epochs)[0].needs_teacher:
        taken: list[Progress] = []
        try:
            for at in islice(steps(distiller, data, epochs, recipe=paper.recipe, seed=seed), STEPS):
                taken.append(at)  # noqa: PERF402 (what was taken before a divergence counts)
        except DivergedError:
            pass
        yield from _windows(taken)
        if len(taken) < STEPS:
            yield {"step": len(taken) + 1, "diverged": True}


def _windows(taken: list[Progress]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(taken), WINDOW):
        window = taken[start : start + WINDOW]
        means = {term: fmean(at.terms[term] for at in window) for term in window[0].terms}
        yield {"phase": window[-1].phase, "step": window[-1].step, **means}


STUDIES = (
    Study(
        "paper_first_steps",
        "Do the first steps of the preset 'paper' run on CIFAR-100, and does the objective fall?",
        ({"pair": "resnet56-resnet20"},),
        first_steps,
        seeds=(0,),
    ),
    Study(
        "paper_first_spots",
        "Does spot-adaptive distillation take its first steps on CIFAR-100, for nets of one family and of two?",
        tuple({"pair": pair} for pair in SPOT_PAIRS),
        first_spots,
        seeds=(0,),
    ),
)
