"""The first steps of the preset "paper", for real: CIFAR-100, the published pairs, the published recipe.

A CPU needs days for all 240 epochs; this shows that the code path runs on the real data and that the objective falls.
`kdtutor distil METHOD --preset paper` runs the whole of it on a GPU. FSP is not among the cases: after so few steps a
deep teacher's maps, not yet held small by weight decay, give FSP matrices a hundred times the student's, and the flow
diverges. It needs a teacher that is trained.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from statistics import fmean

from ... import nets
from ...papers import method
from ...train import PAIRS, Alone, Progress, preset, seed_everything, steps
from .runner import Case, Study

TEACHER_STEPS = 40  # better than chance is enough here; a teacher worth the name takes 240 epochs
# Its rate falls to 0: in full swing its running statistics lag behind its weights, and its maps in eval mode explode.
SETTLING = "one-cycle"
STEPS = 30
WINDOW = 10  # steps that are averaged in a row


def first_steps(case: Case, seed: int) -> list[dict[str, float]]:
    """Train the pair's teacher for a moment, then take the method's first steps; one row for each window of steps."""
    paper = preset("paper", pair=case["pair"])
    data = paper.data()
    seed_everything(seed)
    teacher = nets.build(paper.teacher_name.removeprefix("cifar100-"), **paper.net_options)
    settling = replace(paper.recipe, schedule=SETTLING, steps_per_epoch=TEACHER_STEPS + 1)
    list(islice(steps(Alone(teacher), data, 1, recipe=settling, seed=seed), TEACHER_STEPS))  # stops before evaluating
    student = paper.student()
    distiller = method(case["method"])(student, teacher, **paper.options_for(case["method"]))
    epochs = paper.epochs_for(case["method"])
    taken = list(islice(steps(distiller, data, epochs, recipe=paper.recipe, seed=seed), STEPS))
    return list(_windows(taken))


def _windows(taken: list[Progress]) -> Iterator[dict[str, float]]:
    for start in range(0, len(taken), WINDOW):
        window = taken[start : start + WINDOW]
        yield {"step": window[-1].step, **{term: fmean(at.terms[term] for at in window) for term in window[0].terms}}


STUDIES = (
    Study(
        "paper_first_steps",
        "Do the first steps of the preset 'paper' run on CIFAR-100, and does the objective fall?",
        tuple({"pair": pair, "method": name} for pair in PAIRS for name in ("hinton",)),
        first_steps,
        seeds=(0,),
    ),
)
